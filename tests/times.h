/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the module says of times: in the status file, in /proc/faultline/histogram and in
 * /proc/cow_stats.  A file that does not read as it should ends the test.
 */
#ifndef TESTS_TIMES_H
#define TESTS_TIMES_H

#include <stdbool.h>
#include <sys/types.h>

enum {
	TIMES_NONE		= -1,	/* n/a */
	TIMES_PERCENTILES	= 5,	/* 50, 90, 95, 99, 99.9 */
	TIMES_BUCKETS_MAX	= 512,
	ROW_COLUMNS_MAX		= 48,
};

#define HISTOGRAM	"/proc/faultline/histogram"
#define COW_STATS	"/proc/cow_stats"
#define SAMPLE_INTERVAL	"/proc/sys/vm/cow_sample_interval"

/* A process's line in the status file, as it was at one moment. */
struct row {
	int columns;
	char names[ROW_COLUMNS_MAX][32];
	char values[ROW_COLUMNS_MAX][64];
};

/* Find the line of this pid; false if there is none. */
bool row_read(pid_t pid, struct row *row);
/* The number in the column of this name, or TIMES_NONE for n/a. */
long long row_value(const struct row *row, const char *column);
/* Both at once. */
long long status_value(pid_t pid, const char *column);

/* Times of this length, from @from to below @to, or to infinity (LLONG_MAX). */
struct times_bucket {
	long long from, to, count;
};

/* A line of the histogram. */
struct times {
	long long count, missed, sum, max, percentile[TIMES_PERCENTILES];
	int buckets;
	struct times_bucket bucket[TIMES_BUCKETS_MAX];
};

/*
 * Find the line of this pid, or of all processes with pid 0, and "copy" or "fault"; false
 * if there is none.
 */
bool times_read(pid_t pid, const char *measure, struct times *times);
/* How many are in the buckets. */
long long times_in_buckets(const struct times *times);

/* All of /proc/cow_stats. */
struct cow_stats {
	long long faults, total, max, average, percentile[4];
	long long attempts, success;
	/* Without an engine for pre-copy these are not in the file: TIMES_NONE. */
	long long used, wasted, memory, edge, not_shared, raced, policy;
};

void cow_stats_read(struct cow_stats *stats);
void cow_stats_reset(void);

/* Write a text in one write; 0 or an errno. */
int file_put(const char *path, const char *text);
/* The same, or the end of the test. */
void file_must_put(const char *path, const char *text);
/* All of a small file, until the next call. */
const char *file_get(const char *path);

#endif /* TESTS_TIMES_H */
