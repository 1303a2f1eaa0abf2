/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The module's histograms of times, as /proc/faultline/histogram has them.
 */
#ifndef HISTOGRAM_FILE_H
#define HISTOGRAM_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "histogram.h"

#define HISTOGRAM_FILE "/proc/faultline/histogram"

/**
 * struct histogram_line - the times of one process, or of all
 * @id: the registration; 0: all processes since the module was loaded
 * @measure: of what
 * @known: they are or were being timed; what follows is 0 and empty otherwise
 * @count: how many times
 * @sum_ns: all together
 * @p99_ns: 99 of 100 are no longer
 * @buckets: "FROM-TO:COUNT,..." in ns, empty where there are none
 */
struct histogram_line {
	uint64_t id;
	enum histogram_measure measure;
	bool known;
	uint64_t count;
	uint64_t sum_ns;
	uint64_t p99_ns;
	const char *buckets;
};

/**
 * histogram_file_read() - go through its lines
 * @path: HISTOGRAM_FILE
 * @tell: called for each; the line is good until it returns
 * @context: handed to it
 *
 * Lines of processes that the reader may not look into are not there; those of all are there
 * for who has CAP_PERFMON.
 *
 * Return: true, or false with errno if @path cannot be opened.
 */
bool histogram_file_read(const char *path,
			 void (*tell)(void *context, const struct histogram_line *line),
			 void *context);

/**
 * histogram_file_totals() - the times of all processes since the module was loaded
 * @path: HISTOGRAM_FILE
 * @histograms: of each measure; overwritten
 *
 * Return: false if they are not there for this reader.
 */
bool histogram_file_totals(const char *path, struct histogram histograms[HISTOGRAM_MEASURES]);

/**
 * histogram_file_since() - what came after an earlier look at the totals
 * @path: HISTOGRAM_FILE
 * @histograms: of each measure, the earlier look; becomes the difference, all 0 if it
 *	cannot be known
 */
void histogram_file_since(const char *path, struct histogram histograms[HISTOGRAM_MEASURES]);

#endif /* HISTOGRAM_FILE_H */
