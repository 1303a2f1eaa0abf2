// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "tlb.h"

/**
 * struct place - where a page is, or would be
 * @entry: its entry, or 0
 * @set: that it belongs to, by its address
 */
struct place {
	uint16_t entry;
	uint16_t set;
};

static_assert(TLB_ENTRIES_MAX <= UINT16_MAX, "an entry's number fits");

/**
 * struct tlb - the entries; number 0 is none
 * @trace: what is replayed
 * @ways: of a set
 * @used: by entry, 1 + the run that used it last; 0 if it is free
 * @page: by entry
 * @place: by page
 */
struct tlb {
	const struct trace *trace;
	uint32_t ways;
	uint64_t *used;
	uint32_t *page;
	struct place *place;
};

struct tlb *tlb_create(const struct trace *trace, struct tlb_shape shape)
{
	uint64_t entries = shape.entries + 1;
	struct tlb *tlb;

	tlb = calloc(1, sizeof(*tlb) + entries * (sizeof(*tlb->used) + sizeof(*tlb->page)) +
			     trace->header.pages * sizeof(*tlb->place));
	if (!tlb)
		return NULL;
	tlb->trace = trace;
	tlb->ways = shape.ways;
	tlb->used = (uint64_t *)(tlb + 1);
	tlb->page = (uint32_t *)(tlb->used + entries);
	tlb->place = (struct place *)(tlb->page + entries);
	for (uint64_t i = 0; i < trace->header.pages; i++)
		tlb->place[i].set = (uint16_t)(trace->pages[i].number & (shape.entries / shape.ways - 1));
	return tlb;
}

static void invalidate(struct tlb *tlb, uint32_t page)
{
	tlb->used[tlb->place[page].entry] = 0;
	tlb->place[page].entry = 0;
}

/* The entry that a page gets: a free one, or that which was used longest ago. */
static uint32_t replace(struct tlb *tlb, uint32_t page)
{
	uint32_t entry = 1 + tlb->place[page].set * tlb->ways, end = entry + tlb->ways;
	uint32_t oldest = entry;
	uint64_t least = tlb->used[entry], used;

	for (entry++; entry < end; entry++) {
		used = tlb->used[entry];
		oldest = used < least ? entry : oldest;
		least = used < least ? used : least;
	}
	if (least)
		tlb->place[tlb->page[oldest]].entry = 0;
	tlb->page[oldest] = page;
	tlb->place[page].entry = (uint16_t)oldest;
	return oldest;
}

static void replay_until(struct tlb *tlb, uint64_t from, uint64_t to, struct page_table *table,
			 struct tlb_counts *counts)
{
	const struct run *runs = tlb->trace->runs;
	uint64_t last = tlb->trace->header.runs - 1, i, ahead;
	uint32_t entry;

	for (i = from; i < to; i++) {
		ahead = i + POLICY_AHEAD < last ? i + POLICY_AHEAD : last;
		__builtin_prefetch(&tlb->place[runs[ahead].page], 1);
		entry = tlb->place[runs[i].page].entry;
		if (!entry) {
			counts->misses++;
			if (table)
				counts->references += page_table_walk(table, runs[i].page);
			entry = replace(tlb, runs[i].page);
		}
		tlb->used[entry] = i + 1;
	}
}

struct tlb_counts tlb_replay(struct tlb *tlb, uint64_t from, uint64_t to,
			     const struct evictions *evictions, struct page_table *table)
{
	const struct eviction *eviction = evictions->all, *end = eviction + evictions->count;
	struct tlb_counts counts = { 0 };

	for (; eviction < end; eviction++) {
		replay_until(tlb, from, eviction->run, table, &counts);
		from = eviction->run;
		invalidate(tlb, eviction->page);
		if (table)
			page_table_evict(table, eviction->page);
	}
	replay_until(tlb, from, to, table, &counts);
	return counts;
}
