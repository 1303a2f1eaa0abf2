// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <search.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "processes.h"
#include "recording.h"
#include "settings.h"
#include "text.h"

/* The longest line, too; a test may want less. */
#ifndef BUFFER_BYTES
#define BUFFER_BYTES (1 << 18)
#endif

enum {
	FORMAT		= 1,
	NS_PER_S	= 1000000000,
	FRACTION_DIGITS	= 9,
	FOUND_SHOWN	= 40,
};

/**
 * struct name - of a process that has not ended
 * @id: its registration; first, for the tree is ordered by it
 * @comm: its name
 */
struct name {
	uint64_t id;
	char comm[FAULTLINE_COMM_LEN];
};

/* Keeps what is wrong, with where, in one line. */
__attribute__((format(printf, 2, 3)))
static bool fail(struct recording *recording, const char *format, ...)
{
	size_t size = sizeof(recording->why), used;
	va_list arguments;

	used = (size_t)snprintf(recording->why, size / 2, "%s:%" PRIu64 ": ", recording->path,
				recording->line);
	if (used >= size / 2)
		used = size / 2 - 1;
	va_start(arguments, format);
	vsnprintf(recording->why + used, size - used, format, arguments);
	va_end(arguments);
	return false;
}

/* As much of a text that was found as a message has room for. */
static int shown(size_t length)
{
	return length < FOUND_SHOWN ? (int)length : FOUND_SHOWN;
}

/* ---- Lines ---- */

/* More of the file behind what is left of the buffer; 0 at its end, or -1 with errno. */
static ssize_t refill(struct recording *recording)
{
	ssize_t got;

	memmove(recording->buffer, recording->buffer + recording->begin,
		recording->end - recording->begin);
	recording->end -= recording->begin;
	recording->begin = 0;
	do
		got = read(recording->fd, recording->buffer + recording->end,
			   BUFFER_BYTES - recording->end);
	while (got < 0 && errno == EINTR);
	if (got > 0)
		recording->end += (size_t)got;
	return got;
}

/*
 * The next line, up to and with its newline; NULL at the end of the file, or where it is
 * damaged.  A line without its newline may lack digits and yet look whole.
 */
static char *next_line(struct recording *recording, size_t *length)
{
	char *line = recording->buffer + recording->begin, *newline;
	size_t seen = 0, left;
	ssize_t got;

	for (;;) {
		left = recording->end - recording->begin;
		newline = memchr(line + seen, '\n', left - seen);
		if (newline)
			break;
		seen = left;
		got = left < BUFFER_BYTES ? refill(recording) : 0;
		line = recording->buffer;
		if (got > 0)
			continue;
		recording->line += left > 0 || got < 0;
		if (got < 0)
			fail(recording, "%s", strerror(errno));
		else if (left == BUFFER_BYTES)
			fail(recording, "expected a line, found %d bytes without an end",
			     BUFFER_BYTES);
		else if (left)
			fail(recording, "cut short in the middle of this line");
		return NULL;
	}
	recording->line++;
	*length = (size_t)(newline - line);
	recording->begin += *length + 1;
	return line;
}

/* ---- Numbers: digits alone, and not more than there is room for ---- */

static bool parse_number(const char **text, uint64_t max, uint64_t *number)
{
	const char *at = *text;
	uint64_t value = 0;
	unsigned int digit;

	while ((digit = (unsigned char)*at - '0') < 10) {
		/* 19 digits fit for certain. */
		if (at - *text >= 19 && (__builtin_mul_overflow(value, 10, &value) ||
					 __builtin_add_overflow(value, digit, &value)))
			return false;
		else if (at - *text < 19)
			value = value * 10 + digit;
		at++;
	}
	if (at == *text || value > max)
		return false;
	*number = value;
	*text = at;
	return true;
}

static bool parse_seconds(const char **text, uint64_t *ns)
{
	static const uint32_t scale[FRACTION_DIGITS + 1] = {
		NS_PER_S, 100000000, 10000000, 1000000, 100000, 10000, 1000, 100, 10, 1,
	};
	uint64_t seconds, fraction = 0;
	const char *point;

	if (!parse_number(text, UINT64_MAX / NS_PER_S, &seconds))
		return false;
	point = *text;
	if (*point == '.') {
		++*text;
		if (!parse_number(text, NS_PER_S - 1, &fraction) ||
		    *text - point - 1 > FRACTION_DIGITS)
			return false;
		fraction *= scale[*text - point - 1];
	}
	return !__builtin_add_overflow(seconds * NS_PER_S, fraction, ns);
}

static bool parse_na(const char **text)
{
	if (strncmp(*text, "n/a", 3) != 0)
		return false;
	*text += 3;
	return true;
}

/* ---- Names ---- */

static int compare_ids(const void *a, const void *b)
{
	const struct name *left = a, *right = b;

	return (left->id > right->id) - (left->id < right->id);
}

static bool keep_name(struct recording *recording, const struct name *name)
{
	struct name **found = tfind(name, &recording->names, compare_ids), *kept;

	if (found) {
		**found = *name;
		return true;
	}
	kept = malloc(sizeof(*kept));
	if (kept) {
		*kept = *name;
		if (tsearch(kept, &recording->names, compare_ids))
			return true;
	}
	free(kept);
	return fail(recording, "%s", strerror(ENOMEM));
}

static void give_name(struct recording *recording, struct faultline_record *record)
{
	struct name **found, *name, wanted = { .id = record->id };

	found = tfind(&wanted, &recording->names, compare_ids);
	if (!found)
		return;
	name = *found;
	memcpy(record->comm, name->comm, sizeof(name->comm));
	if (processes_ended(record)) {
		tdelete(name, &recording->names, compare_ids);
		free(name);
	}
}

/* ---- Lines that start with #: the text behind their colon ends at a NUL ---- */

static bool read_process(struct recording *recording, const char *text)
{
	struct name name;
	int pid, ppid, used = 0;

	if (sscanf(text, "id=%" SCNu64 " pid=%d ppid=%d comm=%n", &name.id, &pid, &ppid,
		   &used) != 3 || !used ||
	    !text_from_word(text + used, strlen(text + used), name.comm))
		return fail(recording, "expected '# process: id=N pid=N ppid=N comm=NAME'");
	return keep_name(recording, &name);
}

static bool read_lost(struct recording *recording, const char *text)
{
	uint64_t count;

	if (parse_number(&text, UINT64_MAX, &count)) {
		if (strcmp(text, " records in total") == 0) {
			recording->lost = count;
			recording->ended = true;
			return true;
		}
		if (strncmp(text, " records before seq ", 20) == 0) {
			recording->lost += count;
			return true;
		}
	}
	return fail(recording, "expected '# lost: N records in total' or '... before seq N'");
}

static bool read_hz(struct recording *recording, const char *text)
{
	uint64_t hz;

	if (!parse_number(&text, UINT32_MAX, &hz) || *text)
		return fail(recording, "expected '# hz: N'");
	recording->header.hz = (uint32_t)hz;
	return true;
}

static bool read_cow(struct recording *recording, const char *text)
{
	snprintf(recording->header.cow_method, FAULTLINE_METHOD_LEN, "%s", text);
	return true;
}

static bool read_latency(struct recording *recording, const char *text)
{
	uint32_t latency = FAULTLINE_LATENCY_OFF;

	/* One that this program does not know stays what it is: n/a. */
	while (latency <= FAULTLINE_LATENCY_FAULT &&
	       strcmp(settings_latency_name(latency), text) != 0)
		latency++;
	recording->header.latency = latency;
	return true;
}

static bool parse_cost(const char **text, const char *name, uint64_t *ns)
{
	size_t length = strlen(name);

	if (strncmp(*text, name, length) != 0)
		return false;
	*text += length;
	*ns = 0;
	return parse_na(text) || parse_number(text, UINT64_MAX, ns);
}

static bool read_cost(struct recording *recording, const char *text)
{
	uint64_t copy, fault;

	if (!parse_cost(&text, "copy=", &copy) || !parse_cost(&text, " fault=", &fault) || *text)
		return fail(recording, "expected '# latency_cost_ns: copy=N|n/a fault=N|n/a'");
	recording->header.copy_cost_ns = copy;
	recording->header.fault_cost_ns = fault;
	return true;
}

static bool read_clock(struct recording *recording, const char *text)
{
	recording->header.clock = strcmp(text, "CLOCK_MONOTONIC") == 0 ? CLOCK_MONOTONIC :
									 UINT32_MAX;
	return true;
}

static bool read_histogram(struct recording *recording, const char *text)
{
	size_t length;

	for (int measure = 0; measure < HISTOGRAM_MEASURES; measure++) {
		length = strlen(histogram_measures[measure]);
		if (strncmp(text, histogram_measures[measure], length) == 0 &&
		    text[length] == ' ' &&
		    histogram_add(&recording->histograms[measure], text + length + 1))
			return true;
	}
	return fail(recording, "expected '# histogram: copy|fault FROM-TO:COUNT,...'");
}

static bool read_kernel(struct recording *recording, const char *text)
{
	struct machine *machine = &recording->origin.machine;

	snprintf(machine->kernel, sizeof(machine->kernel), "%s", text);
	return true;
}

static bool read_cpu(struct recording *recording, const char *text)
{
	struct machine *machine = &recording->origin.machine;

	snprintf(machine->cpu, sizeof(machine->cpu), "%s", text);
	return true;
}

static bool read_memory(struct recording *recording, const char *text)
{
	struct machine *machine = &recording->origin.machine;

	if (strcmp(text, "n/a") != 0 && (!*text || strlen(text) > 20 ||
					 text[strspn(text, "0123456789")]))
		return fail(recording, "expected '# memory_bytes: N|n/a'");
	strcpy(machine->memory_bytes, text);
	return true;
}

static bool read_date(struct recording *recording, const char *text)
{
	struct machine *machine = &recording->origin.machine;

	snprintf(machine->recorded, sizeof(machine->recorded), "%s", text);
	return true;
}

static bool check_columns(struct recording *recording)
{
	static const char * const needed[] = { "time_s", "pid", "id", "seq", "flags" };
	const struct column *column;

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		column = columns_find(needed[i], strlen(needed[i]));
		if (recording->origin.lacking >> (column - columns) & 1)
			return fail(recording, "expected a column %s", needed[i]);
	}
	return true;
}

static bool read_columns(struct recording *recording, const char *text)
{
	const struct column *column;
	uint64_t bit;
	size_t length;

	if (recording->fields)
		return fail(recording, "expected one profile in one file, found a second one");
	recording->origin.lacking = UINT64_MAX;
	for (; *text; text += length + (text[length] == ' ')) {
		length = strcspn(text, " ");
		if (recording->fields == RECORDING_FIELDS_MAX)
			return fail(recording, "expected at most %d columns", RECORDING_FIELDS_MAX);
		column = columns_find(text, length);
		bit = column ? (uint64_t)1 << (column - columns) : 0;
		if (bit && !(recording->origin.lacking & bit))
			return fail(recording, "expected one column %s, found two", column->name);
		recording->origin.lacking &= ~bit;
		recording->order[recording->fields++] = column;
	}
	return check_columns(recording);
}

static bool read_comment(struct recording *recording, char *line)
{
	static const struct {
		const char *name;
		bool (*read)(struct recording *recording, const char *text);
	} known[] = {
		{ "process", read_process }, { "lost", read_lost }, { "hz", read_hz },
		{ "cow", read_cow }, { "latency", read_latency },
		{ "latency_cost_ns", read_cost }, { "clock", read_clock },
		{ "histogram", read_histogram }, { "kernel", read_kernel }, { "cpu", read_cpu },
		{ "memory_bytes", read_memory }, { "recorded", read_date },
		{ "columns", read_columns },
	};
	char *text = strstr(line, ": ");

	if (strncmp(line, "# ", 2) != 0 || !text)
		return true;
	*text = '\0';
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].name, line + 2) == 0)
			return known[i].read(recording, text + 2);
	return true;
}

/* ---- Rows ---- */

/* A column that is not ours: whatever stands there. */
static void skip_field(const char **text)
{
	while (**text != ' ' && **text != '\n')
		++*text;
}

static void store(struct faultline_record *record, const struct column *column, uint64_t value)
{
	char *field = (char *)record + column->offset;
	uint32_t narrow = (uint32_t)value;

	if (column->bytes == sizeof(value))
		memcpy(field, &value, sizeof(value));
	else
		memcpy(field, &narrow, sizeof(narrow));
}

static bool read_field(const char **text, const struct column *column,
		       struct faultline_record *record, uint64_t *unknown)
{
	uint64_t value = 0;

	if (!column)
		skip_field(text);
	else if (**text == 'n' && parse_na(text))
		*unknown |= (uint64_t)1 << (column - columns);
	else if (column->seconds ? !parse_seconds(text, &value) :
				   !parse_number(text, column->max, &value))
		return false;
	if (column)
		store(record, column, value);
	return **text == ' ' || **text == '\n';
}

static uint64_t unknown_with(uint32_t flags)
{
	uint64_t unknown = 0;

	for (int i = 0; i < COLUMNS; i++)
		if ((flags & columns[i].flags) != columns[i].flags)
			unknown |= (uint64_t)1 << i;
	return unknown;
}

/* Flags and what is n/a tell the same. */
static bool check_known(struct recording *recording, uint32_t flags, uint64_t unknown)
{
	int column;

	if (flags != recording->flags) {
		recording->flags = flags;
		recording->unknown = unknown_with(flags);
	}
	unknown ^= recording->unknown & ~recording->origin.lacking;
	if (!unknown)
		return true;
	column = __builtin_ctzll(unknown);
	return fail(recording, "expected %s %s with flags %" PRIu32, columns[column].name,
		    recording->unknown >> column & 1 ? "n/a" : "to be a number", flags);
}

static int count_fields(const char *line, size_t length)
{
	int fields = 1;

	for (size_t i = 0; i < length; i++)
		fields += line[i] == ' ';
	return fields;
}

static bool read_row(struct recording *recording, const char *line, size_t length,
		     struct faultline_record *record)
{
	const char *text = line, *field;
	uint64_t unknown = 0;
	int fields = 0;

	memset(record, 0, sizeof(*record));
	for (;;) {
		field = text;
		if (!read_field(&text, recording->order[fields], record, &unknown))
			break;
		if (++fields == recording->fields || *text == '\n')
			break;
		text++;
	}
	if (text == line + length && fields == recording->fields)
		return check_known(recording, record->flags, unknown);
	fields = count_fields(line, length);
	if (fields != recording->fields)
		return fail(recording, "expected %d columns, found %d", recording->fields, fields);
	skip_field(&text);
	return fail(recording, "expected a number, found '%.*s'", shown((size_t)(text - field)),
		    field);
}

static bool read_record(struct recording *recording, const char *line, size_t length,
			struct faultline_record *record)
{
	if (!recording->fields)
		return fail(recording, "expected a line '# columns: ...' before the first row");
	if (recording->ended)
		return fail(recording, "expected nothing behind the end, found a row");
	if (!read_row(recording, line, length, record))
		return false;
	if (record->seq <= recording->seq)
		return fail(recording, "expected a seq above %" PRIu64 ", found %" PRIu64,
			    recording->seq, (uint64_t)record->seq);
	recording->seq = record->seq;
	give_name(recording, record);
	return true;
}

/* ---- The file ---- */

static bool check_format(struct recording *recording)
{
	static const char start[] = "# faultline profile, format ";
	const char *text;
	uint64_t format;
	size_t length;
	char *line = next_line(recording, &length);

	if (!line)
		return *recording->why ? false : fail(recording, "expected a profile, found nothing");
	line[length] = '\0';
	text = line + sizeof(start) - 1;
	if (strncmp(line, start, sizeof(start) - 1) != 0 ||
	    !parse_number(&text, UINT64_MAX, &format) || *text)
		return fail(recording, "expected '%s%d', found '%.*s'", start, FORMAT,
			    shown(length), line);
	if (format != FORMAT)
		return fail(recording, "a profile of format %" PRIu64 ", this program reads format %d",
			    format, FORMAT);
	return true;
}

static bool read_head(struct recording *recording)
{
	size_t length;
	char *line;

	if (!check_format(recording))
		return false;
	while (!recording->fields) {
		line = next_line(recording, &length);
		if (!line)
			return *recording->why ? false :
			       fail(recording, "cut short: a line '# columns: ...' is missing");
		line[length] = '\0';
		if (*line != '#')
			return fail(recording,
				    "expected a line '# columns: ...' before the first row");
		if (!read_comment(recording, line))
			return false;
	}
	return true;
}

bool recording_open(struct recording *recording, const char *path)
{
	*recording = (struct recording){ .path = path };
	recording->origin = (struct origin){
		.header = &recording->header,
		.machine = { "n/a", "n/a", "n/a", "n/a" },
		.histograms = recording->histograms,
	};
	/* What no line tells is not known. */
	recording->header.latency = recording->header.clock = UINT32_MAX;
	strcpy(recording->header.cow_method, "n/a");
	recording->unknown = unknown_with(0);
	recording->fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	if (recording->fd < 0) {
		snprintf(recording->why, sizeof(recording->why), "%s: %s", path, strerror(errno));
		return false;
	}
	recording->buffer = malloc(BUFFER_BYTES);
	if (recording->buffer ? read_head(recording) : fail(recording, "%s", strerror(ENOMEM)))
		return true;
	recording_close(recording);
	return false;
}

bool recording_next(struct recording *recording, struct faultline_record *record)
{
	size_t length;
	char *line;

	while (!*recording->why && (line = next_line(recording, &length))) {
		if (*line != '#')
			return read_record(recording, line, length, record);
		line[length] = '\0';
		read_comment(recording, line);
	}
	if (!*recording->why && !recording->ended)
		fail(recording, "cut short: a line '# lost: N records in total' is missing behind this");
	return false;
}

void recording_close(struct recording *recording)
{
	tdestroy(recording->names, free);
	free(recording->buffer);
	close(recording->fd);
}
