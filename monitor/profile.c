// SPDX-License-Identifier: GPL-2.0
/*
 * profile.dat: records as text that gnuplot and numpy read.
 *
 * Lines that start with # tell of the run, of the columns with their units, of
 * each process when it is first seen or renamed, and of lost records where they
 * were lost and in total; all others are one record each.
 */
#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "format.h"

enum {
	FORMAT		= 1,
	COLUMNS		= 32,
	COLUMN_BYTES	= 22,	/* the 20 digits of 64 bits, a point and a blank */
	NS_PER_S	= 1000000000,
};

static_assert(COLUMNS * COLUMN_BYTES <= OUTPUT_LINE_MAX, "a row is a line");
static_assert(FAULTLINE_KINDS == 7, "begin() names a column for each");

/**
 * struct profile - a profile being written
 * @output: where it goes
 * @header: the ring's
 * @hz: sampling rate as written last
 * @cow_method: as written last
 * @latency: what is being timed, as written last
 * @copy_cost_ns: as written last
 * @fault_cost_ns: as written last
 * @lost: records reported lost so far
 */
struct profile {
	struct output *output;
	const struct faultline_header *header;
	uint32_t hz;
	char cow_method[FAULTLINE_METHOD_LEN];
	uint32_t latency;
	uint64_t copy_cost_ns;
	uint64_t fault_cost_ns;
	uint64_t lost;
};

static const char *latency_name(uint32_t latency)
{
	static const char * const names[] = {
		[FAULTLINE_LATENCY_OFF]		= "off",
		[FAULTLINE_LATENCY_COPY]	= "copy",
		[FAULTLINE_LATENCY_FAULT]	= "fault",
	};

	return latency < sizeof(names) / sizeof(names[0]) ? names[latency] : "n/a";
}

/* The module says 0 where it does not know. */
static const char *cost_text(uint64_t ns, char text[COLUMN_BYTES])
{
	if (!ns)
		return "n/a";
	snprintf(text, COLUMN_BYTES, "%" PRIu64, ns);
	return text;
}

static void write_latency_cost(struct profile *profile)
{
	char copy[COLUMN_BYTES], fault[COLUMN_BYTES];

	output_line(profile->output, "# latency_cost_ns: copy=%s fault=%s\n",
	     cost_text(profile->copy_cost_ns, copy), cost_text(profile->fault_cost_ns, fault));
}

/*
 * What the module may change while it runs is written whenever it differs; and @all
 * of it at first, when there is nothing yet that it could differ from.
 */
static void write_settings(struct profile *profile, bool all)
{
	const struct faultline_header *header = profile->header;
	uint32_t hz = __atomic_load_n(&header->hz, __ATOMIC_RELAXED);
	uint32_t latency = __atomic_load_n(&header->latency, __ATOMIC_RELAXED);
	uint64_t copy_ns = __atomic_load_n(&header->copy_cost_ns, __ATOMIC_RELAXED);
	uint64_t fault_ns = __atomic_load_n(&header->fault_cost_ns, __ATOMIC_RELAXED);

	if (all || hz != profile->hz) {
		profile->hz = hz;
		output_line(profile->output, "# hz: %" PRIu32 "\n", hz);
	}
	/* The field's last byte is there to end the text, whatever it holds. */
	if (all ||
	    strncmp(profile->cow_method, header->cow_method, FAULTLINE_METHOD_LEN - 1) != 0) {
		memcpy(profile->cow_method, header->cow_method, FAULTLINE_METHOD_LEN - 1);
		output_line(profile->output, "# cow: %s\n", profile->cow_method);
	}
	if (all || latency != profile->latency) {
		profile->latency = latency;
		output_line(profile->output, "# latency: %s\n", latency_name(latency));
	}
	if (all || copy_ns != profile->copy_cost_ns || fault_ns != profile->fault_cost_ns) {
		profile->copy_cost_ns = copy_ns;
		profile->fault_cost_ns = fault_ns;
		write_latency_cost(profile);
	}
}

static void write_machine(struct profile *profile, const struct machine *machine)
{
	output_line(profile->output, "# kernel: %s\n", machine->kernel);
	output_line(profile->output, "# cpu: %s\n", machine->cpu);
	output_line(profile->output, "# memory_bytes: %s\n", machine->memory_bytes);
	output_line(profile->output, "# recorded: %s\n", machine->recorded);
}

static void *begin(struct output *output, const struct origin *origin)
{
	struct profile *profile = calloc(1, sizeof(*profile));

	if (!profile)
		return NULL;
	profile->output = output;
	profile->header = origin->header;
	output_line(output, "# faultline profile, format %d\n", FORMAT);
	write_machine(profile, &origin->machine);
	output_line(output, "# clock: %s\n",
		    profile->header->clock == CLOCK_MONOTONIC ? "CLOCK_MONOTONIC" : "n/a");
	write_settings(profile, true);
	output_line(output, "# columns: time_s pid ppid id seq flags threads minor major cow user_s "
			    "system_s rss_bytes swap_bytes parent_id cow_anon cow_zero cow_file "
			    "cow_file_first cow_ksm cow_hugetlb cow_remote copies_timed "
			    "copies_missed copy_s faults_timed faults_missed fault_s precopied "
			    "precopy_used precopy_wasted precopy_refused\n");
	return profile;
}

/* One word always: blanks, backslashes, what does not print and no name become \xNN. */
static void escape(const char comm[FAULTLINE_COMM_LEN], char text[4 * FAULTLINE_COMM_LEN + 1])
{
	unsigned char c;

	strcpy(text, *comm ? "" : "\\x00");
	for (int i = 0; i < FAULTLINE_COMM_LEN && comm[i]; i++) {
		c = (unsigned char)comm[i];
		text += sprintf(text, isgraph(c) && c != '\\' ? "%c" : "\\x%02x", c);
	}
}

static void name_process(struct profile *profile, const struct faultline_record *record)
{
	char text[4 * FAULTLINE_COMM_LEN + 1];

	escape(record->comm, text);
	output_line(profile->output,
		    "# process: id=%" PRIu64 " pid=%" PRId32 " ppid=%" PRId32 " comm=%s\n",
		    (uint64_t)record->id, record->pid, record->ppid, text);
}

/*
 * Rows are most of what is written; a printf(3) of their first fourteen numbers cost some
 * 7,600 instructions, this way all are 2,000, or 2,800 where none is n/a.
 */
static char *put_number(char *at, uint64_t number)
{
	char digits[20];
	int count = 0;

	do
		digits[count++] = (char)('0' + number % 10);
	while (number /= 10);
	while (count)
		*at++ = digits[--count];
	*at++ = ' ';
	return at;
}

static char *put_seconds(char *at, uint64_t ns)
{
	uint32_t fraction = ns % NS_PER_S;

	at = put_number(at, ns / NS_PER_S);
	at[-1] = '.';
	for (int digit = 8; digit >= 0; digit--, fraction /= 10)
		at[digit] = (char)('0' + fraction % 10);
	at[9] = ' ';
	return at + 10;
}

/* What the record has only with all of these flags. */
static char *put_number_if(char *at, const struct faultline_record *record, uint32_t flags,
			   uint64_t number)
{
	return (record->flags & flags) == flags ? put_number(at, number) : stpcpy(at, "n/a ");
}

static char *put_seconds_if(char *at, const struct faultline_record *record, uint32_t flags,
			    uint64_t ns)
{
	return (record->flags & flags) == flags ? put_seconds(at, ns) : stpcpy(at, "n/a ");
}

static char *put_kinds(char *at, const struct faultline_record *record)
{
	/* Kinds that need hooks of their own may lack them where COW is counted. */
	static const uint32_t flags[FAULTLINE_KINDS] = {
		[FAULTLINE_FILE_FIRST]	= FAULTLINE_COW_FILE_FIRST,
		[FAULTLINE_HUGETLB]	= FAULTLINE_COW_HUGETLB,
	};

	for (int kind = 0; kind < FAULTLINE_KINDS; kind++)
		at = put_number_if(at, record, FAULTLINE_COW | flags[kind],
				   record->cow_kinds[kind]);
	return at;
}

static char *put_times(char *at, const struct faultline_record *record)
{
	at = put_number_if(at, record, FAULTLINE_COPY_TIMES, record->copies_timed);
	at = put_number_if(at, record, FAULTLINE_COPY_TIMES, record->copies_missed);
	at = put_seconds_if(at, record, FAULTLINE_COPY_TIMES, record->copy_ns);
	at = put_number_if(at, record, FAULTLINE_FAULT_TIMES, record->faults_timed);
	at = put_number_if(at, record, FAULTLINE_FAULT_TIMES, record->faults_missed);
	return put_seconds_if(at, record, FAULTLINE_FAULT_TIMES, record->fault_ns);
}

static char *put_precopies(char *at, const struct faultline_record *record)
{
	at = put_number_if(at, record, FAULTLINE_PRECOPY, record->precopied);
	at = put_number_if(at, record, FAULTLINE_PRECOPY, record->precopy_used);
	at = put_number_if(at, record, FAULTLINE_PRECOPY, record->precopy_wasted);
	return put_number_if(at, record, FAULTLINE_PRECOPY, record->precopy_refused);
}

static void write_row(struct output *output, const struct faultline_record *record)
{
	char *at = output_reserve(output);

	at = put_seconds(at, record->time_ns);
	at = put_number(at, (uint32_t)record->pid);
	at = put_number(at, (uint32_t)record->ppid);
	at = put_number(at, record->id);
	at = put_number(at, record->seq);
	at = put_number(at, record->flags);
	at = put_number(at, record->threads);
	at = put_number(at, record->minor_faults);
	at = put_number(at, record->major_faults);
	at = put_number_if(at, record, FAULTLINE_COW, record->cow_faults);
	at = put_seconds(at, record->user_ns);
	at = put_seconds(at, record->system_ns);
	at = put_number(at, record->rss_bytes);
	at = put_number(at, record->swap_bytes);
	at = put_number(at, record->parent_id);
	at = put_kinds(at, record);
	at = put_times(at, record);
	at = put_precopies(at, record);
	at[-1] = '\n';
	output_commit(output, at);
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
	write_row(profile->output, record);
}

static void end(void *state, uint64_t lost)
{
	struct profile *profile = state;

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
