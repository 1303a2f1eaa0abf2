/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A set-associative TLB: the least recently used entry of a page's set goes.  Entries are told
 * apart by process (ASIDs), so that nothing is flushed when another one runs; what is evicted
 * from memory is invalidated.  Entries of pages of all sizes share it, each in the set of its own
 * number.
 *
 * create -> replay ... -> free
 */
#ifndef TLB_H
#define TLB_H

#include <stdint.h>

#include "evictions.h"
#include "huge.h"
#include "page_table.h"
#include "policy.h"
#include "trace.h"

enum { TLB_ENTRIES_MAX = 1 << 15 };

/**
 * struct tlb_shape - how large it is
 * @entries: in all, at most TLB_ENTRIES_MAX; 0 if there is none
 * @ways: of a set; @entries / @ways is a power of two
 */
struct tlb_shape {
	uint32_t entries;
	uint32_t ways;
};

/**
 * struct tlb_counts - what has come of some accesses
 * @misses: how many missed
 * @references: how often memory was touched by the walks for these
 */
struct tlb_counts {
	uint64_t misses;
	uint64_t references;
};

struct tlb;

/**
 * tlb_create() - an empty one
 * @trace: what is replayed
 * @shape: how large
 * @huge: regions that become huge pages, or NULL; stay where they are
 *
 * Return: it, for free(3), or NULL without memory.
 */
struct tlb *tlb_create(const struct trace *trace, struct tlb_shape shape, const struct huge *huge);

/**
 * tlb_replay() - runs of the trace
 * @tlb: it, as the runs before left it
 * @from: the first
 * @to: behind the last
 * @evictions: meanwhile, in order
 * @resized: regions that became huge or small again meanwhile, in order, or NULL
 * @table: that is walked at each miss, or NULL
 *
 * Return: what has come of it.
 */
struct tlb_counts tlb_replay(struct tlb *tlb, uint64_t from, uint64_t to,
			     const struct evictions *evictions, const struct evictions *resized,
			     struct page_table *table);

/**
 * tlb_page_at() - what is in an entry
 * @tlb: it
 * @entry: from 0 on, set by set
 *
 * Return: the page, or PAGE_NONE.
 */
uint32_t tlb_page_at(const struct tlb *tlb, uint32_t entry);

#endif /* TLB_H */
