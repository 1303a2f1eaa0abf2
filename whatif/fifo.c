// SPDX-License-Identifier: GPL-2.0
/*
 * First in, first out: whoever has been there for longest goes.
 */
#include <stdlib.h>

#include "frames.h"
#include "policy.h"

/**
 * struct fifo - the frames
 * @runs: of the trace
 * @evictions: to be told
 * @frames: how many
 * @used: how many have a page
 * @oldest: the frame whose page goes next, once all are used
 * @ring: the page of each frame; those that are used come one after the other from @oldest on
 * @resident: by page, is it in one?
 */
struct fifo {
	const struct run *runs;
	struct evictions *evictions;
	uint32_t frames;
	uint32_t used;
	uint32_t oldest;
	uint32_t *ring;
	uint8_t *resident;
};

static void *create(const struct trace *trace, const struct policy_options *options)
{
	uint64_t frames = options->frames;
	struct fifo *fifo;

	fifo = calloc(1, sizeof(*fifo) + frames * sizeof(*fifo->ring) + trace->header.pages);
	if (!fifo)
		return NULL;
	fifo->runs = trace->runs;
	fifo->evictions = options->evictions;
	fifo->frames = options->frames;
	fifo->ring = (uint32_t *)(fifo + 1);
	fifo->resident = (uint8_t *)(fifo->ring + frames);
	return fifo;
}

/* So many behind the oldest, of which there are no more than frames. */
static uint32_t frame_at(const struct fifo *fifo, uint32_t distance)
{
	return frames_at(fifo->oldest, fifo->frames, distance);
}

/* The frame that a new page gets. */
static uint32_t free_frame(struct fifo *fifo)
{
	uint32_t frame = fifo->oldest;

	if (fifo->used < fifo->frames)
		return frame_at(fifo, fifo->used++);
	fifo->resident[fifo->ring[frame]] = false;
	evictions_add(fifo->evictions, fifo->ring[frame]);
	fifo->oldest = frame + 1 == fifo->frames ? 0 : frame + 1;
	return frame;
}

static uint64_t replay(void *memory, uint64_t from, uint64_t to)
{
	struct fifo *fifo = memory;
	uint8_t *resident = fifo->resident;
	uint64_t faults = 0;
	uint32_t page;

	for (uint64_t i = from; i < to; i++) {
		page = fifo->runs[i].page;
		if (resident[page])
			continue;
		faults++;
		evictions_before(fifo->evictions, i);
		fifo->ring[free_frame(fifo)] = page;
		resident[page] = true;
	}
	return faults;
}

static void forget(void *memory, const uint32_t *pages, uint64_t count)
{
	struct fifo *fifo = memory;
	uint32_t kept = 0, page;

	for (uint64_t i = 0; i < count; i++)
		fifo->resident[pages[i]] = false;
	for (uint32_t i = 0; i < fifo->used; i++) {
		page = fifo->ring[frame_at(fifo, i)];
		if (fifo->resident[page])
			fifo->ring[frame_at(fifo, kept++)] = page;
	}
	fifo->used = kept;
}

const struct policy policy_fifo = {
	.name = "fifo",
	.about = "first in, first out",
	.create = create,
	.replay = replay,
	.forget = forget,
};
