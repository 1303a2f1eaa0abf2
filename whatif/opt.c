// SPDX-License-Identifier: GPL-2.0
/*
 * OPT, by Belady: the page goes that is used again latest.  Nobody can know that but who has
 * the trace; no policy has fewer faults.
 */
#include <stdlib.h>

#include "policy.h"

/* Children of a node of the heap: the times of four are in half a cache line. */
enum { CHILDREN = 4 };

/**
 * struct opt - the frames, as a heap: the latest next use is on top
 * @trace: with next uses
 * @evictions: to be told
 * @frames: how many
 * @used: how many have a page
 * @time: by frame, the run that uses its page next
 * @page: of each frame
 * @frame: by page, 1 + where it is, or 0
 */
struct opt {
	const struct trace *trace;
	struct evictions *evictions;
	uint32_t frames;
	uint32_t used;
	uint64_t *time;
	uint32_t *page;
	uint32_t *frame;
};

static void *create(const struct trace *trace, const struct policy_options *options)
{
	uint64_t frames = options->frames;
	struct opt *opt;

	opt = calloc(1, sizeof(*opt) + frames * (sizeof(*opt->time) + sizeof(*opt->page)) +
			     trace->header.pages * sizeof(*opt->frame));
	if (!opt)
		return NULL;
	opt->trace = trace;
	opt->evictions = options->evictions;
	opt->frames = options->frames;
	opt->time = (uint64_t *)(opt + 1);
	opt->page = (uint32_t *)(opt->time + frames);
	opt->frame = opt->page + frames;
	return opt;
}

static void put(struct opt *opt, uint64_t frame, uint64_t time, uint32_t page)
{
	opt->time[frame] = time;
	opt->page[frame] = page;
	opt->frame[page] = (uint32_t)frame + 1;
}

/* From a place that is free, upwards. */
static void rise(struct opt *opt, uint64_t frame, uint64_t time, uint32_t page)
{
	uint64_t parent;

	for (; frame; frame = parent) {
		parent = (frame - 1) / CHILDREN;
		if (opt->time[parent] >= time)
			break;
		put(opt, frame, opt->time[parent], opt->page[parent]);
	}
	put(opt, frame, time, page);
}

/* From the top, which is free, downwards. */
static void sink(struct opt *opt, uint64_t time, uint32_t page)
{
	uint64_t frame = 0, child, end, latest;

	while ((child = frame * CHILDREN + 1) < opt->used) {
		end = child + CHILDREN < opt->used ? child + CHILDREN : opt->used;
		for (latest = child++; child < end; child++)
			if (opt->time[child] > opt->time[latest])
				latest = child;
		if (opt->time[latest] <= time)
			break;
		put(opt, frame, opt->time[latest], opt->page[latest]);
		frame = latest;
	}
	put(opt, frame, time, page);
}

static uint64_t replay(void *memory, uint64_t from, uint64_t to)
{
	struct opt *opt = memory;
	const struct run *runs = opt->trace->runs;
	const uint64_t *next = opt->trace->next;
	uint64_t faults = 0;
	uint32_t page;

	for (uint64_t i = from; i < to; i++) {
		if (i + POLICY_AHEAD < to)
			__builtin_prefetch(&opt->frame[runs[i + POLICY_AHEAD].page], 1);
		page = runs[i].page;
		if (opt->frame[page]) {
			rise(opt, opt->frame[page] - 1, next[i], page);
			continue;
		}
		faults++;
		evictions_before(opt->evictions, i);
		if (opt->used < opt->frames) {
			rise(opt, opt->used++, next[i], page);
		} else {
			opt->frame[opt->page[0]] = 0;
			evictions_add(opt->evictions, opt->page[0]);
			sink(opt, next[i], page);
		}
	}
	return faults;
}

const struct policy policy_opt = {
	.name = "opt",
	.about = "the best that there can be: whoever is used again latest goes",
	.create = create,
	.replay = replay,
};
