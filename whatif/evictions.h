/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who went, and when: what a policy tells whoever else has to know.
 */
#ifndef EVICTIONS_H
#define EVICTIONS_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct eviction - a page has gone
 * @run: before this run
 * @page: which
 */
struct eviction {
	uint64_t run;
	uint32_t page;
};

/**
 * struct evictions - in the order in which they happened
 * @run: before which those come that are told next
 * @all: since they were last emptied
 * @count: how many
 * @room: for how many
 * @failed: memory was missing, and some are not in it
 */
struct evictions {
	uint64_t run;
	struct eviction *all;
	uint64_t count;
	uint64_t room;
	bool failed;
};

/**
 * evictions_grow() - have room for one more
 * @evictions: they; @evictions->failed if there is none
 */
void evictions_grow(struct evictions *evictions);

/* Evictions that follow come before this run; nobody may want to know. */
static inline void evictions_before(struct evictions *evictions, uint64_t run)
{
	if (evictions)
		evictions->run = run;
}

/* A page has gone. */
static inline void evictions_add(struct evictions *evictions, uint32_t page)
{
	if (!evictions)
		return;
	if (evictions->count == evictions->room)
		evictions_grow(evictions);
	if (!evictions->failed)
		evictions->all[evictions->count++] = (struct eviction){ evictions->run, page };
}

#endif /* EVICTIONS_H */
