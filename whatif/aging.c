// SPDX-License-Identifier: GPL-2.0
/*
 * Aging, as Tanenbaum has it: a tick shifts whether a page was used into the top of its
 * 8 bits of history; the page goes whose history is the smallest number, if a tick came now,
 * and of several the one in the first frame.  There is a tick in as many accesses as there
 * are frames.
 *
 * What is kept is what a history would be if a tick came now: a use sets its top bit, and
 * a tick shifts it.
 */
#include <stdlib.h>
#include <string.h>

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
 * @history: of each frame, if a tick came now
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
};

static void *create(const struct trace *trace, const struct policy_options *options)
{
	uint64_t frames = options->frames;
	struct aging *aging;

	aging = calloc(1, sizeof(*aging) + frames * sizeof(*aging->page) +
			       trace->header.pages * sizeof(*aging->frame) + frames);
	if (!aging)
		return NULL;
	aging->runs = trace->runs;
	aging->evictions = options->evictions;
	aging->tick = frames;
	aging->frames = options->frames;
	aging->page = (uint32_t *)(aging + 1);
	aging->frame = aging->page + frames;
	aging->history = (uint8_t *)(aging->frame + trace->header.pages);
	return aging;
}

static void age(struct aging *aging)
{
	for (uint32_t i = 0; i < aging->filled; i++)
		aging->history[i] >>= 1;
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

/* 32 frames at a time, where the processor can; clang 14 cannot choose. */
#if defined(__x86_64__) && !defined(__clang__)
__attribute__((target_clones("avx2", "default")))
#endif
static uint32_t eldest(const struct aging *aging)
{
	const uint8_t *history = aging->history, *first;
	uint8_t least = UINT8_MAX;

	for (uint32_t i = 0; i < aging->filled; i++)
		least = history[i] < least ? history[i] : least;
	first = memchr(history, least, aging->filled);
	return (uint32_t)(first - history);
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
		aging->history[frame] |= USED;
		age(aging);
	}
	aging->history[frame] |= USED;
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
		aging->history[frame] |= USED;
		use_on(aging, frame, run_accesses(run));
		aging->now += run_accesses(run);
	}
	return faults;
}

/* The frames that are left close up. */
static void forget(void *memory, const uint32_t *pages, uint64_t count)
{
	struct aging *aging = memory;
	uint32_t kept = 0, page;

	for (uint64_t i = 0; i < count; i++)
		aging->frame[pages[i]] = 0;
	for (uint32_t i = 0; i < aging->filled; i++) {
		page = aging->page[i];
		if (!aging->frame[page])
			continue;
		aging->page[kept] = page;
		aging->history[kept] = aging->history[i];
		aging->frame[page] = ++kept;
	}
	aging->filled = kept;
}

const struct policy policy_aging = {
	.name = "aging",
	.about = "the smallest history of use in 8 ticks",
	.create = create,
	.replay = replay,
	.forget = forget,
};
