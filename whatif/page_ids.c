// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>

#include "page_ids.h"

enum { ROOM_AT_FIRST = 1024 };

static uint64_t hash(struct page page)
{
	uint64_t mixed = page.number * 0x9e3779b97f4a7c15 ^ page.pid * 0xc2b2ae3d27d4eb4f;

	mixed = (mixed ^ mixed >> 32) * 0xd6e8feb86659fd93;
	return mixed ^ mixed >> 32;
}

/* The slot where a page is, or would be. */
static uint32_t *slot_of(const struct page_ids *ids, struct page page)
{
	uint64_t mask = 2 * ids->room - 1, at = hash(page) & mask;
	const struct page *there;

	for (; ids->slots[at]; at = (at + 1) & mask) {
		there = &ids->pages[ids->slots[at] - 1];
		if (there->number == page.number && there->pid == page.pid)
			break;
	}
	return &ids->slots[at];
}

static bool grow(struct page_ids *ids, uint64_t room)
{
	struct page *pages = realloc(ids->pages, room * sizeof(*pages));
	uint32_t *slots;

	if (!pages)
		return false;
	ids->pages = pages;
	slots = calloc(2 * room, sizeof(*slots));
	if (!slots)
		return false;
	free(ids->slots);
	ids->slots = slots;
	ids->room = room;
	for (uint64_t i = 0; i < ids->count; i++)
		*slot_of(ids, pages[i]) = (uint32_t)i + 1;
	return true;
}

bool page_ids_init(struct page_ids *ids)
{
	*ids = (struct page_ids){ 0 };
	return grow(ids, ROOM_AT_FIRST);
}

uint32_t page_ids_of(struct page_ids *ids, struct page page)
{
	uint32_t *slot = slot_of(ids, page);

	if (*slot)
		return *slot - 1;
	if (ids->count == TRACE_PAGES_MAX) {
		errno = EFBIG;
		return PAGE_NONE;
	}
	if (ids->count == ids->room) {
		if (!grow(ids, 2 * ids->room))
			return PAGE_NONE;
		slot = slot_of(ids, page);
	}
	ids->pages[ids->count] = page;
	*slot = (uint32_t)++ids->count;
	return *slot - 1;
}

uint32_t page_ids_find(const struct page_ids *ids, struct page page)
{
	/* The slot of none has 0. */
	return *slot_of(ids, page) - 1;
}

void page_ids_free(struct page_ids *ids)
{
	free(ids->pages);
	free(ids->slots);
}
