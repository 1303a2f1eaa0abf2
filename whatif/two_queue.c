// SPDX-License-Identifier: GPL-2.0
/*
 * 2Q, by Johnson and Shasha, in its full version: a new page goes through a FIFO of a quarter
 * of the frames; if it is used again while it is remembered, though it has gone, it comes
 * into an LRU list.  As many as half the frames are remembered.
 */
#include <stdlib.h>

#include "list.h"
#include "policy.h"

/* In which list a page is; the lists' heads are behind the pages in this order. */
enum { NOWHERE, IN, OUT, MAIN, LISTS };

/**
 * struct two_queue - the lists, newest first
 * @runs: of the trace
 * @evictions: to be told
 * @head: of list 0
 * @frames: how many
 * @in_most: pages of IN, beyond which one of them goes
 * @out_most: pages that are remembered
 * @length: of each list
 * @links: of the lists
 * @where: each page's list
 */
struct two_queue {
	const struct run *runs;
	struct evictions *evictions;
	uint32_t head;
	uint32_t frames;
	uint32_t in_most;
	uint32_t out_most;
	uint32_t length[LISTS];
	struct links *links;
	uint8_t *where;
};

static void *create(const struct trace *trace, const struct policy_options *options)
{
	uint64_t pages = trace->header.pages;
	struct two_queue *queue;

	queue = calloc(1, sizeof(*queue) + (pages + LISTS) * sizeof(*queue->links) + pages);
	if (!queue)
		return NULL;
	queue->runs = trace->runs;
	queue->evictions = options->evictions;
	queue->head = (uint32_t)pages;
	queue->frames = options->frames;
	queue->in_most = options->frames / 4 ?: 1;
	queue->out_most = options->frames / 2 ?: 1;
	queue->links = (struct links *)(queue + 1);
	queue->where = (uint8_t *)(queue->links + pages + LISTS);
	for (uint32_t list = IN; list < LISTS; list++)
		list_init(queue->links, queue->head + list);
	return queue;
}

static void add(struct two_queue *queue, uint8_t list, uint32_t page)
{
	list_add_first(queue->links, queue->head + list, page);
	queue->where[page] = list;
	queue->length[list]++;
}

static void take(struct two_queue *queue, uint32_t page)
{
	list_remove(queue->links, page);
	queue->length[queue->where[page]]--;
	queue->where[page] = NOWHERE;
}

static uint32_t take_last(struct two_queue *queue, uint8_t list)
{
	uint32_t page = list_last(queue->links, queue->head + list);

	take(queue, page);
	return page;
}

static void make_room(struct two_queue *queue)
{
	uint32_t page;

	if (queue->length[IN] + queue->length[MAIN] < queue->frames)
		return;
	if (queue->length[IN] <= queue->in_most && queue->length[MAIN]) {
		evictions_add(queue->evictions, take_last(queue, MAIN));
		return;
	}
	page = take_last(queue, IN);
	evictions_add(queue->evictions, page);
	add(queue, OUT, page);
	if (queue->length[OUT] > queue->out_most)
		take_last(queue, OUT);
}

static uint64_t replay(void *memory, uint64_t from, uint64_t to)
{
	struct two_queue *queue = memory;
	uint64_t faults = 0;
	uint32_t page;

	for (uint64_t i = from; i < to; i++) {
		page = queue->runs[i].page;
		switch (queue->where[page]) {
		case IN:
			break;
		case MAIN:
			take(queue, page);
			add(queue, MAIN, page);
			break;
		case OUT:
			faults++;
			evictions_before(queue->evictions, i);
			/* First, lest it be forgotten for whoever makes room for it. */
			take(queue, page);
			make_room(queue);
			add(queue, MAIN, page);
			break;
		default:
			faults++;
			evictions_before(queue->evictions, i);
			make_room(queue);
			add(queue, IN, page);
		}
	}
	return faults;
}

static void forget(void *memory, const uint32_t *pages, uint64_t count)
{
	struct two_queue *queue = memory;

	for (uint64_t i = 0; i < count; i++)
		if (queue->where[pages[i]] != NOWHERE)
			take(queue, pages[i]);
}

const struct policy policy_two_queue = {
	.name = "2q",
	.about = "a FIFO for what is new, and LRU for what came back",
	.create = create,
	.replay = replay,
	.forget = forget,
};
