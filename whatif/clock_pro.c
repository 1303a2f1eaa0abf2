// SPDX-License-Identifier: GPL-2.0
/*
 * CLOCK-Pro, by Jiang, Chen and Zhang: a clock of hot pages, cold pages, and pages in test,
 * which have gone and are remembered.  The cold hand makes room: of the page that has been cold
 * for longest it makes a hot one, if it was used, or puts it to test.  The hot hand makes hot
 * pages cold that were not used, and ends tests on its way; the test hand ends the oldest when
 * more are in test than there are frames.  A fault on a page in test makes it hot, and gives the
 * cold ones a frame more; a test that ends in vain takes one back.
 *
 * The hands of cold pages and of tests need not seek theirs among all others: new pages come
 * in, and hot ones become cold, right behind the hot hand, so that their order in the clock
 * is a queue's.
 */
#include <stdlib.h>

#include "list.h"
#include "policy.h"

enum {
	NOWHERE,
	COLD,
	HOT,
	TEST,
	KINDS,
	KIND	= 3,
	USED	= 4,
};

/**
 * struct clock_pro - the clock
 * @runs: of the trace
 * @evictions: to be told
 * @head: of the clock; in @queues COLD and TEST are added to it
 * @frames: how many
 * @cold_most: frames that are for cold pages
 * @count: pages of each kind
 * @clock: all pages, from that on which the hot hand is
 * @queues: cold pages and those in test, the oldest first
 * @state: of each page: its kind, and USED
 */
struct clock_pro {
	const struct run *runs;
	struct evictions *evictions;
	uint32_t head;
	uint32_t frames;
	uint32_t cold_most;
	uint32_t count[KINDS];
	struct links *clock;
	struct links *queues;
	uint8_t *state;
};

static void *create(const struct trace *trace, const struct policy_options *options)
{
	uint64_t pages = trace->header.pages;
	struct clock_pro *clock;

	clock = calloc(1, sizeof(*clock) +
			       (2 * pages + 1 + KINDS) * sizeof(*clock->clock) + pages);
	if (!clock)
		return NULL;
	clock->runs = trace->runs;
	clock->evictions = options->evictions;
	clock->head = (uint32_t)pages;
	clock->frames = options->frames;
	clock->cold_most = options->frames;
	clock->clock = (struct links *)(clock + 1);
	clock->queues = clock->clock + pages + 1;
	clock->state = (uint8_t *)(clock->queues + pages + KINDS);
	list_init(clock->clock, clock->head);
	list_init(clock->queues, clock->head + COLD);
	list_init(clock->queues, clock->head + TEST);
	return clock;
}

static bool is_queued(uint8_t kind)
{
	return kind == COLD || kind == TEST;
}

static void set_kind(struct clock_pro *clock, uint32_t page, uint8_t kind)
{
	uint8_t before = clock->state[page] & KIND;

	if (is_queued(before))
		list_remove(clock->queues, page);
	if (is_queued(kind))
		list_add_last(clock->queues, clock->head + kind, page);
	clock->count[before]--;
	clock->count[kind]++;
	clock->state[page] = kind;
}

static void leave(struct clock_pro *clock, uint32_t page)
{
	list_remove(clock->clock, page);
	set_kind(clock, page, NOWHERE);
}

static void end_test(struct clock_pro *clock, uint32_t page)
{
	leave(clock, page);
	if (clock->cold_most > 1)
		clock->cold_most--;
}

static void move_hot_hand(struct clock_pro *clock)
{
	uint32_t page = list_first(clock->clock, clock->head);

	if (clock->state[page] == TEST) {
		end_test(clock, page);
		return;
	}
	list_remove(clock->clock, page);
	list_add_last(clock->clock, clock->head, page);
	if (clock->state[page] == HOT)
		set_kind(clock, page, COLD);
	else if (clock->state[page] == (HOT | USED))
		clock->state[page] = HOT;
}

/* So that there is a cold page when all frames are in use. */
static void limit_hot(struct clock_pro *clock)
{
	while (clock->count[HOT] > clock->frames - clock->cold_most)
		move_hot_hand(clock);
}

static void move_cold_hand(struct clock_pro *clock)
{
	uint32_t page = list_first(clock->queues, clock->head + COLD);

	if (clock->state[page] & USED) {
		set_kind(clock, page, HOT);
	} else {
		set_kind(clock, page, TEST);
		evictions_add(clock->evictions, page);
	}
	if (clock->count[TEST] > clock->frames)
		end_test(clock, list_first(clock->queues, clock->head + TEST));
	limit_hot(clock);
}

static void add(struct clock_pro *clock, uint32_t page, uint8_t kind)
{
	while (clock->count[HOT] + clock->count[COLD] == clock->frames)
		move_cold_hand(clock);
	list_add_last(clock->clock, clock->head, page);
	set_kind(clock, page, kind);
	limit_hot(clock);
}

static void fault(struct clock_pro *clock, uint32_t page)
{
	if (clock->state[page] == NOWHERE) {
		add(clock, page, COLD);
		return;
	}
	if (clock->cold_most < clock->frames)
		clock->cold_most++;
	leave(clock, page);
	add(clock, page, HOT);
}

static uint64_t replay(void *memory, uint64_t from, uint64_t to)
{
	struct clock_pro *clock = memory;
	uint64_t faults = 0;
	struct run run;
	uint8_t kind;

	for (uint64_t i = from; i < to; i++) {
		run = clock->runs[i];
		kind = clock->state[run.page] & KIND;
		if (kind == COLD || kind == HOT) {
			clock->state[run.page] = kind | USED;
			continue;
		}
		faults++;
		evictions_before(clock->evictions, i);
		fault(clock, run.page);
		if (run_accesses(run) > 1)
			clock->state[run.page] |= USED;
	}
	return faults;
}

static void forget(void *memory, const uint32_t *pages, uint64_t count)
{
	struct clock_pro *clock = memory;

	for (uint64_t i = 0; i < count; i++)
		if (clock->state[pages[i]] != NOWHERE)
			leave(clock, pages[i]);
}

const struct policy policy_clock_pro = {
	.name = "clockpro",
	.about = "Clock with the idea of LIRS: hot and cold pages, and some that are on test",
	.create = create,
	.replay = replay,
	.forget = forget,
};
