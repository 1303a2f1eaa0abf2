// SPDX-License-Identifier: GPL-2.0
/*
 * CLOCK-Pro, by Jiang, Chen and Zhang: one ring of hot pages, cold pages, and pages in test,
 * which have gone and are remembered, and three hands.  A fault on a page in test makes it
 * hot, and gives the cold ones a frame more; one whose test ends in vain takes a frame back.
 * Every cold page that goes is in test, as in most programs that have it.
 */
#include <stdlib.h>

#include "list.h"
#include "policy.h"

enum {
	NOWHERE,
	COLD,
	HOT,
	TEST,
	KIND	= 3,
	USED	= 4,
};

#define NO_PAGE	UINT32_MAX

/**
 * struct clock_pro - the ring
 * @runs: of the trace
 * @frames: how many
 * @cold_most: frames that are for cold pages
 * @count: pages of each kind
 * @hot_hand: makes hot pages cold; new pages come in behind it
 * @cold_hand: puts cold pages to test
 * @test_hand: ends tests
 * @ring: without a head
 * @state: of each page: its kind, and USED
 */
struct clock_pro {
	const struct run *runs;
	uint32_t frames;
	uint32_t cold_most;
	uint32_t count[TEST + 1];
	uint32_t hot_hand;
	uint32_t cold_hand;
	uint32_t test_hand;
	struct links *ring;
	uint8_t *state;
};

static void *create(const struct trace *trace, const struct policy_options *options)
{
	uint64_t pages = trace->header.pages;
	struct clock_pro *clock;

	clock = calloc(1, sizeof(*clock) + pages * sizeof(*clock->ring) + pages);
	if (!clock)
		return NULL;
	clock->runs = trace->runs;
	clock->frames = options->frames;
	clock->cold_most = options->frames;
	clock->hot_hand = clock->cold_hand = clock->test_hand = NO_PAGE;
	clock->ring = (struct links *)(clock + 1);
	clock->state = (uint8_t *)(clock->ring + pages);
	return clock;
}

static void set_kind(struct clock_pro *clock, uint32_t page, uint8_t kind)
{
	clock->count[clock->state[page] & KIND]--;
	clock->count[kind]++;
	clock->state[page] = kind;
}

static void step(struct clock_pro *clock, uint32_t *hand)
{
	*hand = clock->ring[*hand].behind;
}

static void unlink_page(struct clock_pro *clock, uint32_t page)
{
	uint32_t before = clock->ring[page].before;

	if (before == page)
		before = NO_PAGE;
	else
		list_remove(clock->ring, page);
	if (clock->hot_hand == page)
		clock->hot_hand = before;
	if (clock->cold_hand == page)
		clock->cold_hand = before;
	if (clock->test_hand == page)
		clock->test_hand = before;
	set_kind(clock, page, NOWHERE);
}

static void move_cold_hand(struct clock_pro *clock);

static void move_test_hand(struct clock_pro *clock)
{
	uint32_t page;

	/* No hand may overtake the next one. */
	if (clock->test_hand == clock->cold_hand)
		move_cold_hand(clock);
	page = clock->test_hand;
	if ((clock->state[page] & KIND) == TEST) {
		unlink_page(clock, page);
		if (clock->cold_most > 1)
			clock->cold_most--;
	}
	step(clock, &clock->test_hand);
}

static void move_hot_hand(struct clock_pro *clock)
{
	uint32_t page;

	if (clock->hot_hand == clock->test_hand)
		move_test_hand(clock);
	page = clock->hot_hand;
	if ((clock->state[page] & KIND) == HOT) {
		if (clock->state[page] & USED)
			clock->state[page] = HOT;
		else
			set_kind(clock, page, COLD);
	}
	step(clock, &clock->hot_hand);
}

static void move_cold_hand(struct clock_pro *clock)
{
	uint32_t page = clock->cold_hand;

	if ((clock->state[page] & KIND) == COLD) {
		if (clock->state[page] & USED) {
			set_kind(clock, page, HOT);
		} else {
			set_kind(clock, page, TEST);
			while (clock->count[TEST] > clock->frames)
				move_test_hand(clock);
		}
	}
	step(clock, &clock->cold_hand);
	while (clock->count[HOT] > clock->frames - clock->cold_most)
		move_hot_hand(clock);
}

static void add(struct clock_pro *clock, uint32_t page, uint8_t kind)
{
	while (clock->count[HOT] + clock->count[COLD] >= clock->frames)
		move_cold_hand(clock);
	set_kind(clock, page, kind);
	if (clock->hot_hand == NO_PAGE) {
		list_init(clock->ring, page);
		clock->hot_hand = clock->cold_hand = clock->test_hand = page;
		return;
	}
	list_add_before(clock->ring, clock->hot_hand, page);
	if (clock->cold_hand == clock->hot_hand)
		clock->cold_hand = page;
}

static void fault(struct clock_pro *clock, uint32_t page)
{
	if ((clock->state[page] & KIND) == NOWHERE) {
		add(clock, page, COLD);
		return;
	}
	if (clock->cold_most < clock->frames)
		clock->cold_most++;
	unlink_page(clock, page);
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
		fault(clock, run.page);
		if (run_accesses(run) > 1)
			clock->state[run.page] |= USED;
	}
	return faults;
}

const struct policy policy_clock_pro = {
	.name = "clockpro",
	.about = "Clock with the idea of LIRS: hot and cold pages, and some that are on test",
	.create = create,
	.replay = replay,
};
