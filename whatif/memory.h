/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The memory of several processes: pages that share what they hold after a fork or in a mapping,
 * and are copied when they are written; frames, files and swap.  Faults are those that Linux
 * would count, but that there is no page of zeros: what is read first has a frame, too.
 *
 * create -> replay ... -> count -> free
 */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "evictions.h"
#include "huge.h"
#include "layout.h"
#include "nodes.h"
#include "policy.h"

/**
 * enum memory_count - what is counted
 * @MEMORY_MINOR: faults without I/O, copies included
 * @MEMORY_MAJOR: faults that read from swap or a file
 * @MEMORY_COW: pages copied at a write
 * @MEMORY_COW_MINOR: of these, those that were no major faults
 * @MEMORY_REUSES: writes to a page that was shared, and is not any more: nothing is copied
 * @MEMORY_SWAP_INS: pages read from swap
 * @MEMORY_SWAP_OUTS: pages written to swap; one that is not written again keeps its place there
 * @MEMORY_WRITE_BACKS: pages of files written when they had to go
 * @MEMORY_PREFETCHED: pages read ahead
 * @MEMORY_PREFETCH_USEFUL: of these, those used before they went
 * @MEMORY_PRECOPIED: pages copied ahead of their write
 * @MEMORY_PRECOPY_USEFUL: of these, those written then without a fault
 * @MEMORY_REMOTE: accesses to a frame of another node
 * @MEMORY_MIGRATIONS: frames that went to another node
 * @MEMORY_HUGE: how often pages became a huge one, of each size
 * @MEMORY_SPLITS: how often a huge one was one no more
 */
enum memory_count {
	MEMORY_MINOR,
	MEMORY_MAJOR,
	MEMORY_COW,
	MEMORY_COW_MINOR,
	MEMORY_REUSES,
	MEMORY_SWAP_INS,
	MEMORY_SWAP_OUTS,
	MEMORY_WRITE_BACKS,
	MEMORY_PREFETCHED,
	MEMORY_PREFETCH_USEFUL,
	MEMORY_PRECOPIED,
	MEMORY_PRECOPY_USEFUL,
	MEMORY_REMOTE,
	MEMORY_MIGRATIONS,
	MEMORY_HUGE,
	MEMORY_SPLITS,
	MEMORY_COUNTS,
};

/* Pages ahead; more are no neighbours. */
enum { MEMORY_DEPTH_MAX = 512 };

/**
 * struct memory_options - what it can be told
 * @prefetch: after a major fault, so many pages behind it are read, too, if they can be
 * @precopy: after a copy, so many pages behind it are copied, too, if they are shared
 * @nodes: NUMA nodes
 * @huge: sizes of huge pages
 */
struct memory_options {
	uint32_t prefetch;
	uint32_t precopy;
	struct nodes_shape nodes;
	struct huge_sizes huge;
};

struct memory;

/**
 * memory_create() - nothing is in memory
 * @layout: the pages; stays where it is
 * @policy: who goes
 * @options: of the policy
 * @own: its own
 *
 * Return: it, or NULL without memory.
 */
struct memory *memory_create(const struct layout *layout, const struct policy *policy,
			     const struct policy_options *options,
			     const struct memory_options *own);

/**
 * memory_replay() - runs of the trace, and what happens between them
 * @memory: it, as the runs before left it
 * @from: the first
 * @to: behind the last
 * @unmapped: who is not mapped any more, and was; added to
 * @resized: regions that became huge, or small again; likewise
 *
 * Return: true, or false without memory.
 */
bool memory_replay(struct memory *memory, uint64_t from, uint64_t to, struct evictions *unmapped,
		   struct evictions *resized);

/**
 * memory_huge() - its regions
 * @memory: it
 *
 * Return: they, or NULL if no page becomes huge.
 */
const struct huge *memory_huge(const struct memory *memory);

/**
 * memory_count() - what has come of it
 * @memory: it
 * @counts: filled in
 */
void memory_count(const struct memory *memory, uint64_t counts[MEMORY_COUNTS]);

/**
 * memory_free() - forget it
 * @memory: it, or NULL
 */
void memory_free(struct memory *memory);

#endif /* MEMORY_H */
