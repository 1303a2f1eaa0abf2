/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A set-associative TLB: the least recently used entry of a page's set goes.  Entries are told
 * apart by process (ASIDs), so that nothing is flushed when another one runs; what is evicted
 * from memory is invalidated.
 *
 * create -> replay ... -> free
 */
#ifndef TLB_H
#define TLB_H

#include <stdint.h>

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
 *
 * Return: it, for free(3), or NULL without memory.
 */
struct tlb *tlb_create(const struct trace *trace, struct tlb_shape shape);

/**
 * tlb_replay() - runs of the trace
 * @tlb: it, as the runs before left it
 * @from: the first
 * @to: behind the last
 * @evictions: meanwhile, in order
 * @table: that is walked at each miss, or NULL
 *
 * Return: what has come of it.
 */
struct tlb_counts tlb_replay(struct tlb *tlb, uint64_t from, uint64_t to,
			     const struct evictions *evictions, struct page_table *table);

#endif /* TLB_H */
