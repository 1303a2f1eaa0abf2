/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How long copy-on-write took, all processes together: what the module tells of it in
 * /proc/faultline/histogram, put into a few buckets.
 */
#ifndef DURATIONS_H
#define DURATIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "histogram.h"

enum { DURATIONS_BUCKETS = 20 };

/* The longest time in a bucket, in ns; the last bucket has no end. */
extern const uint64_t durations_bucket_ns[DURATIONS_BUCKETS - 1];

/**
 * struct durations - times of one measure since the module was loaded
 * @known: they are; the rest is 0 otherwise
 * @count: how many, the sum of @buckets
 * @sum_ns: all together
 * @buckets: how many by length
 */
struct durations {
	bool known;
	uint64_t count;
	uint64_t sum_ns;
	uint64_t buckets[DURATIONS_BUCKETS];
};

/**
 * durations_read() - read what the module tells now
 * @path: HISTOGRAM_FILE
 * @times: filled in; a measure that is not timed, or may not be seen, is not known
 */
void durations_read(const char *path, struct durations times[HISTOGRAM_MEASURES]);

#endif /* DURATIONS_H */
