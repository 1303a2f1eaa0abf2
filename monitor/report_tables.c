// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <string.h>

#include "report.h"

static const double NS_PER_S = 1e9, NS_PER_US = 1e3, BYTES_PER_MB = 1e6;

static void put_na(char text[REPORT_CELL_BYTES])
{
	strcpy(text, "n/a");
}

static bool known(const struct report *report, const struct timeline_process *process,
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

	if (known(report, process, name))
		*column_put(text, column, &process->last) = '\0';
	else
		put_na(text);
}

#define COLUMN(function, name)								\
	static void function(const struct report *report,				\
			     const struct timeline_process *process,			\
			     char text[REPORT_CELL_BYTES])				\
	{										\
		put_column(report, process, name, text);				\
	}

COLUMN(put_minor, "minor")
COLUMN(put_major, "major")
COLUMN(put_cow, "cow")
COLUMN(put_anon, "cow_anon")
COLUMN(put_zero, "cow_zero")
COLUMN(put_file, "cow_file")
COLUMN(put_file_first, "cow_file_first")
COLUMN(put_ksm, "cow_ksm")
COLUMN(put_hugetlb, "cow_hugetlb")
COLUMN(put_remote, "cow_remote")
COLUMN(put_copies, "copies_timed")
COLUMN(put_copies_missed, "copies_missed")
COLUMN(put_faults, "faults_timed")
COLUMN(put_faults_missed, "faults_missed")
COLUMN(put_precopied, "precopied")
COLUMN(put_used, "precopy_used")
COLUMN(put_wasted, "precopy_wasted")
COLUMN(put_refused, "precopy_refused")

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
	else if (known(report, process, "rss_bytes"))
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
	return known(report, process, "user_s") && known(report, process, "system_s");
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
	if (known(report, process, "copy_s"))
		put_ratio(process->last.copy_ns, process->last.copies_timed, 1 / NS_PER_US, text);
	else
		put_na(text);
}

static void put_fault_mean(const struct report *report, const struct timeline_process *process,
			   char text[REPORT_CELL_BYTES])
{
	if (known(report, process, "fault_s"))
		put_ratio(process->last.fault_ns, process->last.faults_timed, 1 / NS_PER_US, text);
	else
		put_na(text);
}

static void put_hits(const struct report *report, const struct timeline_process *process,
		     char text[REPORT_CELL_BYTES])
{
	const struct faultline_record *last = &process->last;

	if (known(report, process, "precopy_used"))
		put_ratio(last->precopy_used, last->precopy_used + last->precopy_wasted, 100, text);
	else
		put_na(text);
}

static const struct report_cell faults[] = {
	{ "pid", "process, in the initial pid namespace", put_pid },
	{ "life_s", "from the first record to the last", put_life },
	{ "minor", "faults served without I/O", put_minor },
	{ "major", "faults that waited for I/O", put_major },
	{ "cow", "pages copied on a write", put_cow },
	{ "cpu_s", "CPU time, user and system", put_cpu },
	{ "cpu_%", "of one CPU, over its life", put_cpu_share },
	{ "rss_max_MB", "the most resident memory that was sampled", put_memory },
	{ 0 }
};

static const struct report_cell kinds[] = {
	{ "anon", "anonymous memory that fork() left shared", put_anon },
	{ "zero", "the zero page, after a read", put_zero },
	{ "file", "a private file page that had been read", put_file },
	{ "file_first", "a private file page, written at first touch", put_file_first },
	{ "ksm", "a page that KSM had merged", put_ksm },
	{ "hugetlb", "a page of hugetlbfs", put_hugetlb },
	{ "remote", "by another process", put_remote },
	{ 0 }
};

static const struct report_cell times[] = {
	{ "copies", "copies that were timed", put_copies },
	{ "missed", "that ought to have been timed", put_copies_missed },
	{ "mean_us", "what a copy took on average", put_copy_mean },
	{ "faults", "whole copy-on-write faults that were timed", put_faults },
	{ "missed", "that ought to have been timed", put_faults_missed },
	{ "mean_us", "what a fault took on average", put_fault_mean },
	{ 0 }
};

static const struct report_cell precopies[] = {
	{ "copied", "pages copied ahead", put_precopied },
	{ "used", "of these, found used", put_used },
	{ "wasted", "of these, found unused", put_wasted },
	{ "refused", "pages that were to be copied and were not", put_refused },
	{ "hits_%", "used, of those known to be used or not", put_hits },
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
			cell->put(report, &report->timeline.processes[i], text);
			if (strcmp(text, "n/a") != 0)
				return true;
		}
	return false;
}
