// SPDX-License-Identifier: GPL-2.0
/*
 * The four columns of the course that this descends from, a row per tick: time in
 * jiffies, then minor faults, major faults and CPU time in jiffies, each of the time since
 * the row before and of all processes together.
 *
 * User space cannot ask for a kernel's rate of jiffies: they are taken to be 250 a second,
 * as in Debian's kernels, and counted from the clock's 0.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

#include "format.h"

enum {
	NS_PER_S	= 1000000000,
	JIFFIES_PER_S	= 250,
	NS_PER_JIFFY	= NS_PER_S / JIFFIES_PER_S,
};

/**
 * struct classic - a file being written
 * @output: where it goes
 * @origin: where the records come from
 * @first_seq: of the row's first record; 0 while there is none
 * @time_ns: the latest of its records
 * @minor: faults since the row before
 * @major: likewise
 * @cpu_ns: CPU time since the first record
 * @cpu_jiffies: of these, what rows have told
 */
struct classic {
	struct output *output;
	const struct origin *origin;
	uint64_t first_seq;
	uint64_t time_ns;
	uint64_t minor;
	uint64_t major;
	uint64_t cpu_ns;
	uint64_t cpu_jiffies;
};

static void *begin(struct output *output, const struct origin *origin)
{
	struct classic *classic = calloc(1, sizeof(*classic));

	if (!classic)
		return NULL;
	classic->output = output;
	classic->origin = origin;
	output_line(output, "# jiffies (%d a second) minor major cpu_jiffies\n", JIFFIES_PER_S);
	return classic;
}

static void write_row(struct classic *classic)
{
	uint64_t jiffies = classic->cpu_ns / NS_PER_JIFFY;

	output_line(classic->output, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
		    classic->time_ns / NS_PER_JIFFY, classic->minor, classic->major,
		    jiffies - classic->cpu_jiffies);
	classic->cpu_jiffies = jiffies;
	classic->first_seq = classic->minor = classic->major = 0;
}

/*
 * A tick samples each process once, except that a process may be born and sampled in it.
 * Records of one tick are close together, and a child's birth lies before them.
 */
static bool begins_tick(const struct classic *classic, const struct faultline_record *record,
			const struct faultline_record *before)
{
	uint32_t hz = __atomic_load_n(&classic->origin->header->hz, __ATOMIC_RELAXED);

	if (before && before->seq >= classic->first_seq && !(before->flags & FAULTLINE_FIRST))
		return true;
	return hz && record->time_ns > classic->time_ns &&
	       record->time_ns - classic->time_ns >= NS_PER_S / hz / 2;
}

static void write_record(void *state, const struct faultline_record *record,
			 const struct faultline_record *before, uint64_t lost)
{
	static const struct faultline_record nothing;
	struct classic *classic = state;

	(void)lost;
	if (classic->first_seq && begins_tick(classic, record, before))
		write_row(classic);
	if (!classic->first_seq)
		classic->first_seq = record->seq;
	if (!before)
		before = &nothing;
	if (record->time_ns > classic->time_ns)
		classic->time_ns = record->time_ns;
	classic->minor += record->minor_faults - before->minor_faults;
	classic->major += record->major_faults - before->major_faults;
	classic->cpu_ns += record->user_ns + record->system_ns - before->user_ns -
			   before->system_ns;
}

static void end(void *state, uint64_t lost)
{
	struct classic *classic = state;

	(void)lost;
	if (classic->first_seq)
		write_row(classic);
	free(classic);
}

const struct format format_classic = {
	.name = "classic",
	.summary = "jiffies, minor, major and CPU time of all processes",
	.begin = begin,
	.record = write_record,
	.end = end,
};
