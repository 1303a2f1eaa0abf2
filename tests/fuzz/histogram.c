// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes at all as the module's table of times: each line is told with buckets that end in
 * it, and the totals are read or refused.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "histogram_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t told;

static void look(void *context, const struct histogram_line *line)
{
	const size_t *size = context;

	if (line->buckets)
		told += strlen(line->buckets);
	if (told > *size)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct histogram histograms[HISTOGRAM_MEASURES];
	const char *path = file_with(data, size);

	told = 0;
	if (!histogram_file_read(path, look, &size))
		abort();
	histogram_file_totals(path, histograms);
	histogram_file_since(path, histograms);
	return 0;
}
