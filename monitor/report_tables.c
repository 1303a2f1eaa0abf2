// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <string.h>

#include "report.h"

static const double NS_PER_S = 1e9, NS_PER_US = 1e3, BYTES_PER_MB = 1e6;

static void put_na(char text[REPORT_CELL_BYTES])
{
	strcpy(text, "n/a");
}

bool report_known(const struct report *report, const struct timeline_process *process,
		  const char *name)
{
	return column_known(columns_find(name, strlen(name)), &process->last,
			    report->recording->origin.lacking);
}

/* One column of the last record. */
static void put_column(const struct report *report, const struct timeline_process *process,
		       const char *name, char text[REPORT_CELL_BYTES])
{
	const struct column *column = columns_find(name, strlen(name));

	if (report_known(report, process, name))
		*column_put(text, column, &process->last) = '\0';
	else
		put_na(text);
}

void report_cell_put(const struct report *report, const struct report_cell *cell,
		     const struct timeline_process *process, char text[REPORT_CELL_BYTES])
{
	if (cell->column)
		put_column(report, process, cell->column, text);
	else
		cell->put(report, process, text);
}

/* Of all together there is no one pid, nor a moment of the most memory. */
static void put_pid(const struct report *report, const struct timeline_process *process,
		    char text[REPORT_CELL_BYTES])
{
	if (process == &report->total)
		*text = '\0';
	else
		snprintf(text, REPORT_CELL_BYTES, "%" PRId32, process->last.pid);
}

static void put_memory(const struct report *report, const struct timeline_process *process,
		       char text[REPORT_CELL_BYTES])
{
	if (process == &report->total)
		*text = '\0';
	else if (report_known(report, process, "rss_bytes"))
		snprintf(text, REPORT_CELL_BYTES, "%.1f", (double)process->rss_max / BYTES_PER_MB);
	else
		put_na(text);
}

static double life(const struct timeline_process *process)
{
	return (double)(process->last.time_ns - process->first.time_ns) / NS_PER_S;
}

static void put_life(const struct report *report, const struct timeline_process *process,
		     char text[REPORT_CELL_BYTES])
{
	(void)report;
	snprintf(text, REPORT_CELL_BYTES, "%.2f", life(process));
}

static double cpu(const struct timeline_process *process)
{
	return (double)(process->last.user_ns + process->last.system_ns) / NS_PER_S;
}

static bool cpu_known(const struct report *report, const struct timeline_process *process)
{
	return report_known(report, process, "user_s") && report_known(report, process, "system_s");
}

static void put_cpu(const struct report *report, const struct timeline_process *process,
		    char text[REPORT_CELL_BYTES])
{
	if (cpu_known(report, process))
		snprintf(text, REPORT_CELL_BYTES, "%.2f", cpu(process));
	else
		put_na(text);
}

static void put_cpu_share(const struct report *report, const struct timeline_process *process,
			  char text[REPORT_CELL_BYTES])
{
	if (cpu_known(report, process) && life(process) > 0)
		snprintf(text, REPORT_CELL_BYTES, "%.1f", 100 * cpu(process) / life(process));
	else
		put_na(text);
}

static void put_ratio(uint64_t of, uint64_t to, double scale, char text[REPORT_CELL_BYTES])
{
	if (to)
		snprintf(text, REPORT_CELL_BYTES, "%.3g", (double)of / (double)to * scale);
	else
		put_na(text);
}

static void put_copy_mean(const struct report *report, const struct timeline_process *process,
			  char text[REPORT_CELL_BYTES])
{
	if (report_known(report, process, "copy_s"))
		put_ratio(process->last.copy_ns, process->last.copies_timed, 1 / NS_PER_US, text);
	else
		put_na(text);
}

static void put_fault_mean(const struct report *report, const struct timeline_process *process,
			   char text[REPORT_CELL_BYTES])
{
	if (report_known(report, process, "fault_s"))
		put_ratio(process->last.fault_ns, process->last.faults_timed, 1 / NS_PER_US, text);
	else
		put_na(text);
}

static void put_hits(const struct report *report, const struct timeline_process *process,
		     char text[REPORT_CELL_BYTES])
{
	const struct faultline_record *last = &process->last;

	if (report_known(report, process, "precopy_used"))
		put_ratio(last->precopy_used, last->precopy_used + last->precopy_wasted, 100, text);
	else
		put_na(text);
}

static const struct report_cell faults[] = {
	{ "pid", "process, in the initial pid namespace", NULL, put_pid },
	{ "life_s", "from the first record to the last", NULL, put_life },
	{ "minor", "faults served without I/O", "minor", NULL },
	{ "major", "faults that waited for I/O", "major", NULL },
	{ "cow", "pages copied on a write", "cow", NULL },
	{ "cpu_s", "CPU time, user and system", NULL, put_cpu },
	{ "cpu_%", "of one CPU, over its life", NULL, put_cpu_share },
	{ "rss_max_MB", "the most resident memory that was sampled", NULL, put_memory },
	{ 0 }
};

static const struct report_cell kinds[] = {
	{ "anon", "anonymous memory that fork() left shared", "cow_anon", NULL },
	{ "zero", "the zero page, after a read", "cow_zero", NULL },
	{ "file", "a private file page that had been read", "cow_file", NULL },
	{ "file_first", "a private file page, written at first touch", "cow_file_first", NULL },
	{ "ksm", "a page that KSM had merged", "cow_ksm", NULL },
	{ "hugetlb", "a page of hugetlbfs", "cow_hugetlb", NULL },
	{ "remote", "by another process", "cow_remote", NULL },
	{ 0 }
};

static const struct report_cell times[] = {
	{ "copies", "copies that were timed", "copies_timed", NULL },
	{ "missed", "that ought to have been timed", "copies_missed", NULL },
	{ "mean_us", "what a copy took on average", NULL, put_copy_mean },
	{ "faults", "whole copy-on-write faults that were timed", "faults_timed", NULL },
	{ "missed", "that ought to have been timed", "faults_missed", NULL },
	{ "mean_us", "what a fault took on average", NULL, put_fault_mean },
	{ 0 }
};

static const struct report_cell precopies[] = {
	{ "copied", "pages copied ahead", "precopied", NULL },
	{ "used", "of these, found used", "precopy_used", NULL },
	{ "wasted", "of these, found unused", "precopy_wasted", NULL },
	{ "refused", "pages that were to be copied and were not", "precopy_refused", NULL },
	{ "hits_%", "used, of those known to be used or not", NULL, put_hits },
	{ 0 }
};

const struct report_table report_tables[] = {
	{ "Faults", NULL, faults },
	{ "Copy-on-write by kind", "not counted, or the recording is older", kinds },
	{ "Times", "not measured: latency=off", times },
	{ "Pre-copy", "none: this kernel has no engine for it, or the recording is older", precopies },
	{ 0 }
};

bool report_table_known(const struct report *report, const struct report_table *table)
{
	char text[REPORT_CELL_BYTES];

	if (!table->absent)
		return true;
	for (size_t i = 0; i < report->timeline.count; i++)
		for (const struct report_cell *cell = table->cells; cell->title; cell++) {
			report_cell_put(report, cell, &report->timeline.processes[i], text);
			if (strcmp(text, "n/a") != 0)
				return true;
		}
	return false;
}
