// SPDX-License-Identifier: GPL-2.0
/*
 * ARC, by Megiddo and Modha: LRU lists of what was used once and more than once, and of as
 * many that have gone from either; a fault on one that has gone moves @target towards the
 * list that lost it.
 */
#include <stdlib.h>

#include "list.h"
#include "policy.h"

/* In which list a page is; the lists' heads are behind the pages in this order. */
enum { NOWHERE, ONCE, OFTEN, ONCE_GONE, OFTEN_GONE, LISTS };

/**
 * struct arc - the lists, most recently used first
 * @runs: of the trace
 * @evictions: to be told
 * @head: of list 0
 * @frames: how many
 * @target: pages that ONCE should have
 * @length: of each list
 * @links: of the lists
 * @where: each page's list
 */
struct arc {
	const struct run *runs;
	struct evictions *evictions;
	uint32_t head;
	uint32_t frames;
	uint32_t target;
	uint32_t length[LISTS];
	struct links *links;
	uint8_t *where;
};

static void *create(const struct trace *trace, const struct policy_options *options)
{
	uint64_t pages = trace->header.pages;
	struct arc *arc;

	arc = calloc(1, sizeof(*arc) + (pages + LISTS) * sizeof(*arc->links) + pages);
	if (!arc)
		return NULL;
	arc->runs = trace->runs;
	arc->evictions = options->evictions;
	arc->head = (uint32_t)pages;
	arc->frames = options->frames;
	arc->links = (struct links *)(arc + 1);
	arc->where = (uint8_t *)(arc->links + pages + LISTS);
	for (uint32_t list = ONCE; list < LISTS; list++)
		list_init(arc->links, arc->head + list);
	return arc;
}

static void add(struct arc *arc, uint8_t list, uint32_t page)
{
	list_add_first(arc->links, arc->head + list, page);
	arc->where[page] = list;
	arc->length[list]++;
}

static void take(struct arc *arc, uint32_t page)
{
	list_remove(arc->links, page);
	arc->length[arc->where[page]]--;
	arc->where[page] = NOWHERE;
}

static uint32_t take_last(struct arc *arc, uint8_t list)
{
	uint32_t page = list_last(arc->links, arc->head + list);

	take(arc, page);
	return page;
}

/* REPLACE of the paper, in which no frame is ever free again. */
static void evict(struct arc *arc, bool often_gone)
{
	bool once = arc->length[ONCE] && (arc->length[ONCE] > arc->target ||
					  (often_gone && arc->length[ONCE] == arc->target));
	uint32_t page;

	if (arc->length[ONCE] + arc->length[OFTEN] < arc->frames)
		return;
	page = take_last(arc, once ? ONCE : OFTEN);
	evictions_add(arc->evictions, page);
	add(arc, once ? ONCE_GONE : OFTEN_GONE, page);
}

static void adapt(struct arc *arc, bool often_gone)
{
	uint32_t once = arc->length[ONCE_GONE], often = arc->length[OFTEN_GONE], step;

	if (often_gone) {
		step = once > often ? once / often : 1;
		arc->target -= step < arc->target ? step : arc->target;
	} else {
		step = often > once ? often / once : 1;
		arc->target += step < arc->frames - arc->target ? step :
			       arc->frames - arc->target;
	}
}

/* Case IV of the paper. */
static void make_room(struct arc *arc)
{
	uint32_t once = arc->length[ONCE] + arc->length[ONCE_GONE];
	uint32_t often = arc->length[OFTEN] + arc->length[OFTEN_GONE];

	if (once == arc->frames) {
		if (arc->length[ONCE] == arc->frames) {
			evictions_add(arc->evictions, take_last(arc, ONCE));
			return;
		}
		take_last(arc, ONCE_GONE);
		evict(arc, false);
	} else if ((uint64_t)once + often >= arc->frames) {
		if ((uint64_t)once + often == 2 * (uint64_t)arc->frames)
			take_last(arc, OFTEN_GONE);
		evict(arc, false);
	}
}

static uint64_t replay(void *memory, uint64_t from, uint64_t to)
{
	struct arc *arc = memory;
	uint64_t faults = 0;
	bool often_gone;
	struct run run;

	for (uint64_t i = from; i < to; i++) {
		run = arc->runs[i];
		switch (arc->where[run.page]) {
		case ONCE:
		case OFTEN:
			take(arc, run.page);
			add(arc, OFTEN, run.page);
			break;
		case ONCE_GONE:
		case OFTEN_GONE:
			faults++;
			evictions_before(arc->evictions, i);
			often_gone = arc->where[run.page] == OFTEN_GONE;
			adapt(arc, often_gone);
			evict(arc, often_gone);
			take(arc, run.page);
			add(arc, OFTEN, run.page);
			break;
		default:
			faults++;
			evictions_before(arc->evictions, i);
			make_room(arc);
			add(arc, run_accesses(run) > 1 ? OFTEN : ONCE, run.page);
		}
	}
	return faults;
}

static void forget(void *memory, const uint32_t *pages, uint64_t count)
{
	struct arc *arc = memory;

	for (uint64_t i = 0; i < count; i++)
		if (arc->where[pages[i]] != NOWHERE)
			take(arc, pages[i]);
}

const struct policy policy_arc = {
	.name = "arc",
	.about = "LRU lists for once and more than once, whose sizes adapt",
	.create = create,
	.replay = replay,
	.forget = forget,
};
