// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "progress.h"
#include "simulation.h"

enum {
	/* Runs between two looks at what a person sees. */
	STRETCH		= 1 << 20,
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

static bool simulate(struct simulation *simulation)
{
	const struct trace_header *header = &simulation->trace->header;
	struct policy_options options = { .window = simulation->window };
	uint64_t faults = 0, from, to;
	void *memory;

	if (!options.window &&
	    __builtin_mul_overflow(simulation->frames, WINDOW_FRAMES, &options.window))
		options.window = UINT64_MAX;
	/* More than there are pages are never filled. */
	options.frames = simulation->frames < header->pages ? (uint32_t)simulation->frames :
			 (uint32_t)header->pages;
	memory = simulation->policy->create(simulation->trace, &options);
	if (!memory)
		return false;
	for (from = 0; from < header->runs; from = to) {
		to = header->runs - from < STRETCH ? header->runs : from + STRETCH;
		faults += simulation->policy->replay(memory, from, to);
		progress_add(to - from);
	}
	free(memory);
	simulation->faults = (double)faults / simulation->share;
	return true;
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
		runs += simulations[i].trace->header.runs;
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
