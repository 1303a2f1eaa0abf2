// SPDX-License-Identifier: GPL-2.0
/*
 * Clock, or second chance: FIFO that passes over what was used since it looked last.  The
 * access that faults uses the page, too, as the processor has it.
 */
#include <stdlib.h>

#include "frames.h"
#include "policy.h"

enum { ABSENT, RESIDENT, USED };

/**
 * struct clock - the frames
 * @runs: of the trace
 * @evictions: to be told
 * @frames: how many
 * @filled: how many have a page
 * @hand: the frame that is looked at next
 * @ring: the page of each frame; those that have one come one after the other from @hand on
 * @state: by page, ABSENT, RESIDENT or USED
 */
struct clock {
	const struct run *runs;
	struct evictions *evictions;
	uint32_t frames;
	uint32_t filled;
	uint32_t hand;
	uint32_t *ring;
	uint8_t *state;
};

static void *create(const struct trace *trace, const struct policy_options *options)
{
	uint64_t frames = options->frames;
	struct clock *clock;

	clock = calloc(1, sizeof(*clock) + frames * sizeof(*clock->ring) + trace->header.pages);
	if (!clock)
		return NULL;
	clock->runs = trace->runs;
	clock->evictions = options->evictions;
	clock->frames = options->frames;
	clock->ring = (uint32_t *)(clock + 1);
	clock->state = (uint8_t *)(clock->ring + frames);
	return clock;
}

/* So many before the hand, of which there are no more than frames. */
static uint32_t frame_at(const struct clock *clock, uint32_t distance)
{
	return frames_at(clock->hand, clock->frames, distance);
}

static uint32_t free_frame(struct clock *clock)
{
	uint32_t hand = clock->hand, frame;
	uint8_t *state;

	if (clock->filled < clock->frames)
		return frame_at(clock, clock->filled++);
	do {
		frame = hand;
		state = &clock->state[clock->ring[frame]];
		hand = frame + 1 == clock->frames ? 0 : frame + 1;
	} while ((*state)-- == USED);
	clock->hand = hand;
	evictions_add(clock->evictions, clock->ring[frame]);
	return frame;
}

static uint64_t replay(void *memory, uint64_t from, uint64_t to)
{
	struct clock *clock = memory;
	uint8_t *state = clock->state;
	const struct run *runs = clock->runs;
	uint64_t faults = 0;
	uint32_t page;

	for (uint64_t i = from; i < to; i++) {
		page = runs[i].page;
		if (state[page] == ABSENT) {
			faults++;
			evictions_before(clock->evictions, i);
			clock->ring[free_frame(clock)] = page;
		}
		state[page] = USED;
	}
	return faults;
}

static void forget(void *memory, const uint32_t *pages, uint64_t count)
{
	struct clock *clock = memory;
	uint32_t kept = 0, page;

	for (uint64_t i = 0; i < count; i++)
		clock->state[pages[i]] = ABSENT;
	for (uint32_t i = 0; i < clock->filled; i++) {
		page = clock->ring[frame_at(clock, i)];
		if (clock->state[page] != ABSENT)
			clock->ring[frame_at(clock, kept++)] = page;
	}
	clock->filled = kept;
}

const struct policy policy_clock = {
	.name = "clock",
	.about = "second chance: what was used since is passed over once",
	.create = create,
	.replay = replay,
	.forget = forget,
};
