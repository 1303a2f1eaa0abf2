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
	unsigned int bucket = 0;

	while (bucket < HISTOGRAM_BUCKETS && histogram_start(bucket) < ns)
		bucket++;
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

bool histogram_read(struct histogram histograms[HISTOGRAM_MEASURES], const char *path)
{
	FILE *file = fopen(path, "re");
	char *line = NULL, *buckets, name[16];
	size_t size = 0;
	int found = 0;

	memset(histograms, 0, HISTOGRAM_MEASURES * sizeof(*histograms));
	while (file && getline(&line, &size, file) > 0) {
		if (sscanf(line, "total 0 %15s ", name) != 1)
			continue;
		buckets = strrchr(line, ' ') + 1;
		for (int measure = 0; measure < HISTOGRAM_MEASURES; measure++) {
			if (strcmp(name, histogram_measures[measure]) != 0)
				continue;
			/* n/a, which is no such text, where nothing was ever timed. */
			histogram_add(&histograms[measure], buckets);
			found++;
		}
	}
	free(line);
	if (file)
		fclose(file);
	return found == HISTOGRAM_MEASURES;
}

void histogram_since(struct histogram histograms[HISTOGRAM_MEASURES], const char *path)
{
	struct histogram now[HISTOGRAM_MEASURES];
	bool good = histogram_read(now, path);
	uint64_t *before;

	for (int measure = 0; measure < HISTOGRAM_MEASURES; measure++)
		for (int i = 0; i < HISTOGRAM_BUCKETS; i++) {
			before = &histograms[measure].buckets[i];
			*before = good ? now[measure].buckets[i] - *before : 0;
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
