// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "page_ids.h"
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
 * @place: by page, and behind the pages by region
 * @huge: regions, or NULL
 * @by: by page, its own number or that of its region in @place; if there are regions
 * @whole: by region, is it huge?
 */
struct tlb {
	const struct trace *trace;
	uint32_t ways;
	uint64_t *used;
	uint32_t *page;
	struct place *place;
	const struct huge *huge;
	uint32_t *by;
	bool *whole;
};

struct tlb *tlb_create(const struct trace *trace, struct tlb_shape shape, const struct huge *huge)
{
	uint64_t entries = shape.entries + 1, pages = trace->header.pages;
	uint64_t regions = huge ? huge->regions.count : 0;
	uint32_t last_set = shape.entries / shape.ways - 1;
	struct tlb *tlb;

	tlb = calloc(1, sizeof(*tlb) + entries * (sizeof(*tlb->used) + sizeof(*tlb->page)) +
			     (pages + regions) * sizeof(*tlb->place) +
			     (huge ? pages * sizeof(*tlb->by) : 0) + regions * sizeof(*tlb->whole));
	if (!tlb)
		return NULL;
	tlb->trace = trace;
	tlb->ways = shape.ways;
	tlb->used = (uint64_t *)(tlb + 1);
	tlb->page = (uint32_t *)(tlb->used + entries);
	tlb->place = (struct place *)(tlb->page + entries);
	tlb->huge = huge;
	tlb->by = huge ? (uint32_t *)(tlb->place + pages + regions) : NULL;
	tlb->whole = huge ? (bool *)(tlb->by + pages) : NULL;
	for (uint64_t i = 0; i < pages; i++)
		tlb->place[i].set = (uint16_t)(trace->pages[i].number & last_set);
	for (uint64_t i = 0; i < regions; i++)
		tlb->place[pages + i].set = (uint16_t)(huge_number(huge, (uint32_t)i) & last_set);
	for (uint64_t i = 0; huge && i < pages; i++)
		tlb->by[i] = (uint32_t)i;
	return tlb;
}

static void invalidate(struct tlb *tlb, uint32_t page)
{
	tlb->used[tlb->place[page].entry] = 0;
	tlb->place[page].entry = 0;
}

/* The largest region that is huge has the entry of a page. */
static uint32_t find_by(const struct tlb *tlb, uint32_t page)
{
	uint32_t region;

	for (uint32_t size = tlb->huge->sizes.count; size--;) {
		region = huge_region(tlb->huge, size, page);
		if (tlb->whole[region])
			return (uint32_t)tlb->trace->header.pages + region;
	}
	return page;
}

/* A region is huge from now on, or no more: whose entry is another one now, has that no longer. */
static void resize(struct tlb *tlb, uint32_t region)
{
	uint32_t page, by;

	tlb->whole[region] ^= true;
	for (uint64_t i = tlb->huge->first[region]; i < tlb->huge->first[region + 1]; i++) {
		page = tlb->huge->members[i];
		if (page >= tlb->trace->header.pages)
			continue;
		by = find_by(tlb, page);
		if (by == tlb->by[page])
			continue;
		invalidate(tlb, tlb->by[page]);
		tlb->by[page] = by;
	}
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

/* A walk to a huge page ends as many levels earlier as its size spares. */
static uint32_t walk(const struct tlb *tlb, struct page_table *table, uint32_t page, uint32_t by)
{
	uint32_t touched = page_table_walk(table, page), pages = (uint32_t)tlb->trace->header.pages;

	return by < pages ? touched :
	       touched - page_table_spared(huge_shift(tlb->huge, by - pages));
}

/* @by: that of the TLB; inlined once without, as who has no huge pages should not pay for them. */
static inline __attribute__((always_inline))
void replay_by(struct tlb *tlb, const uint32_t *by, uint64_t from, uint64_t to,
	       struct page_table *table, struct tlb_counts *counts)
{
	const struct run *runs = tlb->trace->runs;
	uint64_t last = tlb->trace->header.runs - 1, i, ahead;
	uint32_t entry, page;

	for (i = from; i < to; i++) {
		ahead = i + POLICY_AHEAD < last ? i + POLICY_AHEAD : last;
		__builtin_prefetch(&tlb->place[runs[ahead].page], 1);
		page = by ? by[runs[i].page] : runs[i].page;
		entry = tlb->place[page].entry;
		if (!entry) {
			counts->misses++;
			if (table)
				counts->references += walk(tlb, table, runs[i].page, page);
			entry = replace(tlb, page);
		}
		tlb->used[entry] = i + 1;
	}
}

static void replay_until(struct tlb *tlb, uint64_t from, uint64_t to, struct page_table *table,
			 struct tlb_counts *counts)
{
	if (tlb->by)
		replay_by(tlb, tlb->by, from, to, table, counts);
	else
		replay_by(tlb, NULL, from, to, table, counts);
}

/* Those up to a run; @from moves there. */
static const struct eviction *resize_until(struct tlb *tlb, uint64_t *from, uint64_t to,
					   const struct eviction *resized,
					   const struct eviction *end, struct page_table *table,
					   struct tlb_counts *counts)
{
	for (; resized < end && resized->run <= to; resized++) {
		replay_until(tlb, *from, resized->run, table, counts);
		*from = resized->run;
		resize(tlb, resized->page);
	}
	return resized;
}

struct tlb_counts tlb_replay(struct tlb *tlb, uint64_t from, uint64_t to,
			     const struct evictions *evictions, const struct evictions *resized,
			     struct page_table *table)
{
	const struct eviction *next = resized ? resized->all : NULL;
	const struct eviction *last = resized ? next + resized->count : NULL;
	const struct eviction *eviction = evictions->all, *end = eviction + evictions->count;
	struct tlb_counts counts = { 0 };

	for (; eviction < end; eviction++) {
		/* Those of a batch are known, so that none has to wait for its place. */
		if (end - eviction > POLICY_AHEAD)
			__builtin_prefetch(&tlb->place[eviction[POLICY_AHEAD].page], 1);
		next = resize_until(tlb, &from, eviction->run, next, last, table, &counts);
		replay_until(tlb, from, eviction->run, table, &counts);
		from = eviction->run;
		invalidate(tlb, eviction->page);
		if (table)
			page_table_evict(table, eviction->page);
	}
	resize_until(tlb, &from, to, next, last, table, &counts);
	replay_until(tlb, from, to, table, &counts);
	return counts;
}

uint32_t tlb_page_at(const struct tlb *tlb, uint32_t entry)
{
	return tlb->used[entry + 1] ? tlb->page[entry + 1] : PAGE_NONE;
}
