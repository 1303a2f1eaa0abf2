// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes at all as the module's table of times: each line is told with buckets that end in
 * it, and totals are read or refused.
 */
#include <string.h>

#include "durations.h"
#include "histogram_file.h"
#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t told;

static void look(void *context, const struct histogram_line *line)
{
	const size_t *size = context;

	input_claim(line->measure < HISTOGRAM_MEASURES);
	told += strlen(line->buckets);
	input_claim(told <= *size);
}

static void look_at_lines(size_t size)
{
	told = 0;
	input_claim(histogram_file_read(INPUT_PATH, look, &size));
}

/* The same file, later: nothing has come. */
static void look_at_totals(void)
{
	static struct histogram histograms[HISTOGRAM_MEASURES];

	histogram_file_totals(INPUT_PATH, histograms);
	for (int measure = 0; measure < HISTOGRAM_MEASURES; measure++)
		histogram_percentile(&histograms[measure], 990);
	histogram_file_since(INPUT_PATH, histograms);
	for (int measure = 0; measure < HISTOGRAM_MEASURES; measure++)
		input_claim(histogram_count(&histograms[measure]) == 0);
}

static void look_at_durations(void)
{
	struct durations times[HISTOGRAM_MEASURES];
	uint64_t count;

	durations_read(INPUT_PATH, times);
	for (int measure = 0; measure < HISTOGRAM_MEASURES; measure++) {
		count = 0;
		for (int i = 0; i < DURATIONS_BUCKETS; i++)
			count += times[measure].buckets[i];
		input_claim(count == times[measure].count);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	input_set(data, size);
	switch (input_choice(3)) {
	case 0:
		look_at_lines(size);
		break;
	case 1:
		look_at_totals();
		break;
	case 2:
		look_at_durations();
		break;
	}
	return 0;
}
