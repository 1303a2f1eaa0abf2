// SPDX-License-Identifier: GPL-2.0
/*
 * page.html with what is in {{braces}} filled in: tables, which are there without scripts,
 * too, and the data that the page's script draws, as JSON.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "settings.h"
#include "text.h"

extern const char page_html[], page_html_end[];

/* ---- Tables ---- */

static void write_escaped(const char *text, FILE *file)
{
	for (; *text; text++) {
		if (strchr("&<>\"'", *text))
			fprintf(file, "&#%d;", *text);
		else
			putc(*text, file);
	}
}

/* Of a file's or a machine's name: whatever bytes it has, a string of the page. */
static void write_string(const char *text, FILE *file)
{
	size_t length = strlen(text);
	char *quoted = malloc(6 * length + 2), *end;

	if (!quoted)
		return;
	end = text_json(quoted, text, length);
	fwrite(quoted, 1, (size_t)(end - quoted), file);
	free(quoted);
}

static void write_name(const struct report *report, const struct timeline_process *process,
		       FILE *file)
{
	char name[TEXT_QUOTED_BYTES] = "all";

	if (process != &report->total)
		*text_utf8(name, process->last.comm, FAULTLINE_COMM_LEN) = '\0';
	fprintf(file, "<th scope=row style=\"--depth:%u\">", process->depth);
	write_escaped(name, file);
	fputs("</th>", file);
}

static void write_row(const struct report *report, const struct report_table *table,
		      const struct timeline_process *process, FILE *file)
{
	char text[REPORT_CELL_BYTES];

	fprintf(file, "<tr data-id=%" PRIu64 ">", (uint64_t)process->last.id);
	write_name(report, process, file);
	for (const struct report_cell *cell = table->cells; cell->title; cell++) {
		report_cell_put(report, cell, process, text);
		fprintf(file, "<td>%s</td>", text);
	}
	fputs("</tr>\n", file);
}

static void write_table(const struct report *report, const struct report_table *table, FILE *file)
{
	/* The page's script says so where the figure would be. */
	if (!report_table_known(report, table)) {
		fprintf(file, "<noscript><p>%s: %s</p></noscript>\n", table->title, table->absent);
		return;
	}
	fprintf(file, "<section class=card><h2>%s</h2>\n", table->title);
	fputs("<div class=scroll tabindex=0><table class=processes><thead><tr>"
	      "<th scope=col>process</th>", file);
	for (const struct report_cell *cell = table->cells; cell->title; cell++)
		fprintf(file, "<th scope=col title=\"%s\">%s</th>", cell->hint, cell->title);
	fputs("</tr></thead><tbody>\n", file);
	for (size_t i = 0; i < report->timeline.count; i++)
		write_row(report, table, &report->timeline.processes[i], file);
	fputs("</tbody><tfoot>", file);
	write_row(report, table, &report->total, file);
	fputs("</tfoot></table></div></section>\n", file);
}

static void write_tables(const struct report *report, FILE *file)
{
	for (const struct report_table *table = report_tables; table->title; table++)
		write_table(report, table, file);
}

/* ---- Data ---- */

static void write_columns(const struct report *report, const struct timeline_process *process,
			  FILE *file)
{
	char number[COLUMN_BYTES], *end;

	for (int i = 0; i < COLUMNS; i++) {
		fprintf(file, ",\"%s\":", columns[i].name);
		end = stpcpy(number, "null");
		if (column_known(&columns[i], &process->last, report->recording->origin.lacking))
			end = column_put(number, &columns[i], &process->last);
		fwrite(number, 1, (size_t)(end - number), file);
	}
}

/* The steps of one counter, each against the one before; the first against the start. */
static void write_series(const char *name, const struct timeline_process *process,
			 size_t offset, uint64_t unit, uint64_t start, FILE *file)
{
	uint64_t before = start / unit, now;

	fprintf(file, ",\"%s\":[", name);
	for (size_t i = 0; i < process->count; i++) {
		memcpy(&now, (const char *)&process->points[i] + offset, sizeof(now));
		now /= unit;
		fprintf(file, i ? ",%" PRId64 : "%" PRId64, (int64_t)(now - before));
		before = now;
	}
	putc(']', file);
}

#define SERIES(name, field, unit, start)						\
	write_series(name, process, offsetof(struct timeline_point, field), unit, start, file)

/* In ms since the start, faults, us of CPU time, and KB. */
static void write_points(const struct report *report, const struct timeline_process *process,
			 FILE *file)
{
	const struct faultline_record *first = &process->first;

	SERIES("t", time_ns, 1000000, report->timeline.start_ns);
	SERIES("minors", minor, 1, first->minor_faults);
	SERIES("majors", major, 1, first->major_faults);
	if (report_known(report, process, "cow"))
		SERIES("cows", cow, 1, first->cow_faults);
	SERIES("user", user_ns, 1000, first->user_ns);
	SERIES("system", system_ns, 1000, first->system_ns);
	SERIES("rss", rss_bytes, 1000, 0);
	if (report_known(report, process, "precopied") && process->last.precopied) {
		SERIES("used", used, 1, first->precopy_used);
		SERIES("wasted", wasted, 1, first->precopy_wasted);
	}
}

static void write_process(const struct report *report, const struct timeline_process *process,
			  FILE *file)
{
	char comm[TEXT_QUOTED_BYTES], *end;

	end = text_json(comm, process->last.comm, FAULTLINE_COMM_LEN);
	fputs("{\"comm\":", file);
	fwrite(comm, 1, (size_t)(end - comm), file);
	fprintf(file, ",\"depth\":%u,\"begin\":%.3f,\"end\":%.3f", process->depth,
		((double)process->first.time_ns - (double)report->timeline.start_ns) / 1e6,
		((double)process->last.time_ns - (double)report->timeline.start_ns) / 1e6);
	write_columns(report, process, file);
	write_points(report, process, file);
	putc('}', file);
}

static void write_histograms(const struct report *report, FILE *file)
{
	const uint64_t *buckets;
	const char *separator;

	for (int measure = 0; measure < HISTOGRAM_MEASURES; measure++) {
		buckets = report->recording->histograms[measure].buckets;
		separator = "";
		fprintf(file, "%s\"%s\":[", measure ? "," : "", histogram_measures[measure]);
		for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++) {
			if (!buckets[i])
				continue;
			fprintf(file, "%s[%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]", separator,
				histogram_start(i), histogram_start(i + 1), buckets[i]);
			separator = ",";
		}
		putc(']', file);
	}
}

static void write_text(const char *name, const char *text, FILE *file)
{
	fprintf(file, ",\"%s\":", name);
	write_string(text, file);
}

static void write_run(const struct report *report, FILE *file)
{
	const struct recording *recording = report->recording;
	const struct machine *machine = &recording->origin.machine;

	fprintf(file, "\"records\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"hz\":%" PRIu32
		",\"duration\":%.3f", report->timeline.records, recording->lost,
		recording->header.hz,
		(double)(report->timeline.end_ns - report->timeline.start_ns) / 1e6);
	write_text("file", recording->path, file);
	write_text("damage", recording->why, file);
	write_text("kernel", machine->kernel, file);
	write_text("cpu", machine->cpu, file);
	write_text("memory", machine->memory_bytes, file);
	write_text("recorded", machine->recorded, file);
	write_text("cow_method", recording->header.cow_method, file);
	write_text("latency", settings_latency_name(recording->header.latency), file);
	fprintf(file, ",\"copy_cost_ns\":%" PRIu64 ",\"fault_cost_ns\":%" PRIu64,
		(uint64_t)recording->header.copy_cost_ns,
		(uint64_t)recording->header.fault_cost_ns);
}

static void write_data(const struct report *report, FILE *file)
{
	const struct timeline *timeline = &report->timeline;

	putc('{', file);
	write_run(report, file);
	fputs(",\"histograms\":{", file);
	write_histograms(report, file);
	fputs("},\"total\":", file);
	write_process(report, &report->total, file);
	fputs(",\"processes\":[", file);
	for (size_t i = 0; i < timeline->count; i++) {
		fputs(i ? ",\n" : "\n", file);
		write_process(report, &timeline->processes[i], file);
	}
	fputs("]}", file);
}

/* ---- The page ---- */

static void write_title(const struct report *report, FILE *file)
{
	const char *path = report->recording->path, *slash = strrchr(path, '/');

	write_escaped(slash ? slash + 1 : path, file);
}

/* What stands at a {{name}}; the name ends at the braces. */
static void write_part(const struct report *report, const char *name, FILE *file)
{
	static const struct {
		const char *name;
		void (*write)(const struct report *report, FILE *file);
	} parts[] = {
		{ "title}}", write_title }, { "tables}}", write_tables }, { "data}}", write_data },
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strncmp(name, parts[i].name, strlen(parts[i].name)) == 0)
			parts[i].write(report, file);
}

void report_page(const struct report *report, FILE *file)
{
	const char *at = page_html, *braces;

	while ((braces = memmem(at, (size_t)(page_html_end - at), "{{", 2))) {
		fwrite(at, 1, (size_t)(braces - at), file);
		write_part(report, braces + 2, file);
		at = (const char *)memmem(braces, (size_t)(page_html_end - braces), "}}", 2) + 2;
	}
	fwrite(at, 1, (size_t)(page_html_end - at), file);
}
