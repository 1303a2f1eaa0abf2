// SPDX-License-Identifier: GPL-2.0
/*
 * LIRS, by Jiang and Zhang: pages whose last two uses were close together (LIR) stay; all
 * others (HIR) go through a short queue of a hundredth of the frames.  The stack is by last
 * use, down to the LIR page that was used longest ago; a HIR page in it that is used again
 * takes that one's place.  What has gone stays in the stack until it leaves at its bottom.
 */
#include <stdlib.h>

#include "list.h"
#include "policy.h"

enum {
	LIR		= 1,
	RESIDENT	= 2,
	IN_STACK	= 4,
};

/**
 * struct lirs - the stack and the queue
 * @runs: of the trace
 * @evictions: to be told
 * @head: of either list
 * @lir_most: LIR pages that there may be
 * @lir: that there are
 * @free: frames without a page
 * @stack: most recently used first
 * @queue: of resident HIR pages; the first goes next
 * @state: of each page
 */
struct lirs {
	const struct run *runs;
	struct evictions *evictions;
	uint32_t head;
	uint32_t lir_most;
	uint32_t lir;
	uint32_t free;
	struct links *stack;
	struct links *queue;
	uint8_t *state;
};

static void *create(const struct trace *trace, const struct policy_options *options)
{
	uint64_t pages = trace->header.pages;
	struct lirs *lirs;

	lirs = calloc(1, sizeof(*lirs) + 2 * (pages + 1) * sizeof(*lirs->stack) + pages);
	if (!lirs)
		return NULL;
	lirs->runs = trace->runs;
	lirs->evictions = options->evictions;
	lirs->head = (uint32_t)pages;
	lirs->lir_most = options->frames - (options->frames / 100 ?: 1);
	lirs->free = options->frames;
	lirs->stack = (struct links *)(lirs + 1);
	lirs->queue = lirs->stack + pages + 1;
	lirs->state = (uint8_t *)(lirs->queue + pages + 1);
	list_init(lirs->stack, lirs->head);
	list_init(lirs->queue, lirs->head);
	return lirs;
}

/* At the bottom of the stack there is a LIR page. */
static void prune(struct lirs *lirs)
{
	uint32_t page;

	while (!list_is_empty(lirs->stack, lirs->head)) {
		page = list_last(lirs->stack, lirs->head);
		if (lirs->state[page] & LIR)
			break;
		list_remove(lirs->stack, page);
		lirs->state[page] &= (uint8_t)~IN_STACK;
	}
}

static void push(struct lirs *lirs, uint32_t page)
{
	if (lirs->state[page] & IN_STACK)
		list_remove(lirs->stack, page);
	list_add_first(lirs->stack, lirs->head, page);
	lirs->state[page] |= IN_STACK;
}

/* The LIR page at the bottom of the stack becomes a HIR page. */
static void demote(struct lirs *lirs)
{
	uint32_t page = list_last(lirs->stack, lirs->head);

	lirs->state[page] &= (uint8_t)~LIR;
	lirs->lir--;
	list_add_last(lirs->queue, lirs->head, page);
	prune(lirs);
}

static void promote(struct lirs *lirs, uint32_t page)
{
	lirs->state[page] |= LIR;
	if (++lirs->lir > lirs->lir_most)
		demote(lirs);
}

static void hit(struct lirs *lirs, uint32_t page)
{
	uint8_t before = lirs->state[page];

	push(lirs, page);
	if (before & LIR) {
		prune(lirs);
		return;
	}
	list_remove(lirs->queue, page);
	/* If LIR pages were forgotten, the next ones take their places. */
	if (before & IN_STACK || lirs->lir < lirs->lir_most)
		promote(lirs, page);
	else
		list_add_last(lirs->queue, lirs->head, page);
}

static void evict(struct lirs *lirs)
{
	uint32_t page = list_take_first(lirs->queue, lirs->head);

	lirs->state[page] &= (uint8_t)~RESIDENT;
	evictions_add(lirs->evictions, page);
}

static void fault(struct lirs *lirs, uint32_t page)
{
	bool came_back;

	if (lirs->free)
		lirs->free--;
	else
		evict(lirs);
	came_back = lirs->state[page] & IN_STACK;
	push(lirs, page);
	lirs->state[page] |= RESIDENT;
	if (came_back || lirs->lir < lirs->lir_most)
		promote(lirs, page);
	else
		list_add_last(lirs->queue, lirs->head, page);
}

static uint64_t replay(void *memory, uint64_t from, uint64_t to)
{
	struct lirs *lirs = memory;
	uint64_t faults = 0;
	struct run run;

	for (uint64_t i = from; i < to; i++) {
		run = lirs->runs[i];
		if (lirs->state[run.page] & RESIDENT) {
			hit(lirs, run.page);
		} else {
			faults++;
			evictions_before(lirs->evictions, i);
			fault(lirs, run.page);
		}
		/* A second access may tell more; a third tells nothing new. */
		if (run_accesses(run) > 1)
			hit(lirs, run.page);
	}
	return faults;
}

static void forget_page(struct lirs *lirs, uint32_t page)
{
	uint8_t before = lirs->state[page];

	lirs->state[page] = 0;
	if (before & IN_STACK)
		list_remove(lirs->stack, page);
	if (before & RESIDENT)
		lirs->free++;
	if (before & LIR) {
		lirs->lir--;
		prune(lirs);
	} else if (before & RESIDENT) {
		list_remove(lirs->queue, page);
	}
}

static void forget(void *memory, const uint32_t *pages, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		forget_page(memory, pages[i]);
}

const struct policy policy_lirs = {
	.name = "lirs",
	.about = "by the distance between a page's last two uses",
	.frames_least = 2,
	.create = create,
	.replay = replay,
	.forget = forget,
};
