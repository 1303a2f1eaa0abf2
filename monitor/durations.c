// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "durations.h"

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

/* FROM-TO:COUNT, half-open; TO of the last one reads inf. */
static void add_bucket(struct durations *times, const char *text)
{
	uint64_t from, count;
	const char *colon = strchr(text, ':');
	int bucket = 0;

	if (!colon)
		return;
	from = strtoull(text, NULL, 10);
	count = strtoull(colon + 1, NULL, 10);
	while (bucket < DURATIONS_BUCKETS - 1 && from > durations_bucket_ns[bucket])
		bucket++;
	times->buckets[bucket] += count;
	times->count += count;
}

/* What stands behind a measure's name: count missed sum max, five percentiles, buckets. */
static void parse(struct durations *times, char *text)
{
	char *words[10], *bucket;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		words[i] = strtok_r(i ? NULL : text, " \n", &text);
		if (!words[i])
			return;
	}
	if (strcmp(words[0], "n/a") == 0)
		return;
	times->known = true;
	if (strcmp(words[2], "n/a") == 0)
		return;
	times->sum_ns = strtoull(words[2], NULL, 10);
	text = words[9];
	while ((bucket = strsep(&text, ",")))
		add_bucket(times, bucket);
}

void durations_read(const char *path, struct durations times[DURATIONS_MEASURES])
{
	static const char * const totals[DURATIONS_MEASURES] = {
		[DURATIONS_COPY] = "total 0 copy ", [DURATIONS_FAULT] = "total 0 fault ",
	};
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;

	memset(times, 0, DURATIONS_MEASURES * sizeof(*times));
	while (file && getline(&line, &room, file) > 0)
		for (int i = 0; i < DURATIONS_MEASURES; i++)
			if (strncmp(line, totals[i], strlen(totals[i])) == 0)
				parse(&times[i], line + strlen(totals[i]));
	free(line);
	if (file)
		fclose(file);
}
