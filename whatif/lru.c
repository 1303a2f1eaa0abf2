// SPDX-License-Identifier: GPL-2.0
/*
 * Least recently used.  The queue of pages by their last use need not be kept: the trace is
 * it.  Behind @retired stands a run that was the last use of its page, or was not, and
 * then the page has come again later.  Each run is passed once by either end.
 */
#include <stdlib.h>

#include "policy.h"

/**
 * struct lru - the frames
 * @runs: of the trace
 * @evictions: to be told
 * @retired: runs whose pages have gone or were used again
 * @frames: how many
 * @used: how many have a page
 * @last: by page, 1 + the run that used it last; it is resident if that is not retired
 */
struct lru {
	const struct run *runs;
	struct evictions *evictions;
	uint64_t retired;
	uint32_t frames;
	uint32_t used;
	uint64_t last[];
};

static void *create(const struct trace *trace, const struct policy_options *options)
{
	struct lru *lru = calloc(1, sizeof(*lru) + trace->header.pages * sizeof(*lru->last));

	if (!lru)
		return NULL;
	lru->runs = trace->runs;
	lru->evictions = options->evictions;
	lru->frames = options->frames;
	return lru;
}

static uint64_t replay(void *memory, uint64_t from, uint64_t to)
{
	struct lru *lru = memory;
	uint64_t *last = lru->last, retired = lru->retired, faults = 0, i;
	const struct run *runs = lru->runs;
	uint32_t page;

	for (i = from; i < to; i++) {
		if (i + POLICY_AHEAD < to)
			__builtin_prefetch(&last[runs[i + POLICY_AHEAD].page], 1);
		page = runs[i].page;
		if (last[page] <= retired) {
			faults++;
			evictions_before(lru->evictions, i);
			if (lru->used < lru->frames) {
				lru->used++;
			} else {
				do
					retired++;
				while (last[runs[retired - 1].page] != retired);
				evictions_add(lru->evictions, runs[retired - 1].page);
			}
		}
		last[page] = i + 1;
	}
	lru->retired = retired;
	return faults;
}

static void forget(void *memory, const uint32_t *pages, uint64_t count)
{
	struct lru *lru = memory;

	for (uint64_t i = 0; i < count; i++) {
		lru->used -= lru->last[pages[i]] > lru->retired;
		lru->last[pages[i]] = 0;
	}
}

const struct policy policy_lru = {
	.name = "lru",
	.about = "least recently used",
	.create = create,
	.replay = replay,
	.forget = forget,
};
