// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "progress.h"
#include "simulation.h"

enum {
	/* Runs between two looks at what a person sees, and turns of memory and TLB. */
	STRETCH		= 1 << 16,
	/* Frames of a working set's window, if nobody says another. */
	WINDOW_FRAMES	= 10,
};

/**
 * struct work - what threads share
 * @all: the configurations
 * @count: how many
 * @taken: those that somebody has begun
 * @failed: memory was missing
 */
struct work {
	struct simulation *all;
	uint32_t count;
	_Atomic uint32_t taken;
	_Atomic bool failed;
};

/* In accesses of what is replayed. */
static uint64_t window_of(const struct simulation *simulation, const struct trace *trace)
{
	double window = (double)simulation->window;

	if (!simulation->window)
		window = (double)simulation->frames * WINDOW_FRAMES;
	if (trace != simulation->trace)
		window *= (double)trace->header.accesses /
			  (double)simulation->trace->header.accesses;
	return window < 1 ? 1 : window < 0x1p62 ? (uint64_t)window : 1ULL << 62;
}

/* Of what is replayed; more than there are pages are never filled. */
static uint32_t frames_of(const struct simulation *simulation, const struct trace *trace)
{
	double frames = (double)simulation->frames;

	if (simulation->sample)
		frames = round(frames * simulation->sample->share);
	if (frames < 1)
		frames = 1;
	if (frames < simulation->policy->frames_least)
		frames = simulation->policy->frames_least;
	return frames < (double)trace->header.pages ? (uint32_t)frames :
	       (uint32_t)trace->header.pages;
}

/* In turns, as the TLB must know who went. */
static bool replay(struct simulation *simulation, const struct trace *trace, void *memory,
		   struct tlb *tlb, struct evictions *evictions)
{
	uint64_t runs = trace->header.runs, faults = 0, from, to;

	for (from = 0; from < runs; from = to) {
		to = runs - from < STRETCH ? runs : from + STRETCH;
		evictions->count = 0;
		faults += simulation->policy->replay(memory, from, to);
		if (evictions->failed)
			return false;
		if (tlb)
			simulation->tlb_misses += tlb_replay(tlb, from, to, evictions);
		progress_add(to - from);
	}
	simulation->faults = (double)faults;
	if (simulation->sample)
		simulation->faults /= simulation->sample->share;
	return true;
}

static bool simulate(struct simulation *simulation)
{
	const struct trace *trace = simulation->sample ? &simulation->sample->trace :
				    simulation->trace;
	struct evictions evictions = { 0 };
	struct policy_options options = {
		.frames = frames_of(simulation, trace),
		.window = window_of(simulation, trace),
		.evictions = simulation->tlb.entries ? &evictions : NULL,
	};
	void *memory = simulation->policy->create(trace, &options);
	struct tlb *tlb = NULL;
	bool good = memory;

	if (good && simulation->tlb.entries) {
		tlb = tlb_create(trace, simulation->tlb);
		good = tlb;
	}
	good = good && replay(simulation, trace, memory, tlb, &evictions);
	free(evictions.all);
	free(tlb);
	free(memory);
	return good;
}

static void *take_turns(void *argument)
{
	struct work *work = argument;
	uint32_t mine;

	while (!work->failed && (mine = work->taken++) < work->count)
		if (!simulate(&work->all[mine]))
			work->failed = true;
	return NULL;
}

bool simulation_all(struct simulation *simulations, uint32_t count, uint32_t threads)
{
	struct work work = { .all = simulations, .count = count };
	pthread_t *others = calloc(threads, sizeof(*others));
	uint32_t started = 0;
	uint64_t runs = 0;

	if (!others)
		return false;
	for (uint32_t i = 0; i < count; i++)
		runs += simulations[i].sample ? simulations[i].sample->trace.header.runs :
			simulations[i].trace->header.runs;
	progress_begin("runs replayed", runs);
	/* This one takes turns, too: who gets no other thread is slower, and no less right. */
	while (started + 1 < threads && started + 1 < count &&
	       pthread_create(&others[started], NULL, take_turns, &work) == 0)
		started++;
	take_turns(&work);
	while (started)
		pthread_join(others[--started], NULL);
	progress_end();
	free(others);
	errno = ENOMEM;
	return !work.failed;
}
