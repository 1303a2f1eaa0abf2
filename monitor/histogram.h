/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How many times took how long, as /proc/faultline/histogram tells and recordings keep it:
 * up to 16 ns each value has its bucket, from there on each power of two is divided into 16.
 */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdbool.h>
#include <stdint.h>

enum { HISTOGRAM_BUCKETS = 480 };

/* What is timed; histogram_measures has their names. */
enum histogram_measure {
	HISTOGRAM_COPY,
	HISTOGRAM_FAULT,
	HISTOGRAM_MEASURES,
};

extern const char * const histogram_measures[HISTOGRAM_MEASURES];

/**
 * struct histogram - how many by length
 * @buckets: the last one has all that are longer, too
 */
struct histogram {
	uint64_t buckets[HISTOGRAM_BUCKETS];
};

/**
 * histogram_start() - where a bucket begins, and the one before it ends
 * @bucket: its number
 *
 * Return: nanoseconds.
 */
uint64_t histogram_start(unsigned int bucket);

/**
 * histogram_add() - add what a text tells
 * @histogram: to add to
 * @text: "FROM-TO:COUNT,FROM-TO:COUNT..." in ns, up to a NUL or newline
 *
 * Return: false if it is no such text; some of it may have been added.
 */
bool histogram_add(struct histogram *histogram, const char *text);

/**
 * histogram_count() - how many there are
 * @histogram: a histogram
 *
 * Return: how many.
 */
uint64_t histogram_count(const struct histogram *histogram);

/**
 * histogram_percentile() - the time that so many do not exceed
 * @histogram: one that is not empty
 * @permille: 500 for the median
 *
 * Return: the middle of that time's bucket, in ns.
 */
uint64_t histogram_percentile(const struct histogram *histogram, unsigned int permille);

#endif /* HISTOGRAM_H */
