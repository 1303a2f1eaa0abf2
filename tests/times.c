// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "module.h"
#include "tap.h"
#include "times.h"

enum { FILE_BYTES = 1 << 20 };

int file_put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), error;

	if (fd < 0)
		return errno;
	error = write(fd, text, strlen(text)) < 0 ? errno : 0;
	close(fd);
	return error;
}

void file_must_put(const char *path, const char *text)
{
	errno = file_put(path, text);
	if (errno)
		bail("%s > %s", text, path);
}

const char *file_get(const char *path)
{
	static char text[FILE_BYTES];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t filled = 0;
	ssize_t more;

	if (fd < 0)
		bail("%s", path);
	do {
		more = read(fd, text + filled, sizeof(text) - 1 - filled);
		if (more < 0)
			bail("%s", path);
		filled += (size_t)more;
	} while (more);
	text[filled] = '\0';
	close(fd);
	return text;
}

/* Copies the next word and steps behind it; false at the end of the line. */
static bool next_word(const char **line, char *word, size_t size)
{
	size_t length;

	*line += strspn(*line, " ");
	length = strcspn(*line, " \n");
	if (length >= size)
		bail("a word of %zu letters", length);
	memcpy(word, *line, length);
	word[length] = '\0';
	*line += length;
	return length > 0;
}

static const char *next_line(const char *line)
{
	line += strcspn(line, "\n");
	return *line ? line + 1 : line;
}

static long long number(const char *word)
{
	char *end;
	long long value;

	if (strcmp(word, "n/a") == 0)
		return TIMES_NONE;
	value = strtoll(word, &end, 10);
	if (*end || end == word || value < 0)
		bail("'%s' is no number", word);
	return value;
}

static long long next_number(const char **line)
{
	char word[64];

	if (!next_word(line, word, sizeof(word)))
		bail("a line ends too early");
	return number(word);
}

bool row_read(pid_t pid, struct row *row)
{
	const char *line = file_get(FAULTLINE_STATUS);
	char prefix[16];
	size_t length = (size_t)snprintf(prefix, sizeof(prefix), "%d ", (int)pid);
	int values = 0;

	row->columns = 0;
	while (row->columns < ROW_COLUMNS_MAX &&
	       next_word(&line, row->names[row->columns], sizeof(row->names[0])))
		row->columns++;
	do
		line = next_line(line);
	while (*line && strncmp(line, prefix, length) != 0);
	if (!*line)
		return false;
	while (values < row->columns &&
	       next_word(&line, row->values[values], sizeof(row->values[0])))
		values++;
	if (values != row->columns || next_word(&line, prefix, sizeof(prefix)))
		bail("a line of %d values below %d names", values, row->columns);
	return true;
}

long long row_value(const struct row *row, const char *column)
{
	for (int i = 0; i < row->columns; i++)
		if (strcmp(row->names[i], column) == 0)
			return number(row->values[i]);
	bail("no column %s", column);
}

long long status_value(pid_t pid, const char *column)
{
	struct row row;

	if (!row_read(pid, &row))
		bail("no line of %d", (int)pid);
	return row_value(&row, column);
}

/* FROM-TO:COUNT,... */
static void parse_buckets(const char *text, struct times *times)
{
	int taken;

	times->buckets = 0;
	while (*text) {
		struct times_bucket *bucket = &times->bucket[times->buckets++];

		if (times->buckets > TIMES_BUCKETS_MAX)
			bail("more than %d buckets", TIMES_BUCKETS_MAX);
		if (sscanf(text, "%lld-inf:%lld%n", &bucket->from, &bucket->count, &taken) == 2)
			bucket->to = LLONG_MAX;
		else if (sscanf(text, "%lld-%lld:%lld%n", &bucket->from, &bucket->to,
				&bucket->count, &taken) != 3)
			bail("bucket '%s'", text);
		text += taken;
		text += *text == ',';
	}
}

bool times_read(pid_t pid, const char *measure, struct times *times)
{
	static char buckets[TIMES_BUCKETS_MAX * 48];
	const char *line = file_get(HISTOGRAM);
	char who[16], word[64];
	bool found = false;

	snprintf(who, sizeof(who), pid ? "%d" : "total", (int)pid);
	for (line = next_line(line); *line && !found; line = found ? line : next_line(line))
		found = next_word(&line, word, sizeof(word)) && strcmp(word, who) == 0 &&
			next_word(&line, word, sizeof(word)) &&
			next_word(&line, word, sizeof(word)) && strcmp(word, measure) == 0;
	if (!found)
		return false;
	times->count = next_number(&line);
	times->missed = next_number(&line);
	times->sum = next_number(&line);
	times->max = next_number(&line);
	for (int i = 0; i < TIMES_PERCENTILES; i++)
		times->percentile[i] = next_number(&line);
	next_word(&line, buckets, sizeof(buckets));
	times->buckets = 0;
	if (strcmp(buckets, "n/a") != 0)
		parse_buckets(buckets, times);
	if (*line != '\n')
		bail("'%s' after the buckets", line);
	return true;
}

long long times_in_buckets(const struct times *times)
{
	long long sum = 0;

	for (int i = 0; i < times->buckets; i++)
		sum += times->bucket[i].count;
	return sum;
}

void cow_stats_read(struct cow_stats *stats)
{
	static const char * const labels[] = {
		"faults:", "total_ns:", "max_ns:", "avg_ns:", "p50:", "p90:", "p95:", "p99:",
		"precopy_attempts:", "precopy_success:", "precopy_used:", "precopy_wasted:",
		"precopy_refused_memory:", "precopy_refused_edge:", "precopy_refused_not_shared:",
		"precopy_refused_raced:", "precopy_refused_policy:",
	};
	long long *values[] = {
		&stats->faults, &stats->total, &stats->max, &stats->average,
		&stats->percentile[0], &stats->percentile[1], &stats->percentile[2],
		&stats->percentile[3], &stats->attempts, &stats->success, &stats->used,
		&stats->wasted, &stats->memory, &stats->edge, &stats->not_shared, &stats->raced,
		&stats->policy,
	};
	const char *text = file_get(COW_STATS);
	char word[64];

	/* The last line is there only where pages can be copied ahead. */
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		*values[i] = TIMES_NONE;
	for (size_t i = 0; *text; i++) {
		if (i == sizeof(labels) / sizeof(labels[0]))
			bail("'%s' at the end of %s", text, COW_STATS);
		if (!next_word(&text, word, sizeof(word)) || strcmp(word, labels[i]) != 0)
			bail("'%s' in %s, not %s", word, COW_STATS, labels[i]);
		*values[i] = next_number(&text);
		text += *text == '\n';
	}
}

void cow_stats_reset(void)
{
	if (file_put(COW_STATS, "0\n"))
		bail(COW_STATS);
}
