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

/*
 * Of what is replayed; more than there are pages are never filled, and of shared memory, memory
 * knows how many there are.
 */
static uint32_t frames_of(const struct simulation *simulation, const struct trace *trace)
{
	double frames = (double)simulation->frames;

	if (simulation->sample)
		frames = round(frames * simulation->sample->share);
	if (frames < 1)
		frames = 1;
	if (frames < simulation->policy->frames_least)
		frames = simulation->policy->frames_least;
	if (simulation->layout)
		return frames < TRACE_PAGES_MAX ? (uint32_t)frames : TRACE_PAGES_MAX;
	return frames < (double)trace->header.pages ? (uint32_t)frames :
	       (uint32_t)trace->header.pages;
}

/**
 * struct machine - what a configuration is simulated by
 * @trace: what is replayed
 * @policy: its memory, or NULL
 * @memory: that has a policy of its own, or NULL
 * @tlb: or NULL
 * @table: or NULL
 * @evictions: from these to the others
 * @resized: likewise, of huge pages
 */
struct machine {
	const struct trace *trace;
	void *policy;
	struct memory *memory;
	struct tlb *tlb;
	struct page_table *table;
	struct evictions evictions;
	struct evictions resized;
};

static void free_machine(struct machine *machine)
{
	free(machine->evictions.all);
	free(machine->resized.all);
	free(machine->table);
	free(machine->tlb);
	memory_free(machine->memory);
	free(machine->policy);
}

static bool make_machine(struct machine *machine, const struct simulation *simulation)
{
	struct policy_options options;

	*machine = (struct machine){
		.trace = simulation->sample ? &simulation->sample->trace : simulation->trace,
	};
	options = (struct policy_options){
		.frames = frames_of(simulation, machine->trace),
		.window = window_of(simulation, machine->trace),
		.evictions = simulation->tlb.entries ? &machine->evictions : NULL,
		.batch = simulation->batch,
	};
	if (simulation->layout)
		machine->memory = memory_create(simulation->layout, simulation->policy, &options,
						&simulation->options);
	else
		machine->policy = simulation->policy->create(machine->trace, &options);
	if (simulation->tlb.entries && (machine->memory || machine->policy))
		machine->tlb = tlb_create(machine->trace, simulation->tlb, machine->memory ?
					  memory_huge(machine->memory) : NULL);
	if (simulation->table)
		machine->table = page_table_create(machine->trace, simulation->table,
						   simulation->frames);
	return (machine->policy || machine->memory) && (machine->tlb || !simulation->tlb.entries) &&
	       (machine->table || !simulation->table);
}

static void look_up(struct simulation *simulation, struct machine *machine, uint64_t from,
		    uint64_t to)
{
	struct tlb_counts more = tlb_replay(machine->tlb, from, to, &machine->evictions,
					    &machine->resized, machine->table);

	simulation->counts.misses += more.misses;
	simulation->counts.references += more.references;
}

static bool use(struct simulation *simulation, struct machine *machine, uint64_t from,
		uint64_t to, uint64_t *faults)
{
	machine->evictions.count = machine->resized.count = 0;
	if (machine->memory)
		return memory_replay(machine->memory, from, to,
				     machine->tlb ? &machine->evictions : NULL,
				     machine->tlb ? &machine->resized : NULL) &&
		       !machine->resized.failed;
	*faults += simulation->policy->replay(machine->policy, from, to);
	return true;
}

/* Memory and TLB in turns, as this must know who went. */
static bool replay(struct simulation *simulation, struct machine *machine)
{
	uint64_t runs = machine->trace->header.runs, faults = 0, from, to;

	for (from = 0; from < runs; from = to) {
		to = runs - from < STRETCH ? runs : from + STRETCH;
		if (!use(simulation, machine, from, to, &faults) || machine->evictions.failed)
			return false;
		if (machine->tlb)
			look_up(simulation, machine, from, to);
		progress_add(to - from);
	}
	if (machine->memory) {
		memory_count(machine->memory, simulation->memory);
		faults = simulation->memory[MEMORY_MINOR] + simulation->memory[MEMORY_MAJOR];
	}
	simulation->faults = (double)faults;
	if (simulation->sample)
		simulation->faults /= simulation->sample->share;
	if (machine->table)
		simulation->table_bytes = page_table_bytes(machine->table);
	return true;
}

static bool simulate(struct simulation *simulation)
{
	struct machine machine;
	bool good = make_machine(&machine, simulation) && replay(simulation, &machine);

	free_machine(&machine);
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
