/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A share of the pages of a trace, chosen by a hash of what they are: the accesses to them are
 * a smaller trace, and a memory that is smaller by the same share has as large a share of the
 * faults (SHARDS; MiniSim, by Waldspurger and others).
 *
 * init -> has, numbers ...; and trace_init -> trace -> free
 */
#ifndef SAMPLE_H
#define SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "trace.h"

/**
 * struct sample - some of a trace's pages
 * @share: of all pages, exactly
 * @pages: how many
 * @bits: by page of the trace, is it one of them?
 * @numbers: by page of the trace, its number among them
 * @trace: the accesses to them; without a file, and only if asked for
 */
struct sample {
	double share;
	uint64_t pages;
	uint64_t *bits;
	uint32_t *numbers;
	struct trace trace;
};

/* Not the one of page_ids.c: a page's number must not tell whether it is chosen. */
static inline uint64_t sample_hash(struct page page)
{
	uint64_t mixed = page.number ^ (uint64_t)page.pid << 40 ^ 0x5851f42d4c957f2d;

	mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
	mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
	return mixed ^ mixed >> 31;
}

static inline bool sample_has(const struct sample *sample, uint32_t page)
{
	return sample->bits[page / 64] >> page % 64 & 1;
}

/**
 * sample_init() - choose pages
 * @sample: filled in
 * @trace: whose
 * @share: roughly as many of them; @sample->pages may come to 0
 *
 * Return: true, or false without memory.
 */
bool sample_init(struct sample *sample, const struct trace *trace, double share);

/**
 * sample_trace_init() - the accesses to them as a trace
 * @sample: chosen
 * @trace: of which
 *
 * Return: true, or false without memory.
 */
bool sample_trace_init(struct sample *sample, const struct trace *trace);

/**
 * sample_free() - forget them
 * @sample: chosen
 */
void sample_free(struct sample *sample);

#endif /* SAMPLE_H */
