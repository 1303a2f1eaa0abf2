/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Traces replayed under configurations, one thread each, as many at once as there are
 * processors.
 */
#ifndef SIMULATION_H
#define SIMULATION_H

#include <stdbool.h>
#include <stdint.h>

#include "memory.h"
#include "policy.h"
#include "sample.h"
#include "tlb.h"
#include "trace.h"

/* Fewer frames of a sample tell nothing. */
enum { SIMULATION_SAMPLE_LEAST = 4 };

/**
 * struct simulation - one configuration, and what came of it
 * @trace: what is replayed
 * @policy: who goes
 * @frames: how many pages fit
 * @window: of the working set, in accesses; 0 for ten times the frames
 * @batch: as struct policy_options has it
 * @tlb: of the processor
 * @table: that is walked when it misses
 * @layout: of @trace, for memory that processes share; or NULL
 * @options: of this memory
 * @sample: replayed in its stead in as much less memory (MiniSim), or NULL
 * @faults: filled in; those of a sample are scaled
 * @counts: filled in if there is a TLB
 * @table_bytes: filled in if there is a table
 * @memory: filled in if there is a layout
 */
struct simulation {
	const struct trace *trace;
	const struct policy *policy;
	uint64_t frames;
	uint64_t window;
	uint32_t batch;
	struct tlb_shape tlb;
	enum page_table_kind table;
	const struct layout *layout;
	struct memory_options options;
	const struct sample *sample;
	double faults;
	struct tlb_counts counts;
	uint64_t table_bytes;
	uint64_t memory[MEMORY_COUNTS];
};

/**
 * simulation_all() - replay each, and fill in what came of it
 * @simulations: the configurations
 * @count: how many
 * @threads: at most so many at once
 *
 * Return: true, or false without memory.
 */
bool simulation_all(struct simulation *simulations, uint32_t count, uint32_t threads);

#endif /* SIMULATION_H */
