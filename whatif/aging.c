// SPDX-License-Identifier: GPL-2.0
/*
 * Aging, as Tanenbaum has it: a tick shifts whether a page was used into the top of its
 * 8 bits of history; the page goes whose history is the smallest number, if a tick came now,
 * and of several the one in the first frame.  There is a tick in as many accesses as there
 * are frames.
 */
#include <stdlib.h>

#include "policy.h"

enum {
	HISTORY_BITS	= 8,
	USED		= 1 << (HISTORY_BITS - 1),
};

/**
 * struct aging - the frames
 * @runs: of the trace
 * @evictions: to be told
 * @now: accesses until now
 * @tick: the access before which the next tick comes
 * @frames: how many
 * @filled: how many have a page
 * @page: of each frame
 * @frame: by page, 1 + where it is, or 0
 * @history: of each frame
 * @used: by frame: USED if it was since the last tick, or 0
 */
struct aging {
	const struct run *runs;
	struct evictions *evictions;
	uint64_t now;
	uint64_t tick;
	uint32_t frames;
	uint32_t filled;
	uint32_t *page;
	uint32_t *frame;
	uint8_t *history;
	uint8_t *used;
};

static void *create(const struct trace *trace, const struct policy_options *options)
{
	uint64_t frames = options->frames;
	struct aging *aging;

	aging = calloc(1, sizeof(*aging) + frames * sizeof(*aging->page) +
			       trace->header.pages * sizeof(*aging->frame) + 2 * frames);
	if (!aging)
		return NULL;
	aging->runs = trace->runs;
	aging->evictions = options->evictions;
	aging->tick = frames;
	aging->frames = options->frames;
	aging->page = (uint32_t *)(aging + 1);
	aging->frame = aging->page + frames;
	aging->history = (uint8_t *)(aging->frame + trace->header.pages);
	aging->used = aging->history + frames;
	return aging;
}

static void age(struct aging *aging)
{
	uint8_t *history = aging->history, *used = aging->used;

	for (uint32_t i = 0; i < aging->filled; i++) {
		history[i] = (uint8_t)(history[i] >> 1 | used[i]);
		used[i] = 0;
	}
}

/* The ticks that are due before an access; more than there are bits change nothing. */
static void age_until(struct aging *aging, uint64_t access)
{
	uint64_t due;

	if (access < aging->tick)
		return;
	due = (access - aging->tick) / aging->frames + 1;
	aging->tick += due * aging->frames;
	for (uint64_t i = 0; i < due && i <= HISTORY_BITS; i++)
		age(aging);
}

static uint32_t eldest(const struct aging *aging)
{
	const uint8_t *history = aging->history, *used = aging->used;
	uint8_t least = UINT8_MAX, one;
	uint32_t i;

	for (i = 0; i < aging->filled; i++) {
		one = (uint8_t)(history[i] >> 1 | used[i]);
		least = one < least ? one : least;
	}
	for (i = 0; (history[i] >> 1 | used[i]) != least; i++)
		;
	return i;
}

static uint32_t place(struct aging *aging, uint32_t page)
{
	uint32_t frame;

	if (aging->filled < aging->frames) {
		frame = aging->filled++;
	} else {
		frame = eldest(aging);
		aging->frame[aging->page[frame]] = 0;
		evictions_add(aging->evictions, aging->page[frame]);
	}
	aging->page[frame] = page;
	aging->frame[page] = frame + 1;
	aging->history[frame] = 0;
	return frame;
}

/* A page that is used across ticks was used before each of them. */
static void use_on(struct aging *aging, uint32_t frame, uint64_t count)
{
	uint64_t end = aging->now + count - 1, due;

	if (end < aging->tick)
		return;
	due = (end - aging->tick) / aging->frames + 1;
	aging->tick += due * aging->frames;
	for (uint64_t i = 0; i < due && i <= HISTORY_BITS; i++) {
		aging->used[frame] = USED;
		age(aging);
	}
	aging->used[frame] = USED;
}

static uint64_t replay(void *memory, uint64_t from, uint64_t to)
{
	struct aging *aging = memory;
	uint64_t faults = 0;
	struct run run;
	uint32_t frame;

	for (uint64_t i = from; i < to; i++) {
		run = aging->runs[i];
		age_until(aging, aging->now);
		frame = aging->frame[run.page] - 1;
		if (!aging->frame[run.page]) {
			faults++;
			evictions_before(aging->evictions, i);
			frame = place(aging, run.page);
		}
		aging->used[frame] = USED;
		use_on(aging, frame, run_accesses(run));
		aging->now += run_accesses(run);
	}
	return faults;
}

const struct policy policy_aging = {
	.name = "aging",
	.about = "the smallest history of use in 8 ticks",
	.create = create,
	.replay = replay,
};
