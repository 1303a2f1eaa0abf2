// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "histogram_file.h"

/* As the file's first line names them. */
enum {
	COLUMN_ID	= 1,
	COLUMN_MEASURE	= 2,
	COLUMN_COUNT	= 3,
	COLUMN_SUM	= 5,
	COLUMN_P99	= 10,
	COLUMN_BUCKETS	= 12,
	COLUMNS		= 13,
};

static bool find_measure(const char *name, enum histogram_measure *measure)
{
	for (int i = 0; i < HISTOGRAM_MEASURES; i++) {
		*measure = (enum histogram_measure)i;
		if (strcmp(name, histogram_measures[i]) == 0)
			return true;
	}
	return false;
}

/* A number, 0 where the file has n/a. */
static uint64_t number(const char *word)
{
	return strtoull(word, NULL, 10);
}

/* False for lines that are none of these: names of columns, lines on the module. */
static bool parse(char *text, struct histogram_line *line)
{
	char *words[COLUMNS], *rest;

	for (int i = 0; i < COLUMNS; i++) {
		words[i] = strtok_r(i ? NULL : text, " \n", &rest);
		if (!words[i])
			return false;
	}
	if (!find_measure(words[COLUMN_MEASURE], &line->measure))
		return false;
	line->id = number(words[COLUMN_ID]);
	line->known = strcmp(words[COLUMN_COUNT], "n/a") != 0;
	line->count = number(words[COLUMN_COUNT]);
	line->sum_ns = number(words[COLUMN_SUM]);
	line->p99_ns = number(words[COLUMN_P99]);
	line->buckets = strcmp(words[COLUMN_BUCKETS], "n/a") == 0 ? "" : words[COLUMN_BUCKETS];
	return true;
}

bool histogram_file_read(const char *path,
			 void (*tell)(void *context, const struct histogram_line *line),
			 void *context)
{
	FILE *file = fopen(path, "re");
	struct histogram_line line;
	char *text = NULL;
	size_t size = 0;

	if (!file)
		return false;
	while (getline(&text, &size, file) >= 0)
		if (parse(text, &line))
			tell(context, &line);
	free(text);
	fclose(file);
	return true;
}

/**
 * struct totals - lines of all processes
 * @histograms: of each measure
 * @found: how many there were
 */
struct totals {
	struct histogram *histograms;
	int found;
};

static void take_total(void *context, const struct histogram_line *line)
{
	struct totals *totals = context;

	if (line->id)
		return;
	totals->found++;
	if (*line->buckets)
		histogram_add(&totals->histograms[line->measure], line->buckets);
}

bool histogram_file_totals(const char *path, struct histogram histograms[HISTOGRAM_MEASURES])
{
	struct totals totals = { .histograms = histograms };

	memset(histograms, 0, HISTOGRAM_MEASURES * sizeof(*histograms));
	return histogram_file_read(path, take_total, &totals) && totals.found == HISTOGRAM_MEASURES;
}

void histogram_file_since(const char *path, struct histogram histograms[HISTOGRAM_MEASURES])
{
	struct histogram now[HISTOGRAM_MEASURES];
	bool good = histogram_file_totals(path, now);
	uint64_t *before;

	for (int measure = 0; measure < HISTOGRAM_MEASURES; measure++)
		for (int i = 0; i < HISTOGRAM_BUCKETS; i++) {
			before = &histograms[measure].buckets[i];
			*before = good ? now[measure].buckets[i] - *before : 0;
		}
}
