// SPDX-License-Identifier: GPL-2.0
/*
 * profile.dat: records as text that gnuplot and numpy read.
 *
 * Lines that start with # tell of the run, of the columns with their units, of
 * each process when it is first seen or renamed, of lost records where they were lost
 * and in total, and at the end how long copies and faults took; all others are one
 * record each.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "columns.h"
#include "format.h"
#include "settings.h"
#include "text.h"

enum { FORMAT = 1 };

static_assert(COLUMNS * COLUMN_BYTES <= OUTPUT_LINE_MAX, "a row is a line");

/**
 * struct profile - a profile being written
 * @output: where it goes
 * @origin: where the records come from
 * @settings: as written last
 * @lost: records reported lost so far
 */
struct profile {
	struct output *output;
	const struct origin *origin;
	struct settings settings;
	uint64_t lost;
};

/* The module says 0 where it does not know. */
static const char *cost_text(uint64_t ns, char text[COLUMN_BYTES])
{
	if (!ns)
		return "n/a";
	snprintf(text, COLUMN_BYTES, "%" PRIu64, ns);
	return text;
}

static void write_latency_cost(struct output *output, const struct settings *settings)
{
	char copy[COLUMN_BYTES], fault[COLUMN_BYTES];

	output_line(output, "# latency_cost_ns: copy=%s fault=%s\n",
		    cost_text(settings->copy_cost_ns, copy),
		    cost_text(settings->fault_cost_ns, fault));
}

/*
 * What the module may change while it runs is written whenever it differs; and @all
 * of it at first, when there is nothing yet that it could differ from.
 */
static void write_settings(struct profile *profile, bool all)
{
	struct settings *written = &profile->settings, now;

	settings_read(&now, profile->origin->header);
	if (all || now.hz != written->hz)
		output_line(profile->output, "# hz: %" PRIu32 "\n", now.hz);
	if (all || strcmp(now.cow_method, written->cow_method) != 0)
		output_line(profile->output, "# cow: %s\n", now.cow_method);
	if (all || now.latency != written->latency)
		output_line(profile->output, "# latency: %s\n",
			    settings_latency_name(now.latency));
	if (all || now.copy_cost_ns != written->copy_cost_ns ||
	    now.fault_cost_ns != written->fault_cost_ns)
		write_latency_cost(profile->output, &now);
	*written = now;
}

static void write_machine(struct profile *profile, const struct machine *machine)
{
	output_line(profile->output, "# kernel: %s\n", machine->kernel);
	output_line(profile->output, "# cpu: %s\n", machine->cpu);
	output_line(profile->output, "# memory_bytes: %s\n", machine->memory_bytes);
	output_line(profile->output, "# recorded: %s\n", machine->recorded);
}

static void write_columns(struct output *output)
{
	char *at = stpcpy(output_reserve(output), "# columns:");

	for (int i = 0; i < COLUMNS; i++)
		at += sprintf(at, " %s", columns[i].name);
	*at++ = '\n';
	output_commit(output, at);
}

static void *begin(struct output *output, const struct origin *origin)
{
	struct profile *profile = calloc(1, sizeof(*profile));

	if (!profile)
		return NULL;
	profile->output = output;
	profile->origin = origin;
	output_line(output, "# faultline profile, format %d\n", FORMAT);
	write_machine(profile, &origin->machine);
	output_line(output, "# clock: %s\n",
		    origin->header->clock == CLOCK_MONOTONIC ? "CLOCK_MONOTONIC" : "n/a");
	write_settings(profile, true);
	write_columns(output);
	return profile;
}

static void name_process(struct profile *profile, const struct faultline_record *record)
{
	char text[TEXT_WORD_BYTES];

	text_word(record->comm, text);
	output_line(profile->output,
		    "# process: id=%" PRIu64 " pid=%" PRId32 " ppid=%" PRId32 " comm=%s\n",
		    (uint64_t)record->id, record->pid, record->ppid, text);
}

static void write_row(struct profile *profile, const struct faultline_record *record)
{
	char *at = columns_put(output_reserve(profile->output), record, profile->origin->lacking,
			       "n/a", ' ');

	at[-1] = '\n';
	output_commit(profile->output, at);
}

static void write_record(void *state, const struct faultline_record *record,
			 const struct faultline_record *before, uint64_t lost)
{
	struct profile *profile = state;

	write_settings(profile, false);
	if (lost != profile->lost) {
		output_line(profile->output, "# lost: %" PRIu64 " records before seq %" PRIu64 "\n",
			    lost - profile->lost, (uint64_t)record->seq);
		profile->lost = lost;
	}
	if (!before || memcmp(before->comm, record->comm, sizeof(before->comm)) != 0)
		name_process(profile, record);
	write_row(profile, record);
}

/* A line for every few buckets that are not empty. */
static void write_histogram(struct output *output, const char *measure,
			    const struct histogram *histogram)
{
	enum { A_LINE = 8 };
	char *at = NULL;
	int written = 0;

	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		if (!histogram->buckets[i])
			continue;
		if (written++ % A_LINE == 0) {
			at = output_reserve(output);
			at += sprintf(at, "# histogram: %s ", measure);
		} else {
			*at++ = ',';
		}
		at += sprintf(at, "%" PRIu64 "-%" PRIu64 ":%" PRIu64, histogram_start(i),
			      histogram_start(i + 1), histogram->buckets[i]);
		if (written % A_LINE == 0)
			output_commit(output, stpcpy(at, "\n"));
	}
	if (written % A_LINE)
		output_commit(output, stpcpy(at, "\n"));
}

static void end(void *state, uint64_t lost)
{
	struct profile *profile = state;
	const struct histogram *histograms = profile->origin->histograms;

	for (int measure = 0; histograms && measure < HISTOGRAM_MEASURES; measure++)
		write_histogram(profile->output, histogram_measures[measure],
				&histograms[measure]);
	output_line(profile->output, "# lost: %" PRIu64 " records in total\n", lost);
	free(profile);
}

const struct format format_dat = {
	.name = "dat",
	.summary = "profile.dat: text for gnuplot, numpy and report",
	.begin = begin,
	.record = write_record,
	.end = end,
};
