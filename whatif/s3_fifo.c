// SPDX-License-Identifier: GPL-2.0
/*
 * S3-FIFO, by Yang and others: new pages go through a small FIFO of a tenth of the frames, and
 * on into the main one if they were used more than once meanwhile; who has gone and comes
 * back goes into the main one at once.  As many are remembered as that holds.
 */
#include <stdlib.h>

#include "list.h"
#include "policy.h"

enum {
	NOWHERE,
	SMALL,
	MAIN,
	GHOST,
	LISTS,
	LIST		= 3,
	/* In a page's state, its uses are counted above its list, up to three. */
	USE		= 4,
	USES_MOST	= 3,
};

/**
 * struct s3_fifo - the lists, newest first
 * @runs: of the trace
 * @evictions: to be told
 * @head: of list 0
 * @frames: how many
 * @small_most: of them, those of SMALL
 * @main_most: and of MAIN; pages that are remembered
 * @length: of each list
 * @links: of the lists
 * @state: each page's list and uses
 */
struct s3_fifo {
	const struct run *runs;
	struct evictions *evictions;
	uint32_t head;
	uint32_t frames;
	uint32_t small_most;
	uint32_t main_most;
	uint32_t length[LISTS];
	struct links *links;
	uint8_t *state;
};

static void *create(const struct trace *trace, const struct policy_options *options)
{
	uint64_t pages = trace->header.pages;
	struct s3_fifo *fifo;

	fifo = calloc(1, sizeof(*fifo) + (pages + LISTS) * sizeof(*fifo->links) + pages);
	if (!fifo)
		return NULL;
	fifo->runs = trace->runs;
	fifo->evictions = options->evictions;
	fifo->head = (uint32_t)pages;
	fifo->frames = options->frames;
	fifo->small_most = options->frames / 10 ?: 1;
	fifo->main_most = options->frames - fifo->small_most;
	fifo->links = (struct links *)(fifo + 1);
	fifo->state = (uint8_t *)(fifo->links + pages + LISTS);
	for (uint32_t list = SMALL; list < LISTS; list++)
		list_init(fifo->links, fifo->head + list);
	return fifo;
}

static void add(struct s3_fifo *fifo, uint8_t list, uint32_t page, uint32_t uses)
{
	list_add_first(fifo->links, fifo->head + list, page);
	fifo->state[page] = (uint8_t)(list + uses * USE);
	fifo->length[list]++;
}

static void take(struct s3_fifo *fifo, uint32_t page)
{
	list_remove(fifo->links, page);
	fifo->length[fifo->state[page] & LIST]--;
	fifo->state[page] = NOWHERE;
}

static void evict_main(struct s3_fifo *fifo)
{
	uint32_t page, uses;

	do {
		page = list_last(fifo->links, fifo->head + MAIN);
		uses = fifo->state[page] / USE;
		take(fifo, page);
		if (uses)
			add(fifo, MAIN, page, uses - 1);
	} while (uses);
	evictions_add(fifo->evictions, page);
}

/* Until one has gone for good, or all have moved on. */
static void evict_small(struct s3_fifo *fifo)
{
	uint32_t page, uses;

	while (fifo->length[SMALL]) {
		page = list_last(fifo->links, fifo->head + SMALL);
		uses = fifo->state[page] / USE;
		take(fifo, page);
		if (uses > 1) {
			add(fifo, MAIN, page, uses);
			if (fifo->length[MAIN] > fifo->main_most)
				evict_main(fifo);
			continue;
		}
		evictions_add(fifo->evictions, page);
		add(fifo, GHOST, page, 0);
		if (fifo->length[GHOST] > fifo->main_most)
			take(fifo, list_last(fifo->links, fifo->head + GHOST));
		return;
	}
}

static void make_room(struct s3_fifo *fifo)
{
	while (fifo->length[SMALL] + fifo->length[MAIN] >= fifo->frames) {
		if (fifo->length[SMALL] >= fifo->small_most || !fifo->length[MAIN])
			evict_small(fifo);
		else
			evict_main(fifo);
	}
}

static void fault(struct s3_fifo *fifo, uint32_t page, uint32_t uses)
{
	bool came_back = fifo->state[page] == GHOST;

	/* First, lest it be forgotten for whoever makes room for it. */
	if (came_back)
		take(fifo, page);
	make_room(fifo);
	add(fifo, came_back ? MAIN : SMALL, page, uses);
}

static uint64_t replay(void *memory, uint64_t from, uint64_t to)
{
	struct s3_fifo *fifo = memory;
	uint32_t uses, more;
	uint64_t faults = 0;
	struct run run;
	uint8_t *state;

	for (uint64_t i = from; i < to; i++) {
		run = fifo->runs[i];
		state = &fifo->state[run.page];
		more = run_accesses(run);
		if ((*state & LIST) == SMALL || (*state & LIST) == MAIN) {
			uses = *state / USE;
			more = more < USES_MOST - uses ? more : USES_MOST - uses;
			*state += (uint8_t)(more * USE);
			continue;
		}
		faults++;
		evictions_before(fifo->evictions, i);
		more--;
		fault(fifo, run.page, more < USES_MOST ? more : USES_MOST);
	}
	return faults;
}

static void forget(void *memory, const uint32_t *pages, uint64_t count)
{
	struct s3_fifo *fifo = memory;

	for (uint64_t i = 0; i < count; i++)
		if (fifo->state[pages[i]] != NOWHERE)
			take(fifo, pages[i]);
}

const struct policy policy_s3_fifo = {
	.name = "s3fifo",
	.about = "a small FIFO before the main one, and a memory of who has gone",
	.create = create,
	.replay = replay,
	.forget = forget,
};
