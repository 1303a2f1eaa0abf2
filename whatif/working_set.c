// SPDX-License-Identifier: GPL-2.0
/*
 * The working set, as Denning has it: a page goes when it has not been used in the last
 * @window accesses, even if there are frames left; where these do not hold the whole set,
 * the least recently used goes.  As in lru.c, the trace is the queue.
 */
#include <stdlib.h>

#include "policy.h"

/**
 * struct working_set - the frames
 * @runs: of the trace
 * @evictions: to be told
 * @retired: runs whose pages have gone or were used again
 * @passed: accesses in these
 * @now: accesses until now
 * @window: a page stays for as many after its last use
 * @frames: how many
 * @used: how many have a page
 * @last: by page, 1 + the run that used it last; it is resident if that is not retired
 */
struct working_set {
	const struct run *runs;
	struct evictions *evictions;
	uint64_t retired;
	uint64_t passed;
	uint64_t now;
	uint64_t window;
	uint32_t frames;
	uint32_t used;
	uint64_t last[];
};

static void *create(const struct trace *trace, const struct policy_options *options)
{
	struct working_set *set;

	set = calloc(1, sizeof(*set) + trace->header.pages * sizeof(*set->last));
	if (!set)
		return NULL;
	set->runs = trace->runs;
	set->evictions = options->evictions;
	set->window = options->window;
	set->frames = options->frames;
	return set;
}

/* Passes the oldest run; a page goes if that was its last use. */
static void retire(struct working_set *set)
{
	struct run run = set->runs[set->retired++];

	set->passed += run_accesses(run);
	if (set->last[run.page] != set->retired)
		return;
	set->used--;
	evictions_add(set->evictions, run.page);
}

static bool is_out(const struct working_set *set)
{
	uint64_t last_access = set->passed + run_accesses(set->runs[set->retired]) - 1;

	return set->now - last_access > set->window;
}

static uint64_t replay(void *memory, uint64_t from, uint64_t to)
{
	struct working_set *set = memory;
	uint64_t faults = 0;
	struct run run;

	for (uint64_t i = from; i < to; i++) {
		run = set->runs[i];
		evictions_before(set->evictions, i);
		while (set->retired < i && is_out(set))
			retire(set);
		if (set->last[run.page] <= set->retired) {
			faults++;
			while (set->used == set->frames)
				retire(set);
			set->used++;
		}
		set->last[run.page] = i + 1;
		set->now += run_accesses(run);
	}
	return faults;
}

static void forget(void *memory, const uint32_t *pages, uint64_t count)
{
	struct working_set *set = memory;

	for (uint64_t i = 0; i < count; i++) {
		set->used -= set->last[pages[i]] > set->retired;
		set->last[pages[i]] = 0;
	}
}

const struct policy policy_working_set = {
	.name = "ws",
	.about = "the working set: what was used in the last --window accesses",
	.create = create,
	.replay = replay,
	.forget = forget,
};
