// SPDX-License-Identifier: GPL-2.0
/*
 * WSClock, by Carr and Hennessy: the hand takes the first page that was not used since it
 * looked last, is out of the working set and is clean.  Dirty ones are written, and clean
 * when the hand comes again.
 *
 * The loop of the textbooks ends when a page is found, which may be never, and goes around all
 * frames where every page is in the working set.  Here the hand passes SCAN frames at most.  If
 * it finds none it takes the first of them that it had written; if it wrote none, the one that
 * was seen to be used longest ago, and of several the first.
 */
#include <stdlib.h>

#include "frames.h"
#include "policy.h"

enum { REFERENCED = 1, DIRTY = 2, SCAN = 128 };

#define NO_FRAME	UINT32_MAX

/**
 * struct wsclock - the frames
 * @runs: of the trace
 * @evictions: to be told
 * @now: accesses until now
 * @window: a page is in the working set for as many after it was seen to be used
 * @frames: how many
 * @filled: how many have a page
 * @hand: the frame that is looked at next
 * @used: of each frame, when its page was seen to be used
 * @page: of each frame; those that have one come one after the other from @hand on
 * @frame: by page, 1 + where it is, or 0
 * @flags: of each frame: REFERENCED, DIRTY
 */
struct wsclock {
	const struct run *runs;
	struct evictions *evictions;
	uint64_t now;
	uint64_t window;
	uint32_t frames;
	uint32_t filled;
	uint32_t hand;
	uint64_t *used;
	uint32_t *page;
	uint32_t *frame;
	uint8_t *flags;
};

static void *create(const struct trace *trace, const struct policy_options *options)
{
	uint64_t frames = options->frames;
	struct wsclock *clock;

	clock = calloc(1, sizeof(*clock) + frames * sizeof(*clock->used) +
			       frames * sizeof(*clock->page) +
			       trace->header.pages * sizeof(*clock->frame) + frames);
	if (!clock)
		return NULL;
	clock->runs = trace->runs;
	clock->evictions = options->evictions;
	clock->window = options->window;
	clock->frames = options->frames;
	clock->used = (uint64_t *)(clock + 1);
	clock->page = (uint32_t *)(clock->used + frames);
	clock->frame = clock->page + frames;
	clock->flags = (uint8_t *)(clock->frame + trace->header.pages);
	return clock;
}

/* Leaves the hand behind what it has passed. */
static uint32_t find_victim(struct wsclock *clock)
{
	uint32_t hand = clock->hand, frames = clock->frames, frame, written = NO_FRAME;
	uint32_t oldest = hand, most = frames < SCAN ? frames : SCAN;
	uint64_t now = clock->now, window = clock->window, least = UINT64_MAX, when;
	uint8_t flags;

	for (uint32_t i = 0; i < most; i++) {
		frame = hand;
		hand = frame + 1 == frames ? 0 : frame + 1;
		flags = clock->flags[frame];
		when = clock->used[frame];
		if (flags & REFERENCED) {
			clock->flags[frame] = flags & DIRTY;
			clock->used[frame] = now;
			when = now;
		} else if (now - when > window) {
			if (!(flags & DIRTY)) {
				written = frame;
				break;
			}
			clock->flags[frame] = 0;
			if (written == NO_FRAME)
				written = frame;
		}
		oldest = when < least ? frame : oldest;
		least = when < least ? when : least;
	}
	clock->hand = hand;
	return written == NO_FRAME ? oldest : written;
}

/* So many before the hand, of which there are no more than frames. */
static uint32_t frame_at(const struct wsclock *clock, uint32_t distance)
{
	return frames_at(clock->hand, clock->frames, distance);
}

static uint32_t place(struct wsclock *clock, uint32_t page)
{
	uint32_t frame;

	if (clock->filled < clock->frames) {
		frame = frame_at(clock, clock->filled++);
	} else {
		frame = find_victim(clock);
		clock->frame[clock->page[frame]] = 0;
		evictions_add(clock->evictions, clock->page[frame]);
	}
	clock->page[frame] = page;
	clock->frame[page] = frame + 1;
	clock->used[frame] = clock->now;
	clock->flags[frame] = 0;
	return frame;
}

static uint64_t replay(void *memory, uint64_t from, uint64_t to)
{
	struct wsclock *clock = memory;
	uint64_t faults = 0;
	struct run run;
	uint32_t frame;

	for (uint64_t i = from; i < to; i++) {
		run = clock->runs[i];
		frame = clock->frame[run.page] - 1;
		if (!clock->frame[run.page]) {
			faults++;
			evictions_before(clock->evictions, i);
			frame = place(clock, run.page);
		}
		clock->flags[frame] |= (uint8_t)(REFERENCED | (run.count & RUN_WRITTEN ? DIRTY : 0));
		clock->now += run_accesses(run);
	}
	return faults;
}

static void move(struct wsclock *clock, uint32_t from, uint32_t to)
{
	clock->used[to] = clock->used[from];
	clock->page[to] = clock->page[from];
	clock->flags[to] = clock->flags[from];
	clock->frame[clock->page[to]] = to + 1;
}

static void forget(void *memory, const uint32_t *pages, uint64_t count)
{
	struct wsclock *clock = memory;
	uint32_t kept = 0, frame;

	for (uint64_t i = 0; i < count; i++)
		clock->frame[pages[i]] = 0;
	for (uint32_t i = 0; i < clock->filled; i++) {
		frame = frame_at(clock, i);
		if (clock->frame[clock->page[frame]])
			move(clock, frame, frame_at(clock, kept++));
	}
	clock->filled = kept;
}

const struct policy policy_wsclock = {
	.name = "wsclock",
	.about = "Clock that takes what is clean and out of the working set; its scan is bounded",
	.create = create,
	.replay = replay,
	.forget = forget,
};
