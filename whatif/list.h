/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lists of page numbers, linked in both directions in one array.  A list's head is an entry
 * of that array behind those of the pages.  A page is in one list of an array at most.
 */
#ifndef LIST_H
#define LIST_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct links - a page's neighbours, or of a head its last and first
 * @before: towards the first
 * @behind: towards the last
 */
struct links {
	uint32_t before;
	uint32_t behind;
};

static inline void list_init(struct links *links, uint32_t head)
{
	links[head] = (struct links){ head, head };
}

static inline bool list_is_empty(const struct links *links, uint32_t head)
{
	return links[head].behind == head;
}

static inline uint32_t list_first(const struct links *links, uint32_t head)
{
	return links[head].behind;
}

static inline uint32_t list_last(const struct links *links, uint32_t head)
{
	return links[head].before;
}

/* Puts it before another, or at the end of that head's list. */
static inline void list_add_before(struct links *links, uint32_t other, uint32_t page)
{
	uint32_t before = links[other].before;

	links[page] = (struct links){ before, other };
	links[before].behind = page;
	links[other].before = page;
}

static inline void list_add_last(struct links *links, uint32_t head, uint32_t page)
{
	list_add_before(links, head, page);
}

static inline void list_add_first(struct links *links, uint32_t head, uint32_t page)
{
	list_add_before(links, links[head].behind, page);
}

static inline void list_remove(struct links *links, uint32_t page)
{
	struct links gone = links[page];

	links[gone.before].behind = gone.behind;
	links[gone.behind].before = gone.before;
}

static inline uint32_t list_take_last(struct links *links, uint32_t head)
{
	uint32_t page = list_last(links, head);

	list_remove(links, page);
	return page;
}

static inline uint32_t list_take_first(struct links *links, uint32_t head)
{
	uint32_t page = list_first(links, head);

	list_remove(links, page);
	return page;
}

#endif /* LIST_H */
