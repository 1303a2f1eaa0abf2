// SPDX-License-Identifier: GPL-2.0
#include <math.h>
#include <stdlib.h>

#include "bounded.h"
#include "progress.h"
#include "sample.h"

/* Runs between two looks at what a person sees. */
enum { STRETCH = 1 << 20 };

/**
 * struct bounded_slot - a page that is looked at
 * @hash: of it
 * @page: its number in the trace
 * @next: 1 + the next slot of its bucket, or 0
 */
struct bounded_slot {
	uint64_t hash;
	uint32_t page;
	uint32_t next;
};

static int compare_sizes(const void *a, const void *b)
{
	const struct bounded_size *left = a, *right = b;

	return left->frames < right->frames ? -1 : left->frames > right->frames;
}

/* A frame of the sample is as much larger as the sample is smaller. */
static void set_threshold(struct bounded *bounded, uint64_t threshold)
{
	bounded->threshold = threshold;
	bounded->share = (double)threshold * 0x1p-64;
	for (uint32_t i = 0; i < bounded->sizes_count; i++)
		bounded->sizes[i].scaled = round((double)bounded->sizes[i].frames * bounded->share);
}

bool bounded_init(struct bounded *bounded, uint32_t most, const uint64_t *frames, uint32_t count)
{
	uint64_t buckets = 1;

	while (buckets < most)
		buckets *= 2;
	*bounded = (struct bounded){ .most = most, .sizes_count = count, .mask = buckets - 1 };
	bounded->sizes = calloc(count, sizeof(*bounded->sizes));
	bounded->slots = calloc(most, sizeof(*bounded->slots));
	bounded->heap = calloc(most, sizeof(*bounded->heap));
	bounded->buckets = calloc(buckets, sizeof(*bounded->buckets));
	if (!bounded->sizes || !bounded->slots || !bounded->heap || !bounded->buckets ||
	    !distances_init(&bounded->distances, most)) {
		bounded_free(bounded);
		return false;
	}
	for (uint32_t i = 0; i < count; i++)
		bounded->sizes[i].frames = frames[i];
	for (uint32_t i = 0; i < most; i++)
		bounded->heap[i] = i;
	qsort(bounded->sizes, count, sizeof(*bounded->sizes), compare_sizes);
	set_threshold(bounded, UINT64_MAX);
	return true;
}

/* ---- The page with the largest hash ---- */

static uint64_t hash_at(const struct bounded *bounded, uint32_t place)
{
	return bounded->slots[bounded->heap[place]].hash;
}

static void swap(struct bounded *bounded, uint32_t one, uint32_t other)
{
	uint32_t slot = bounded->heap[one];

	bounded->heap[one] = bounded->heap[other];
	bounded->heap[other] = slot;
}

static void rise(struct bounded *bounded, uint32_t place)
{
	uint32_t above;

	for (; place; place = above) {
		above = (place - 1) / 2;
		if (hash_at(bounded, above) >= hash_at(bounded, place))
			return;
		swap(bounded, above, place);
	}
}

static void sink(struct bounded *bounded)
{
	uint32_t place = 0, below;

	while ((below = 2 * place + 1) < bounded->used) {
		if (below + 1 < bounded->used &&
		    hash_at(bounded, below + 1) > hash_at(bounded, below))
			below++;
		if (hash_at(bounded, place) >= hash_at(bounded, below))
			return;
		swap(bounded, place, below);
		place = below;
	}
}

/* ---- The pages ---- */

/* Where the slot of a page is linked, or would be. */
static uint32_t *link_of(struct bounded *bounded, uint32_t page, uint64_t hash)
{
	uint32_t *link = &bounded->buckets[hash & bounded->mask];

	while (*link && bounded->slots[*link - 1].page != page)
		link = &bounded->slots[*link - 1].next;
	return link;
}

/* Its slot is the first behind those that are used, and so the next page's. */
static void drop_largest(struct bounded *bounded)
{
	const struct bounded_slot *slot = &bounded->slots[bounded->heap[0]];

	*link_of(bounded, slot->page, slot->hash) = slot->next;
	distances_forget(&bounded->distances, bounded->heap[0]);
	swap(bounded, 0, --bounded->used);
	sink(bounded);
}

/* Of one page more than there may be, the one with the largest hash is not looked at again. */
static void make_room(struct bounded *bounded, uint64_t hash)
{
	uint64_t largest = hash_at(bounded, 0);

	set_threshold(bounded, hash > largest ? hash : largest);
	while (bounded->used && hash_at(bounded, 0) >= bounded->threshold)
		drop_largest(bounded);
}

static uint32_t insert(struct bounded *bounded, uint32_t page, uint64_t hash)
{
	uint32_t place = bounded->used++, slot = bounded->heap[place];

	*link_of(bounded, page, hash) = slot + 1;
	bounded->slots[slot] = (struct bounded_slot){ .hash = hash, .page = page };
	rise(bounded, place);
	return slot;
}

/* ---- Uses ---- */

/* One of so many that are like it, as those are not looked at. */
static void count(struct bounded *bounded, uint32_t distance)
{
	uint32_t from = 0, to = bounded->sizes_count, middle;

	bounded->faults += 1 / bounded->share;
	if (!distance)
		return;
	while (from < to) {
		middle = from + (to - from) / 2;
		if (bounded->sizes[middle].scaled < distance)
			from = middle + 1;
		else
			to = middle;
	}
	if (from < bounded->sizes_count)
		bounded->sizes[from].hits += 1 / bounded->share;
}

static void add(struct bounded *bounded, uint32_t page, uint64_t hash)
{
	uint32_t slot = *link_of(bounded, page, hash);

	if (!slot && bounded->used == bounded->most) {
		make_room(bounded, hash);
		if (hash >= bounded->threshold)
			return;
	}
	count(bounded, distances_use(&bounded->distances,
				     slot ? slot - 1 : insert(bounded, page, hash)));
}

void bounded_make(struct bounded *bounded, const struct trace *trace)
{
	uint64_t runs = trace->header.runs, hash, i;
	uint32_t page;

	progress_begin("runs replayed", runs);
	for (i = 0; i < runs; i++) {
		page = trace->runs[i].page;
		hash = sample_hash(trace->pages[page]);
		if (hash < bounded->threshold)
			add(bounded, page, hash);
		if (i % STRETCH == STRETCH - 1)
			progress_add(STRETCH);
	}
	progress_end();
}

double bounded_faults(const struct bounded *bounded, uint64_t frames)
{
	double faults = bounded->faults;

	for (uint32_t i = 0; i < bounded->sizes_count && bounded->sizes[i].frames <= frames; i++) {
		if (bounded->sizes[i].frames == frames && bounded->sizes[i].scaled < 1)
			return NAN;
		faults -= bounded->sizes[i].hits;
	}
	return faults;
}

void bounded_free(struct bounded *bounded)
{
	distances_free(&bounded->distances);
	free(bounded->sizes);
	free(bounded->slots);
	free(bounded->heap);
	free(bounded->buckets);
}
