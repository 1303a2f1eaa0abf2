// SPDX-License-Identifier: GPL-2.0
/*
 * CLOCK-Pro, by Jiang, Chen and Zhang: one ring of hot pages, cold pages, and pages in test,
 * which have gone and are remembered, with a hand for each kind.  The cold hand makes room: it
 * puts a cold page to test, or makes it hot if it was used.  The hot hand makes hot pages cold
 * that were not used, and ends tests on its way; the test hand ends tests when more are in test
 * than there are frames.  A fault on a page in test makes it hot, and gives the cold ones a
 * frame more; a test that ends in vain takes one back.  All cold pages that go are put to test.
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
 * @hot_hand: at a page; new pages are the last that it comes to
 * @cold_hand: at a page
 * @test_hand: at a page
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
	uint32_t behind = clock->ring[page].behind;

	if (behind == page)
		behind = NO_PAGE;
	else
		list_remove(clock->ring, page);
	if (clock->hot_hand == page)
		clock->hot_hand = behind;
	if (clock->cold_hand == page)
		clock->cold_hand = behind;
	if (clock->test_hand == page)
		clock->test_hand = behind;
	set_kind(clock, page, NOWHERE);
}

static void end_test(struct clock_pro *clock, uint32_t page)
{
	unlink_page(clock, page);
	if (clock->cold_most > 1)
		clock->cold_most--;
}

static void move_test_hand(struct clock_pro *clock)
{
	uint32_t page = clock->test_hand;

	step(clock, &clock->test_hand);
	if ((clock->state[page] & KIND) == TEST)
		end_test(clock, page);
}

static void move_hot_hand(struct clock_pro *clock)
{
	uint32_t page = clock->hot_hand;

	step(clock, &clock->hot_hand);
	if (clock->state[page] == TEST)
		end_test(clock, page);
	else if (clock->state[page] == HOT)
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
	uint32_t page = clock->cold_hand;

	step(clock, &clock->cold_hand);
	if (clock->state[page] == (COLD | USED))
		set_kind(clock, page, HOT);
	else if (clock->state[page] == COLD)
		set_kind(clock, page, TEST);
	while (clock->count[TEST] > clock->frames)
		move_test_hand(clock);
	limit_hot(clock);
}

static void add(struct clock_pro *clock, uint32_t page, uint8_t kind)
{
	while (clock->count[HOT] + clock->count[COLD] == clock->frames)
		move_cold_hand(clock);
	set_kind(clock, page, kind);
	if (clock->hot_hand == NO_PAGE) {
		list_init(clock->ring, page);
		clock->hot_hand = clock->cold_hand = clock->test_hand = page;
	} else {
		list_add_before(clock->ring, clock->hot_hand, page);
	}
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
