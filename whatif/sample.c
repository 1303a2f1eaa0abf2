// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "sample.h"

bool sample_init(struct sample *sample, const struct trace *trace, double share)
{
	uint64_t pages = trace->header.pages;

	*sample = (struct sample){ 0 };
	sample->bits = calloc(pages / 64 + 1, sizeof(*sample->bits));
	sample->numbers = malloc(pages * sizeof(*sample->numbers));
	if (!sample->bits || !sample->numbers) {
		sample_free(sample);
		return false;
	}
	for (uint64_t i = 0; i < pages; i++) {
		if ((double)sample_hash(trace->pages[i]) >= share * 0x1p64)
			continue;
		sample->bits[i / 64] |= 1ULL << i % 64;
		sample->numbers[i] = (uint32_t)sample->pages++;
	}
	sample->share = (double)sample->pages / (double)pages;
	return true;
}

static uint64_t count_runs(const struct sample *sample, const struct trace *trace)
{
	uint64_t count = 0;

	for (uint64_t i = 0; i < trace->header.runs; i++)
		count += sample_has(sample, trace->runs[i].page);
	return count;
}

bool sample_trace_init(struct sample *sample, const struct trace *trace)
{
	uint64_t count = count_runs(sample, trace), at = 0, i, *next, *later;
	struct run *runs = calloc(count, sizeof(*runs));

	next = malloc(count * sizeof(*next));
	later = malloc(sample->pages * sizeof(*later));
	sample->trace = (struct trace){ .runs = runs, .next = next };
	if (!runs || !next || !later) {
		free(later);
		return false;
	}
	sample->trace.header = trace->header;
	sample->trace.header.runs = count;
	sample->trace.header.pages = sample->pages;
	sample->trace.header.accesses = 0;
	sample->trace.header.events = 0;
	for (i = 0; i < trace->header.runs; i++) {
		if (!sample_has(sample, trace->runs[i].page))
			continue;
		runs[at] = trace->runs[i];
		runs[at].page = sample->numbers[runs[at].page];
		sample->trace.header.accesses += run_accesses(runs[at++]);
	}
	memset(later, 0xff, sample->pages * sizeof(*later));
	for (i = count; i--;) {
		next[i] = later[runs[i].page];
		later[runs[i].page] = i;
	}
	free(later);
	return true;
}

void sample_free(struct sample *sample)
{
	free((void *)sample->trace.runs);
	free((void *)sample->trace.next);
	free(sample->bits);
	free(sample->numbers);
}
