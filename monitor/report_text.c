// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "settings.h"
#include "text.h"

enum {
	INDENT	= 2,
	DEEPEST	= 12,	/* levels of the tree that are indented */
	CELLS	= 16,
};

static void write_cost(FILE *file, const char *name, uint64_t ns)
{
	if (ns)
		fprintf(file, ", an empty measurement of a %s reads %" PRIu64 " ns", name, ns);
}

static void write_facts(const struct report *report, FILE *file)
{
	const struct recording *recording = report->recording;
	const struct machine *machine = &recording->origin.machine;
	const struct faultline_header *header = &recording->header;
	const struct timeline *timeline = &report->timeline;

	fprintf(file, "%s\n", recording->path);
	fprintf(file, "  kernel    %s\n", machine->kernel);
	fprintf(file, "  cpu       %s\n", machine->cpu);
	fprintf(file, "  memory    %s bytes\n", machine->memory_bytes);
	fprintf(file, "  recorded  %s, %" PRIu32 " samples a second\n", machine->recorded, header->hz);
	fprintf(file, "  cow       %s\n", header->cow_method);
	fprintf(file, "  latency   %s", settings_latency_name(header->latency));
	write_cost(file, "copy", header->copy_cost_ns);
	write_cost(file, "fault", header->fault_cost_ns);
	fprintf(file, "\n  run       %.2f s, %zu processes, %" PRIu64 " records, %" PRIu64 " lost\n",
		(double)(timeline->end_ns - timeline->start_ns) / 1e9, timeline->count,
		timeline->records, recording->lost);
}

static int indent(const struct timeline_process *process)
{
	return INDENT * (int)(process->depth < DEEPEST ? process->depth : DEEPEST);
}

static void name(const struct report *report, const struct timeline_process *process,
		 char word[TEXT_WORD_BYTES])
{
	if (process == &report->total)
		strcpy(word, "total");
	else
		text_word(process->last.comm, word);
}

static int widest_name(const struct report *report)
{
	char word[TEXT_WORD_BYTES];
	int width = 0, this;

	for (size_t i = 0; i < report->timeline.count; i++) {
		name(report, &report->timeline.processes[i], word);
		this = indent(&report->timeline.processes[i]) + (int)strlen(word);
		width = this > width ? this : width;
	}
	return width > 7 ? width : 7;
}

/* As wide as its title, or the widest figure in it. */
static int width_of(const struct report *report, const struct report_cell *cell)
{
	char text[REPORT_CELL_BYTES];
	int width = (int)strlen(cell->title), this;

	report_cell_put(report, cell, &report->total, text);
	this = (int)strlen(text);
	width = this > width ? this : width;
	for (size_t i = 0; i < report->timeline.count; i++) {
		report_cell_put(report, cell, &report->timeline.processes[i], text);
		this = (int)strlen(text);
		width = this > width ? this : width;
	}
	return width;
}

static void write_row(const struct report *report, const struct report_table *table,
		      const struct timeline_process *process, int names, const int widths[CELLS],
		      FILE *file)
{
	char word[TEXT_WORD_BYTES], text[REPORT_CELL_BYTES];

	name(report, process, word);
	fprintf(file, "  %*s%-*s", indent(process), "", names - indent(process), word);
	for (int i = 0; table->cells[i].title; i++) {
		report_cell_put(report, &table->cells[i], process, text);
		fprintf(file, "  %*s", widths[i], text);
	}
	putc('\n', file);
}

static void write_table(const struct report *report, const struct report_table *table, FILE *file)
{
	int names = widest_name(report), widths[CELLS] = { 0 };

	if (!report_table_known(report, table)) {
		fprintf(file, "\n%s: %s\n", table->title, table->absent);
		return;
	}
	fprintf(file, "\n%s\n  %-*s", table->title, names, "process");
	for (int i = 0; table->cells[i].title; i++) {
		widths[i] = width_of(report, &table->cells[i]);
		fprintf(file, "  %*s", widths[i], table->cells[i].title);
	}
	putc('\n', file);
	for (size_t i = 0; i < report->timeline.count; i++)
		write_row(report, table, &report->timeline.processes[i], names, widths, file);
	write_row(report, table, &report->total, names, widths, file);
}

static void write_percentiles(const struct report *report, FILE *file)
{
	static const unsigned int permille[] = { 500, 900, 990, 999 };
	const struct histogram *histogram;

	for (int measure = 0; measure < HISTOGRAM_MEASURES; measure++) {
		histogram = &report->recording->histograms[measure];
		if (!histogram_count(histogram))
			continue;
		fprintf(file, "  %s: %" PRIu64 " timed while this was recorded; ns:",
			histogram_measures[measure], histogram_count(histogram));
		for (size_t i = 0; i < sizeof(permille) / sizeof(permille[0]); i++)
			fprintf(file, " p%g %" PRIu64, permille[i] / 10.,
				histogram_percentile(histogram, permille[i]));
		putc('\n', file);
	}
}

void report_text(const struct report *report, FILE *file)
{
	write_facts(report, file);
	for (const struct report_table *table = report_tables; table->title; table++)
		write_table(report, table, file);
	write_percentiles(report, file);
}
