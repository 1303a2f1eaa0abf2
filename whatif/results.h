/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rows of results, with columns by name, as a table for people, csv or json.
 *
 * begin -> row ... -> end
 */
#ifndef RESULTS_H
#define RESULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "tlb.h"
#include "trace.h"

enum results_format { RESULTS_TABLE, RESULTS_CSV, RESULTS_JSON };

/**
 * struct result - a row
 * @policy: name
 * @frames: how many
 * @trace: what was replayed, for its page size and counts
 * @share: of the pages that were looked at
 * @faults: how many; scaled where @share is not 1; NAN if that cannot be told
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
	struct tlb_shape tlb;
	struct tlb_counts counts;
	enum page_table_kind table;
	uint64_t table_bytes;
};

/**
 * results_format() - the format of this name, or end the program
 * @name: as on the command line
 */
enum results_format results_format(const char *name);

/**
 * results_begin() - the line of names
 * @format: how
 */
void results_begin(enum results_format format);

/**
 * results_row() - a row
 * @row: it
 */
void results_row(const struct result *row);

/**
 * results_end() - see that all has arrived
 *
 * Return: true, or false having said why not.
 */
bool results_end(void);

#endif /* RESULTS_H */
