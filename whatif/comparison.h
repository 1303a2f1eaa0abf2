/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Faults that were predicted beside those that the kernel really had, as a row of results.
 */
#ifndef COMPARISON_H
#define COMPARISON_H

#include "results.h"
#include "trace.h"

/**
 * enum comparison_columns - those that a table has only if they are asked for
 * @COMPARISON_PROCESS: of a process that did what the trace did
 * @COMPARISON_MEMORY: of memory that was ruled by a policy
 */
enum comparison_columns {
	COMPARISON_PROCESS	= 1,
	COMPARISON_MEMORY	= 2,
};

/**
 * struct comparison - a row; numbers are NAN where they were not counted
 * @trace: what was done
 * @question: what was varied
 * @setting: and is now
 * @policy: that predicted, or NULL if none did
 * @kind: of faults
 * @predicted: how many
 * @real: likewise
 * @minor: minor faults that there were in all
 * @in_memory: pages at most
 * @damaged: pages that did not hold what was written last
 */
struct comparison {
	const struct trace *trace;
	const char *question;
	char setting[RESULTS_VALUE_BYTES];
	const char *policy;
	const char *kind;
	double predicted;
	double real;
	double minor;
	double in_memory;
	double damaged;
};

/* Its columns. */
extern const struct results_column comparison_columns[];

#endif /* COMPARISON_H */
