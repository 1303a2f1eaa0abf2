// SPDX-License-Identifier: GPL-2.0
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <search.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "profile.h"

enum {
	FORMAT		= 1,
	COLUMNS		= 32,
	COLUMN_BYTES	= 22,	/* the 20 digits of 64 bits, a point and a blank */
	LINE_MAX_BYTES	= COLUMNS * COLUMN_BYTES,	/* no line of ours is longer */
	NS_PER_S	= 1000000000,
};

static_assert(FAULTLINE_KINDS == 7, "profile_begin() names a column for each");

/* A process that has been named in the profile. */
struct named_process {
	uint64_t id;
	char comm[FAULTLINE_COMM_LEN];
};

static int compare_ids(const void *a, const void *b)
{
	const struct named_process *left = a, *right = b;

	return (left->id > right->id) - (left->id < right->id);
}

void profile_flush(struct profile *profile)
{
	size_t done = 0;
	ssize_t written;

	while (done < profile->used && !profile->error) {
		written = write(profile->fd, profile->lines + done, profile->used - done);
		if (written >= 0)
			done += (size_t)written;
		else if (errno != EINTR)
			profile->error = errno;
	}
	profile->used = 0;
}

/* Where the next line goes; there is room for LINE_MAX_BYTES. */
static char *reserve_line(struct profile *profile)
{
	if (sizeof(profile->lines) - profile->used < LINE_MAX_BYTES)
		profile_flush(profile);
	return profile->lines + profile->used;
}

/* One line, newline and all: what leaves is always whole lines. */
__attribute__((format(printf, 2, 3)))
static void line(struct profile *profile, const char *format, ...)
{
	char *at = reserve_line(profile);
	va_list arguments;

	va_start(arguments, format);
	profile->used += (size_t)vsnprintf(at, LINE_MAX_BYTES, format, arguments);
	va_end(arguments);
}

/*
 * What follows @key in the first line of a file under /proc that starts with it,
 * cut before the newline; or n/a.
 */
static void look_up(const char *path, const char *key, char *value, size_t size)
{
	char text[256];
	FILE *file = fopen(path, "re");
	size_t length = strlen(key);

	snprintf(value, size, "n/a");
	while (file && fgets(text, sizeof(text), file)) {
		if (strncmp(text, key, length) != 0)
			continue;
		text[strcspn(text, "\n")] = '\0';
		snprintf(value, size, "%s", text + length + strspn(text + length, " \t:"));
		break;
	}
	if (file)
		fclose(file);
}

static void write_machine(struct profile *profile)
{
	char value[128];
	struct utsname name;

	if (uname(&name) == 0)
		line(profile, "# kernel: %s %s %s\n", name.sysname, name.release, name.machine);
	else
		line(profile, "# kernel: n/a\n");
	look_up("/proc/cpuinfo", "model name", value, sizeof(value));
	line(profile, "# cpu: %s x %ld\n", value, sysconf(_SC_NPROCESSORS_ONLN));
	look_up("/proc/meminfo", "MemTotal", value, sizeof(value));
	if (strtoull(value, NULL, 10))
		line(profile, "# memory_bytes: %llu\n", strtoull(value, NULL, 10) * 1024);
	else
		line(profile, "# memory_bytes: n/a\n");
}

static void write_date(struct profile *profile)
{
	char text[32];
	time_t now = time(NULL);

	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
	line(profile, "# recorded: %s\n", text);
}

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

	line(profile, "# latency_cost_ns: copy=%s fault=%s\n",
	     cost_text(profile->copy_cost_ns, copy), cost_text(profile->fault_cost_ns, fault));
}

/*
 * What the module may change while it runs is written whenever it differs; and @all
 * of it at first, when there is nothing yet that it could differ from.
 */
static void write_settings(struct profile *profile, const struct faultline_header *header,
			   bool all)
{
	uint32_t hz = __atomic_load_n(&header->hz, __ATOMIC_RELAXED);
	uint32_t latency = __atomic_load_n(&header->latency, __ATOMIC_RELAXED);
	uint64_t copy_ns = __atomic_load_n(&header->copy_cost_ns, __ATOMIC_RELAXED);
	uint64_t fault_ns = __atomic_load_n(&header->fault_cost_ns, __ATOMIC_RELAXED);

	if (all || hz != profile->hz) {
		profile->hz = hz;
		line(profile, "# hz: %" PRIu32 "\n", hz);
	}
	/* The field's last byte is there to end the text, whatever it holds. */
	if (all ||
	    strncmp(profile->cow_method, header->cow_method, FAULTLINE_METHOD_LEN - 1) != 0) {
		memcpy(profile->cow_method, header->cow_method, FAULTLINE_METHOD_LEN - 1);
		line(profile, "# cow: %s\n", profile->cow_method);
	}
	if (all || latency != profile->latency) {
		profile->latency = latency;
		line(profile, "# latency: %s\n", latency_name(latency));
	}
	if (all || copy_ns != profile->copy_cost_ns || fault_ns != profile->fault_cost_ns) {
		profile->copy_cost_ns = copy_ns;
		profile->fault_cost_ns = fault_ns;
		write_latency_cost(profile);
	}
}

void profile_begin(struct profile *profile, int fd, const struct faultline_header *header)
{
	memset(profile, 0, sizeof(*profile));
	profile->fd = fd;
	line(profile, "# faultline profile, format %d\n", FORMAT);
	write_machine(profile);
	write_date(profile);
	line(profile, "# clock: %s\n",
	     header->clock == CLOCK_MONOTONIC ? "CLOCK_MONOTONIC" : "n/a");
	write_settings(profile, header, true);
	line(profile, "# columns: time_s pid ppid id seq flags threads minor major cow user_s "
		      "system_s rss_bytes swap_bytes parent_id cow_anon cow_zero cow_file "
		      "cow_file_first cow_ksm cow_hugetlb cow_remote copies_timed copies_missed "
		      "copy_s faults_timed faults_missed fault_s precopied precopy_used "
		      "precopy_wasted precopy_refused\n");
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

/* The tree's entry of this process, new and without a name if it is not there yet. */
static struct named_process *find_process(struct profile *profile, uint64_t id)
{
	struct named_process key = { .id = id }, **found, *added;

	found = tfind(&key, &profile->processes, compare_ids);
	if (found)
		return *found;
	added = malloc(sizeof(*added));
	if (!added)
		return NULL;
	added->id = id;
	/* What no record says: a process may well have the empty name. */
	memset(added->comm, 0xff, sizeof(added->comm));
	if (!tsearch(added, &profile->processes, compare_ids)) {
		free(added);
		return NULL;
	}
	profile->process_count++;
	return added;
}

static void name_process(struct profile *profile, const struct faultline_record *record)
{
	struct named_process *process = find_process(profile, record->id);
	char text[4 * FAULTLINE_COMM_LEN + 1];

	/* Without memory to remember it by, it is named in every row. */
	if (!process || memcmp(process->comm, record->comm, sizeof(process->comm)) != 0) {
		escape(record->comm, text);
		line(profile, "# process: id=%" PRIu64 " pid=%" PRId32 " ppid=%" PRId32 " comm=%s\n",
		     (uint64_t)record->id, record->pid, record->ppid, text);
	}
	if (!process)
		return;
	memcpy(process->comm, record->comm, sizeof(process->comm));
	if (record->flags & (FAULTLINE_EXITED | FAULTLINE_UNREGISTERED)) {
		tdelete(process, &profile->processes, compare_ids);
		free(process);
	}
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

static void write_row(struct profile *profile, const struct faultline_record *record)
{
	char *at = reserve_line(profile);

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
	profile->used = (size_t)(at - profile->lines);
}

void profile_row(struct profile *profile, const struct faultline_header *header,
		 const struct faultline_record *record, uint64_t lost)
{
	write_settings(profile, header, false);
	if (lost != profile->lost) {
		line(profile, "# lost: %" PRIu64 " records before seq %" PRIu64 "\n",
		     lost - profile->lost, (uint64_t)record->seq);
		profile->lost = lost;
	}
	name_process(profile, record);
	write_row(profile, record);
	profile->row_count++;
}

void profile_end(struct profile *profile, uint64_t lost)
{
	line(profile, "# lost: %" PRIu64 " records in total\n", lost);
	profile_flush(profile);
	tdestroy(profile->processes, free);
}
