// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <math.h>
#include <search.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "timings.h"

/* What Faultline times; COPY is a part of FAULT. */
enum measure { COPY, FAULT, MEASURES };

/* Columns of a profile.  Others may come, and are left out. */
enum field { ID, COPIES_TIMED, COPY_S, FAULTS_TIMED, FAULT_S, FIELDS };

enum { COLUMNS_MAX = 256 };

static const char * const field_names[FIELDS] = {
	"id", "copies_timed", "copy_s", "faults_timed", "fault_s",
};

/**
 * struct process - what was timed of one, as its last line says
 * @values: by field; those without a number are 0
 */
struct process {
	double values[FIELDS];
};

/**
 * struct timings - a file being read
 * @path: its name, for messages
 * @line: number of the line that was read last, from 1
 * @columns: of a profile, 0 until the line that names them
 * @fields: by column; FIELDS for others
 * @processes: a tsearch(3) tree
 * @count: of times, by measure
 * @sum_ns: of times
 * @empty_ns: what an empty measurement reads
 * @ns: what lines by name say
 */
struct timings {
	const char *path;
	uint64_t line;
	int columns;
	enum field fields[COLUMNS_MAX];
	void *processes;
	double count[MEASURES];
	double sum_ns[MEASURES];
	double empty_ns[MEASURES];
	double *ns;
};

static bool refuse(const struct timings *timings, const char *expected)
{
	warnx("%s:%ju: expected %s", timings->path, (uintmax_t)timings->line, expected);
	return false;
}

/* A number, or 0 for n/a. */
static bool read_number(const char *word, double *number)
{
	char *end;

	*number = 0;
	if (strcmp(word, "n/a") == 0)
		return true;
	*number = strtod(word, &end);
	return *word >= '0' && *word <= '9' && !*end && isfinite(*number);
}

/* ---- A profile ---- */

static int compare(const void *a, const void *b)
{
	const struct process *left = a, *right = b;

	return (left->values[ID] > right->values[ID]) - (left->values[ID] < right->values[ID]);
}

static bool read_columns(struct timings *timings, char *text)
{
	char *word, *rest;

	timings->columns = 0;
	for (word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		enum field field = ID;

		if (timings->columns == COLUMNS_MAX)
			return refuse(timings, "fewer columns");
		while (field < FIELDS && strcmp(field_names[field], word) != 0)
			field++;
		timings->fields[timings->columns++] = field;
	}
	return true;
}

/* Counters count from registration on: the last line of a process has all. */
static bool read_row(struct timings *timings, char *text)
{
	struct process row = { 0 }, **found, *kept;
	char *word, *rest;
	double number;
	int i = 0;

	for (word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest), i++) {
		if (i == timings->columns || !read_number(word, &number))
			return refuse(timings, "a number or n/a for each column");
		if (timings->fields[i] < FIELDS)
			row.values[timings->fields[i]] = number;
	}
	if (i < timings->columns)
		return refuse(timings, "a number or n/a for each column");
	found = tfind(&row, &timings->processes, compare);
	if (found) {
		**found = row;
		return true;
	}
	kept = malloc(sizeof(*kept));
	if (kept) {
		*kept = row;
		if (tsearch(kept, &timings->processes, compare))
			return true;
	}
	free(kept);
	warnx("%s: %s", timings->path, strerror(ENOMEM));
	return false;
}

static void add_process(const void *node, VISIT visit, void *context)
{
	const struct process *process = *(const struct process * const *)node;
	struct timings *timings = context;

	if (visit != postorder && visit != leaf)
		return;
	timings->count[COPY] += process->values[COPIES_TIMED];
	timings->sum_ns[COPY] += 1e9 * process->values[COPY_S];
	timings->count[FAULT] += process->values[FAULTS_TIMED];
	timings->sum_ns[FAULT] += 1e9 * process->values[FAULT_S];
}

static bool read_empty(struct timings *timings, const char *text)
{
	char copy[32], fault[32];

	if (sscanf(text, "copy=%31s fault=%31s", copy, fault) == 2 &&
	    read_number(copy, &timings->empty_ns[COPY]) &&
	    read_number(fault, &timings->empty_ns[FAULT]))
		return true;
	return refuse(timings, "copy=N|n/a fault=N|n/a");
}

/* ---- /proc/faultline/histogram ---- */

static bool read_total(struct timings *timings, const char *text)
{
	char name[8], count[32], missed[32], sum[32];
	enum measure measure;

	if (sscanf(text, "%*31s %7s %31s %31s %31s", name, count, missed, sum) != 4)
		return refuse(timings, "id, measure, count, missed, sum");
	measure = strcmp(name, "fault") == 0 ? FAULT : COPY;
	return (read_number(count, &timings->count[measure]) &&
		read_number(sum, &timings->sum_ns[measure])) ||
	       refuse(timings, "a count and a sum of ns");
}

static void read_method(struct timings *timings, enum measure measure, const char *text)
{
	const char *reads = strstr(text, "an empty measurement reads ");

	if (reads)
		sscanf(reads, "an empty measurement reads %lf", &timings->empty_ns[measure]);
}

/* ---- Lines ---- */

static bool skips(char **text, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(*text, word, length) != 0)
		return false;
	*text += length;
	return true;
}

/* `NAME_ns: NUMBER`.  Return: is it such a line? */
static bool read_named(struct timings *timings, char *text, bool *good)
{
	for (int i = 0; i < COSTS; i++) {
		if (!skips(&text, cost_names[i]) || !skips(&text, "_ns: "))
			continue;
		*good = read_number(text, &timings->ns[i]) || refuse(timings, "ns or n/a");
		if (strcmp(text, "n/a") == 0)
			timings->ns[i] = NAN;
		return true;
	}
	return false;
}

static bool read_line(struct timings *timings, char *text)
{
	bool good = true;

	if (skips(&text, "# columns:"))
		return read_columns(timings, text);
	if (skips(&text, "# latency_cost_ns: "))
		return read_empty(timings, text);
	if (skips(&text, "total "))
		return read_total(timings, text);
	if (skips(&text, "# copies: "))
		read_method(timings, COPY, text);
	else if (skips(&text, "# faults: "))
		read_method(timings, FAULT, text);
	else if (*text != '#' && timings->columns)
		return read_row(timings, text);
	else
		read_named(timings, text, &good);
	return good;
}

static bool read_lines(struct timings *timings, FILE *file)
{
	bool good = true;
	char *text = NULL;
	size_t room = 0;
	ssize_t length;

	while (good && (length = getline(&text, &room, file)) >= 0) {
		timings->line++;
		if (length && text[length - 1] == '\n')
			text[length - 1] = '\0';
		good = read_line(timings, text);
	}
	if (good && ferror(file)) {
		warn("%s", timings->path);
		good = false;
	}
	free(text);
	return good;
}

static void take_mean(const struct timings *timings, enum measure measure, double *ns)
{
	double mean = timings->sum_ns[measure] / timings->count[measure] -
		      timings->empty_ns[measure];

	if (timings->count[measure] > 0)
		*ns = mean > 0 ? mean : 0;
}

bool timings_read(const char *path, double ns[COSTS])
{
	struct timings timings = { .path = path, .ns = ns };
	FILE *file = fopen(path, "re");
	bool good, any = false;

	for (int i = 0; i < COSTS; i++)
		ns[i] = NAN;
	if (!file) {
		warn("%s", path);
		return false;
	}
	good = read_lines(&timings, file);
	fclose(file);
	twalk_r(timings.processes, add_process, &timings);
	tdestroy(timings.processes, free);
	take_mean(&timings, COPY, &ns[COST_COPY]);
	take_mean(&timings, FAULT, &ns[COST_COW]);
	for (int i = 0; i < COSTS; i++)
		any = any || !isnan(ns[i]);
	if (good && !any)
		warnx("%s: no costs in it: nothing was timed, as latency=fault does", path);
	return good && any;
}
