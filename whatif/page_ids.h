/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Numbers for pages, in the order in which they are first seen.
 *
 * init -> of ... -> free
 */
#ifndef PAGE_IDS_H
#define PAGE_IDS_H

#include <stdbool.h>
#include <stdint.h>

#include "trace.h"

/* No page's number: there are fewer. */
#define PAGE_NONE	UINT32_MAX

/**
 * struct page_ids - pages and their numbers
 * @pages: by number
 * @count: how many there are
 *
 * And for page_ids.c alone:
 * @room: of @pages
 * @slots: of numbers + 1, a hash table; twice as many as @room
 */
struct page_ids {
	struct page *pages;
	uint64_t count;
	uint64_t room;
	uint32_t *slots;
};

/**
 * page_ids_init() - no page yet
 * @ids: filled in
 *
 * Return: true, or false without memory.
 */
bool page_ids_init(struct page_ids *ids);

/**
 * page_ids_of() - the number of a page
 * @ids: the pages
 * @page: which
 *
 * Return: its number, a new one if need be; PAGE_NONE without memory or numbers.
 */
uint32_t page_ids_of(struct page_ids *ids, struct page page);

/**
 * page_ids_find() - the number of a page that may not have one
 * @ids: the pages; nobody adds any meanwhile
 * @page: which
 *
 * Return: its number, or PAGE_NONE.
 */
uint32_t page_ids_find(const struct page_ids *ids, struct page page);

/**
 * page_ids_free() - forget them
 * @ids: the pages
 */
void page_ids_free(struct page_ids *ids);

#endif /* PAGE_IDS_H */
