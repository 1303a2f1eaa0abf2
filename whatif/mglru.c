// SPDX-License-Identifier: GPL-2.0
/*
 * Like Linux's multi-generational LRU: a new page is of the youngest generation.  When there
 * are fewer than three, a new one begins, and every page whose accessed bit is set moves into
 * it, as the kernel's walk of page tables does.  The first page of the oldest goes, unless its
 * bit is set: then it moves into the youngest.  If asked to it goes on so with a batch of pages,
 * as the kernel does with BITS_PER_LONG of them, in expectation of the next that come.  The
 * kernel's tiers, for files, and its balance between files and anonymous memory are left out; its
 * walk is in the order of addresses, and here in that of the generations.
 */
#include <stdlib.h>

#include "list.h"
#include "policy.h"

enum {
	GENERATIONS	= 4,
	/* Of a page's state. */
	RESIDENT	= 1,
	ACCESSED	= 2,
};

/**
 * struct mglru - the generations
 * @runs: of the trace
 * @evictions: to be told
 * @head: of the list of generation 0; that of a later one is found modulo GENERATIONS
 * @oldest: generation
 * @youngest: generation
 * @free: frames without a page
 * @batch: pages that are looked at when one has to go
 * @links: of the lists; whoever came first is first
 * @state: of each page
 */
struct mglru {
	const struct run *runs;
	struct evictions *evictions;
	uint32_t head;
	uint64_t oldest;
	uint64_t youngest;
	uint32_t free;
	uint32_t batch;
	struct links *links;
	uint8_t *state;
};

static void *create(const struct trace *trace, const struct policy_options *options)
{
	uint64_t pages = trace->header.pages;
	struct mglru *mglru;

	mglru = calloc(1, sizeof(*mglru) + (pages + GENERATIONS) * sizeof(*mglru->links) + pages);
	if (!mglru)
		return NULL;
	mglru->runs = trace->runs;
	mglru->evictions = options->evictions;
	mglru->head = (uint32_t)pages;
	mglru->youngest = 2;
	mglru->free = options->frames;
	/* There are no more to look at. */
	mglru->batch = options->batch < options->frames ? options->batch : options->frames;
	mglru->links = (struct links *)(mglru + 1);
	mglru->state = (uint8_t *)(mglru->links + pages + GENERATIONS);
	for (uint32_t i = 0; i < GENERATIONS; i++)
		list_init(mglru->links, mglru->head + i);
	return mglru;
}

static uint32_t list_of(const struct mglru *mglru, uint64_t generation)
{
	return mglru->head + (uint32_t)(generation % GENERATIONS);
}

static void rejuvenate(struct mglru *mglru, uint32_t page)
{
	list_remove(mglru->links, page);
	list_add_last(mglru->links, list_of(mglru, mglru->youngest), page);
	mglru->state[page] = RESIDENT;
}

/* Begins a generation. */
static void age(struct mglru *mglru)
{
	uint32_t list, page, behind;

	mglru->youngest++;
	for (uint64_t i = mglru->oldest; i < mglru->youngest; i++) {
		list = list_of(mglru, i);
		for (page = list_first(mglru->links, list); page != list; page = behind) {
			behind = mglru->links[page].behind;
			if (mglru->state[page] & ACCESSED)
				rejuvenate(mglru, page);
		}
	}
}

/* At least one page goes. */
static void evict(struct mglru *mglru)
{
	uint32_t list, page, seen = 0, gone = 0;

	while (!gone || seen < mglru->batch) {
		list = list_of(mglru, mglru->oldest);
		if (list_is_empty(mglru->links, list)) {
			mglru->oldest++;
			if (mglru->youngest - mglru->oldest < 2)
				age(mglru);
			continue;
		}
		page = list_first(mglru->links, list);
		seen++;
		if (mglru->state[page] & ACCESSED) {
			rejuvenate(mglru, page);
			continue;
		}
		list_remove(mglru->links, page);
		mglru->state[page] = 0;
		evictions_add(mglru->evictions, page);
		gone++;
	}
	mglru->free += gone;
}

static uint64_t replay(void *memory, uint64_t from, uint64_t to)
{
	struct mglru *mglru = memory;
	uint64_t faults = 0;
	uint32_t page;

	for (uint64_t i = from; i < to; i++) {
		page = mglru->runs[i].page;
		if (!mglru->state[page]) {
			faults++;
			evictions_before(mglru->evictions, i);
			if (!mglru->free)
				evict(mglru);
			mglru->free--;
			list_add_last(mglru->links, list_of(mglru, mglru->youngest), page);
		}
		mglru->state[page] = RESIDENT | ACCESSED;
	}
	return faults;
}

static void forget(void *memory, const uint32_t *pages, uint64_t count)
{
	struct mglru *mglru = memory;

	for (uint64_t i = 0; i < count; i++) {
		if (!mglru->state[pages[i]])
			continue;
		list_remove(mglru->links, pages[i]);
		mglru->state[pages[i]] = 0;
		mglru->free++;
	}
}

const struct policy policy_mglru = {
	.name = "mglru",
	.about = "like Linux's multi-generational LRU",
	.create = create,
	.replay = replay,
	.forget = forget,
};
