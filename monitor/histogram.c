// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "histogram.h"

enum {
	LINEAR_BITS	= 4,
	LINEAR		= 1 << LINEAR_BITS,
};

const char * const histogram_measures[HISTOGRAM_MEASURES] = {
	[HISTOGRAM_COPY]	= "copy",
	[HISTOGRAM_FAULT]	= "fault",
};

uint64_t histogram_start(unsigned int bucket)
{
	if (bucket < 2 * LINEAR)
		return bucket;
	return (uint64_t)(bucket % LINEAR + LINEAR) << (bucket / LINEAR - 1);
}

/* The bucket that begins at @ns, or HISTOGRAM_BUCKETS. */
static unsigned int bucket_at(uint64_t ns)
{
	int shift = ns < 2 * LINEAR ? 0 : 63 - __builtin_clzll(ns) - LINEAR_BITS;
	unsigned int bucket = (unsigned int)(ns >> shift) + (unsigned int)shift * LINEAR;

	return bucket < HISTOGRAM_BUCKETS && histogram_start(bucket) == ns ? bucket :
									      HISTOGRAM_BUCKETS;
}

bool histogram_add(struct histogram *histogram, const char *text)
{
	uint64_t from, count;
	unsigned int bucket;
	int used = 0;

	for (;; text++) {
		if (sscanf(text, "%" SCNu64 "-%*[0-9inf]:%" SCNu64 "%n", &from, &count, &used) != 2)
			return false;
		bucket = bucket_at(from);
		if (bucket == HISTOGRAM_BUCKETS)
			return false;
		histogram->buckets[bucket] += count;
		text += used;
		if (*text != ',')
			return *text == '\0' || *text == '\n';
	}
}

uint64_t histogram_count(const struct histogram *histogram)
{
	uint64_t count = 0;

	for (int i = 0; i < HISTOGRAM_BUCKETS; i++)
		count += histogram->buckets[i];
	return count;
}

uint64_t histogram_percentile(const struct histogram *histogram, unsigned int permille)
{
	uint64_t count = histogram_count(histogram), seen = 0;
	uint64_t rank = count / 1000 * permille + (count % 1000 * permille + 999) / 1000;
	unsigned int bucket = 0;

	for (; bucket < HISTOGRAM_BUCKETS - 1; bucket++) {
		seen += histogram->buckets[bucket];
		if (seen >= rank)
			break;
	}
	return (histogram_start(bucket) + histogram_start(bucket + 1)) / 2;
}
