/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What came of a trace under one memory system, as a row of results.
 */
#ifndef RESULT_H
#define RESULT_H

#include <stdint.h>

#include "costs.h"
#include "memory.h"
#include "results.h"
#include "tlb.h"
#include "trace.h"

/**
 * enum result_columns - those that a table has only if they are asked for
 * @RESULT_FAULTS: minor and major ones
 * @RESULT_COSTS: what they cost
 * @RESULT_MEMORY: what becomes of shared memory
 * @RESULT_AHEAD: what is read and copied ahead
 * @RESULT_NODES: of NUMA nodes
 * @RESULT_HUGE: of huge pages
 */
enum result_columns {
	RESULT_FAULTS	= 1,
	RESULT_COSTS	= 2,
	RESULT_MEMORY	= 4,
	RESULT_AHEAD	= 8,
	RESULT_NODES	= 16,
	RESULT_HUGE	= 32,
};

/**
 * struct result - a row
 * @policy: name
 * @frames: how many
 * @trace: what was replayed, for its page size and counts
 * @share: of the pages that were looked at
 * @faults: how many; scaled where @share is not 1; NAN if that cannot be told
 * @minor: faults without I/O; NAN where they were not told apart
 * @major: faults that wait for I/O, likewise
 * @memory: what came of shared memory, or NULL
 * @options: of shared memory
 * @costs: of them
 * @time: that they take, in ns; NAN if nobody knows
 * @tlb: of the processor; without entries if there was none
 * @counts: of what missed in it, and of walks
 * @table: that was walked, or PAGE_TABLE_NONE
 * @table_bytes: what it takes
 */
struct result {
	const char *policy;
	uint64_t frames;
	const struct trace *trace;
	double share;
	double faults;
	double minor;
	double major;
	const uint64_t *memory;
	struct memory_options options;
	const struct costs *costs;
	double time;
	struct tlb_shape tlb;
	struct tlb_counts counts;
	enum page_table_kind table;
	uint64_t table_bytes;
};

/* Its columns. */
extern const struct results_column result_columns[];

#endif /* RESULT_H */
