// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "durations.h"
#include "histogram_file.h"

/*
 * The module's buckets go from a whole number of ns to before another, and there is one
 * that ends before each power of two: none of them has times of two of ours.
 */
const uint64_t durations_bucket_ns[DURATIONS_BUCKETS - 1] = {
#define BELOW(bits) (((uint64_t)1 << (bits)) - 1)
	BELOW(7), BELOW(8), BELOW(9), BELOW(10), BELOW(11), BELOW(12), BELOW(13),
	BELOW(14), BELOW(15), BELOW(16), BELOW(17), BELOW(18), BELOW(19), BELOW(20),
	BELOW(22), BELOW(24), BELOW(26), BELOW(28), BELOW(30),
#undef BELOW
};

static void add_times(struct durations *times, uint64_t from_ns, uint64_t count)
{
	int bucket = 0;

	while (bucket < DURATIONS_BUCKETS - 1 && from_ns > durations_bucket_ns[bucket])
		bucket++;
	times->buckets[bucket] += count;
	times->count += count;
}

static void take_total(void *context, const struct histogram_line *line)
{
	struct durations *times = (struct durations *)context + line->measure;
	const char *text, *colon;

	if (line->id)
		return;
	times->known = line->known;
	times->sum_ns = line->sum_ns;
	/* FROM-TO:COUNT, half-open. */
	for (text = line->buckets; (colon = strchr(text, ':')); text++) {
		add_times(times, strtoull(text, NULL, 10), strtoull(colon + 1, NULL, 10));
		text = strchr(colon, ',');
		if (!text)
			break;
	}
}

void durations_read(const char *path, struct durations times[HISTOGRAM_MEASURES])
{
	memset(times, 0, HISTOGRAM_MEASURES * sizeof(*times));
	histogram_file_read(path, take_total, times);
}
