// SPDX-License-Identifier: GPL-2.0
#include <math.h>

#include "curve.h"
#include "progress.h"

enum {
	/* Runs between two looks at what a person sees. */
	STRETCH	= 1 << 20,
	/* How far ahead of its use a page is fetched into the cache. */
	AHEAD	= 16,
};

static void add_all(struct distances *distances, const struct run *run, const struct run *end)
{
	for (; run < end; run++) {
		if (end - run > AHEAD)
			distances_expect(distances, run[AHEAD].page);
		distances_add(distances, run->page);
	}
}

static void add_sampled(struct distances *distances, const struct sample *sample,
			const struct run *run, const struct run *end)
{
	for (; run < end; run++)
		if (sample_has(sample, run->page))
			distances_add(distances, sample->numbers[run->page]);
}

bool curve_make(struct distances *distances, const struct trace *trace,
		const struct sample *sample)
{
	uint64_t runs = trace->header.runs, from, to;

	if (!distances_init(distances, sample ? sample->pages : trace->header.pages))
		return false;
	progress_begin("runs replayed", runs);
	for (from = 0; from < runs; from = to) {
		to = runs - from < STRETCH ? runs : from + STRETCH;
		if (sample)
			add_sampled(distances, sample, trace->runs + from, trace->runs + to);
		else
			add_all(distances, trace->runs + from, trace->runs + to);
		progress_add(to - from);
	}
	progress_end();
	return true;
}

/*
 * That pages were sampled which are used more or less often than most shows in hits alone: the
 * ratio is to all accesses and not to those of the sample (SHARDS-adj).
 */
double curve_faults(const struct distances *distances, const struct sample *sample,
		    uint64_t frames)
{
	double scaled;

	if (!sample)
		return (double)distances_faults(distances, frames);
	scaled = round((double)frames * sample->share);
	if (scaled < 1)
		return NAN;
	return (double)distances_faults(distances, (uint64_t)scaled) / sample->share;
}
