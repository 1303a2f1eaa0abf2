/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A miss-ratio curve under LRU from so many pages at most, in memory for these only: SHARDS of
 * fixed size.  The pages with the smallest hashes are looked at; when there is one too many, the
 * one with the largest goes, and from then on only those below its hash are looked at.
 *
 * init -> make -> faults -> free
 */
#ifndef BOUNDED_H
#define BOUNDED_H

#include <stdbool.h>
#include <stdint.h>

#include "distances.h"
#include "trace.h"

/**
 * struct bounded_size - one number of frames
 * @frames: it
 * @scaled: how many of the sample that is now
 * @hits: uses that fault with the next smaller number, but not with this one
 */
struct bounded_size {
	uint64_t frames;
	double scaled;
	double hits;
};

/**
 * struct bounded - what is known of the uses until now
 * @share: of all pages that is looked at now
 * @most: pages that are looked at
 * @sizes: the numbers of frames, from the smallest on
 * @sizes_count: how many of these
 * @faults: uses that fault without a frame
 *
 * And for bounded.c alone:
 * @distances: of the pages that are looked at, by slot
 * @threshold: they have smaller hashes
 * @used: how many there are
 * @slots: what is known of each
 * @heap: the slots; of those that are used, which come first, the largest hash is at the top
 * @buckets: 1 + the first slot of each, or 0
 * @mask: of a hash, its bucket
 */
struct bounded {
	double share;
	uint32_t most;
	struct bounded_size *sizes;
	uint32_t sizes_count;
	double faults;

	struct distances distances;
	uint64_t threshold;
	uint32_t used;
	struct bounded_slot *slots;
	uint32_t *heap;
	uint32_t *buckets;
	uint64_t mask;
};

/**
 * bounded_init() - no use yet
 * @bounded: filled in
 * @most: so many pages, at least 1
 * @frames: the numbers of frames that will be asked for
 * @count: how many of them
 *
 * Return: true, or false without memory.
 */
bool bounded_init(struct bounded *bounded, uint32_t most, const uint64_t *frames, uint32_t count);

/**
 * bounded_make() - all uses of a trace
 * @bounded: without one
 * @trace: the accesses
 */
void bounded_make(struct bounded *bounded, const struct trace *trace);

/**
 * bounded_faults() - about how many uses fault
 * @bounded: made
 * @frames: with so many frames, one of those that were given
 *
 * Return: NAN if the sample has no frame for so few.
 */
double bounded_faults(const struct bounded *bounded, uint64_t frames);

/**
 * bounded_free() - forget them
 * @bounded: the uses
 */
void bounded_free(struct bounded *bounded);

#endif /* BOUNDED_H */
