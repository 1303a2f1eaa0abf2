// SPDX-License-Identifier: GPL-2.0
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "result.h"
#include "settings.h"

static void write_policy(const void *of, char *value)
{
	const struct result *row = of;

	snprintf(value, RESULTS_VALUE_BYTES, "%s", row->policy);
}

static void write_frames(const void *of, char *value)
{
	const struct result *row = of;

	snprintf(value, RESULTS_VALUE_BYTES, "%ju", (uintmax_t)row->frames);
}

/* Objects have none. */
static void write_page(const void *of, char *value)
{
	const struct result *row = of;
	uint32_t shift = row->trace->header.page_shift;

	if (shift)
		settings_size(1ULL << shift, value);
	else
		strcpy(value, "n/a");
}

static void write_share(const void *of, char *value)
{
	const struct result *row = of;

	snprintf(value, RESULTS_VALUE_BYTES, "%.6g", row->share);
}

/* What is replayed: all accesses, or what somebody saw who looked now and then. */
static void write_trace(const void *of, char *value)
{
	const struct result *row = of;

	strcpy(value, row->trace->header.sampled ? "sampled" : "accesses");
}

static void write_accesses(const void *of, char *value)
{
	const struct result *row = of;

	snprintf(value, RESULTS_VALUE_BYTES, "%ju", (uintmax_t)row->trace->header.accesses);
}

static void write_pages(const void *of, char *value)
{
	const struct result *row = of;

	snprintf(value, RESULTS_VALUE_BYTES, "%ju", (uintmax_t)row->trace->header.pages);
}

static void write_faults(const void *of, char *value)
{
	const struct result *row = of;

	results_number(row->faults, value);
}

static void write_ratio(const void *of, char *value)
{
	const struct result *row = of;

	if (isnan(row->faults))
		strcpy(value, "n/a");
	else
		snprintf(value, RESULTS_VALUE_BYTES, "%.6f",
			 row->faults / (double)row->trace->header.accesses);
}

static void write_tlb(const void *of, char *value)
{
	const struct result *row = of;

	if (row->tlb.entries)
		snprintf(value, RESULTS_VALUE_BYTES, "%ux%u", row->tlb.entries, row->tlb.ways);
	else
		strcpy(value, "n/a");
}

static void write_tlb_misses(const void *of, char *value)
{
	const struct result *row = of;

	if (row->tlb.entries)
		snprintf(value, RESULTS_VALUE_BYTES, "%ju", (uintmax_t)row->counts.misses);
	else
		strcpy(value, "n/a");
}

static void write_table(const void *of, char *value)
{
	const struct result *row = of;

	strcpy(value, row->table ? page_table_names[row->table] : "n/a");
}

static void write_table_bytes(const void *of, char *value)
{
	const struct result *row = of;

	if (row->table)
		snprintf(value, RESULTS_VALUE_BYTES, "%ju", (uintmax_t)row->table_bytes);
	else
		strcpy(value, "n/a");
}

static void write_references(const void *of, char *value)
{
	const struct result *row = of;

	if (row->table)
		snprintf(value, RESULTS_VALUE_BYTES, "%ju", (uintmax_t)row->counts.references);
	else
		strcpy(value, "n/a");
}

static void write_minor(const void *of, char *value)
{
	const struct result *row = of;

	results_number(row->minor, value);
}

static void write_major(const void *of, char *value)
{
	const struct result *row = of;

	results_number(row->major, value);
}

static void write_memory(const struct result *row, enum memory_count count, char *value)
{
	results_number(row->memory ? (double)row->memory[count] : NAN, value);
}

static void write_cow(const void *of, char *value)
{
	const struct result *row = of;

	write_memory(row, MEMORY_COW, value);
}

static void write_reuses(const void *of, char *value)
{
	const struct result *row = of;

	write_memory(row, MEMORY_REUSES, value);
}

static void write_swap_ins(const void *of, char *value)
{
	const struct result *row = of;

	write_memory(row, MEMORY_SWAP_INS, value);
}

static void write_swap_outs(const void *of, char *value)
{
	const struct result *row = of;

	write_memory(row, MEMORY_SWAP_OUTS, value);
}

static void write_write_backs(const void *of, char *value)
{
	const struct result *row = of;

	write_memory(row, MEMORY_WRITE_BACKS, value);
}

static void write_prefetch(const void *of, char *value)
{
	const struct result *row = of;

	results_number(row->memory ? row->options.prefetch : NAN, value);
}

static void write_prefetched(const void *of, char *value)
{
	const struct result *row = of;

	write_memory(row, MEMORY_PREFETCHED, value);
}

static void write_prefetch_useful(const void *of, char *value)
{
	const struct result *row = of;

	write_memory(row, MEMORY_PREFETCH_USEFUL, value);
}

static void write_prefetch_wasted(const void *of, char *value)
{
	const struct result *row = of;

	results_number(row->memory ? (double)(row->memory[MEMORY_PREFETCHED] -
					      row->memory[MEMORY_PREFETCH_USEFUL]) : NAN, value);
}

/* What useful ones save, less what all take. */
static double net(const struct result *row, enum memory_count useful, double saved,
		  enum memory_count all, enum cost cost)
{
	uint32_t shift = row->trace->header.page_shift;

	if (!row->memory)
		return NAN;
	return (double)row->memory[useful] * saved -
	       (double)row->memory[all] * costs_ns(row->costs, cost, shift);
}

/* A minor fault remains. */
static void write_prefetch_net(const void *of, char *value)
{
	const struct result *row = of;
	uint32_t shift = row->trace->header.page_shift;
	double saved = costs_ns(row->costs, COST_MAJOR, shift) -
		       costs_ns(row->costs, COST_MINOR, shift);

	results_number(net(row, MEMORY_PREFETCH_USEFUL, saved, MEMORY_PREFETCHED, COST_READ), value);
}

static void write_precopy(const void *of, char *value)
{
	const struct result *row = of;

	results_number(row->memory ? row->options.precopy : NAN, value);
}

static void write_precopied(const void *of, char *value)
{
	const struct result *row = of;

	write_memory(row, MEMORY_PRECOPIED, value);
}

static void write_precopy_useful(const void *of, char *value)
{
	const struct result *row = of;

	write_memory(row, MEMORY_PRECOPY_USEFUL, value);
}

static void write_precopy_wasted(const void *of, char *value)
{
	const struct result *row = of;

	results_number(row->memory ? (double)(row->memory[MEMORY_PRECOPIED] -
					      row->memory[MEMORY_PRECOPY_USEFUL]) : NAN, value);
}

static void write_precopy_net(const void *of, char *value)
{
	const struct result *row = of;
	double saved = costs_ns(row->costs, COST_COW, row->trace->header.page_shift);

	results_number(net(row, MEMORY_PRECOPY_USEFUL, saved, MEMORY_PRECOPIED, COST_COPY), value);
}

static bool has_nodes(const struct result *row)
{
	return row->memory && row->options.nodes.count;
}

static void write_nodes(const void *of, char *value)
{
	const struct result *row = of;

	if (has_nodes(row))
		settings_nodes_text(row->options.nodes, value);
	else
		strcpy(value, "n/a");
}

static void write_remote(const void *of, char *value)
{
	const struct result *row = of;

	results_number(has_nodes(row) ? (double)row->memory[MEMORY_REMOTE] : NAN, value);
}

static void write_remote_share(const void *of, char *value)
{
	const struct result *row = of;

	if (has_nodes(row))
		snprintf(value, RESULTS_VALUE_BYTES, "%.6f", (double)row->memory[MEMORY_REMOTE] /
			 (double)row->trace->header.accesses);
	else
		strcpy(value, "n/a");
}

static void write_migrations(const void *of, char *value)
{
	const struct result *row = of;

	results_number(has_nodes(row) ? (double)row->memory[MEMORY_MIGRATIONS] : NAN, value);
}

static bool has_huge(const struct result *row)
{
	return row->memory && row->options.huge.count;
}

static void write_huge(const void *of, char *value)
{
	const struct result *row = of;
	uint32_t shift;

	strcpy(value, has_huge(row) ? "" : "n/a");
	for (uint32_t i = 0; has_huge(row) && i < row->options.huge.count; i++) {
		shift = row->options.huge.shift[i] + row->trace->header.page_shift;
		settings_size(1ULL << shift, stpcpy(value + strlen(value), i ? "+" : ""));
	}
}

static void write_huge_made(const void *of, char *value)
{
	const struct result *row = of;

	results_number(has_huge(row) ? (double)row->memory[MEMORY_HUGE] : NAN, value);
}

static void write_huge_split(const void *of, char *value)
{
	const struct result *row = of;

	results_number(has_huge(row) ? (double)row->memory[MEMORY_SPLITS] : NAN, value);
}

static void write_time(const void *of, char *value)
{
	const struct result *row = of;

	results_number(row->time, value);
}

/* With a fraction, as those are that profiles tell. */
static void write_cost(const struct result *row, enum cost cost, char *value)
{
	double ns = costs_ns(row->costs, cost, row->trace->header.page_shift);

	if (isnan(ns))
		strcpy(value, "n/a");
	else
		snprintf(value, RESULTS_VALUE_BYTES, "%.10g", ns);
}

static void write_minor_ns(const void *of, char *value)
{
	const struct result *row = of;

	write_cost(row, COST_MINOR, value);
}

static void write_major_ns(const void *of, char *value)
{
	const struct result *row = of;

	write_cost(row, COST_MAJOR, value);
}

static void write_cow_ns(const void *of, char *value)
{
	const struct result *row = of;

	write_cost(row, COST_COW, value);
}

static void write_copy_ns(const void *of, char *value)
{
	const struct result *row = of;

	write_cost(row, COST_COPY, value);
}

static void write_read_ns(const void *of, char *value)
{
	const struct result *row = of;

	write_cost(row, COST_READ, value);
}

static void write_constants(const void *of, char *value)
{
	const struct result *row = of;

	*value = '\0';
	for (int i = 0; i < COSTS; i++)
		if (row->costs->constant[i])
			strcat(strcat(value, *value ? "+" : ""), cost_names[i]);
	if (!*value)
		strcpy(value, "n/a");
}

const struct results_column result_columns[] = {
	{ "policy", -8, true, 0, write_policy },
	{ "frames", 12, false, 0, write_frames },
	{ "page", 6, true, 0, write_page },
	{ "sample", 8, false, 0, write_share },
	{ "trace", -8, true, 0, write_trace },
	{ "accesses", 14, false, 0, write_accesses },
	{ "pages", 11, false, 0, write_pages },
	{ "faults", 14, false, 0, write_faults },
	{ "ratio", 9, false, 0, write_ratio },
	{ "minor", 14, false, RESULT_FAULTS, write_minor },
	{ "major", 14, false, RESULT_FAULTS, write_major },
	{ "cow", 12, false, RESULT_MEMORY, write_cow },
	{ "reuses", 12, false, RESULT_MEMORY, write_reuses },
	{ "swap_ins", 12, false, RESULT_MEMORY, write_swap_ins },
	{ "swap_outs", 12, false, RESULT_MEMORY, write_swap_outs },
	{ "write_backs", 12, false, RESULT_MEMORY, write_write_backs },
	{ "prefetch", 8, false, RESULT_AHEAD, write_prefetch },
	{ "prefetched", 12, false, RESULT_AHEAD, write_prefetched },
	{ "prefetch_useful", 15, false, RESULT_AHEAD, write_prefetch_useful },
	{ "prefetch_wasted", 15, false, RESULT_AHEAD, write_prefetch_wasted },
	{ "prefetch_net_ns", 16, false, RESULT_AHEAD, write_prefetch_net },
	{ "precopy", 8, false, RESULT_AHEAD, write_precopy },
	{ "precopied", 12, false, RESULT_AHEAD, write_precopied },
	{ "precopy_useful", 14, false, RESULT_AHEAD, write_precopy_useful },
	{ "precopy_wasted", 14, false, RESULT_AHEAD, write_precopy_wasted },
	{ "precopy_net_ns", 16, false, RESULT_AHEAD, write_precopy_net },
	{ "nodes", 18, true, RESULT_NODES, write_nodes },
	{ "remote", 14, false, RESULT_NODES, write_remote },
	{ "remote_share", 12, false, RESULT_NODES, write_remote_share },
	{ "migrations", 12, false, RESULT_NODES, write_migrations },
	{ "huge", 8, true, RESULT_HUGE, write_huge },
	{ "huge_made", 12, false, RESULT_HUGE, write_huge_made },
	{ "huge_split", 12, false, RESULT_HUGE, write_huge_split },
	{ "time_ns", 16, false, RESULT_COSTS, write_time },
	{ "minor_ns", 10, false, RESULT_COSTS, write_minor_ns },
	{ "major_ns", 12, false, RESULT_COSTS, write_major_ns },
	{ "cow_ns", 10, false, RESULT_COSTS, write_cow_ns },
	{ "copy_ns", 10, false, RESULT_COSTS, write_copy_ns },
	{ "read_ns", 10, false, RESULT_COSTS, write_read_ns },
	{ "constants", 26, true, RESULT_COSTS, write_constants },
	{ "tlb", 8, true, 0, write_tlb },
	{ "tlb_misses", 14, false, 0, write_tlb_misses },
	{ "table", 8, true, 0, write_table },
	{ "table_bytes", 13, false, 0, write_table_bytes },
	{ "walk_references", 15, false, 0, write_references },
	{ 0 }
};
