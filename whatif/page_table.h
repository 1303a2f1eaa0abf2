/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Page tables: what they take, and how often a walk through them touches memory.  There are
 * trees of 1 to 5 levels, a tree for each process; a hashed table of all pages; and an inverted
 * one, of the pages that have frames.
 *
 * create -> walk, evict ... -> free
 */
#ifndef PAGE_TABLE_H
#define PAGE_TABLE_H

#include <stdint.h>

#include "trace.h"

/* log2 of the bytes of an entry of a tree's node, as processors of 64 bits have it. */
enum { PAGE_TABLE_ENTRY_SHIFT = 3 };

enum page_table_kind {
	PAGE_TABLE_NONE,
	PAGE_TABLE_LEVELS_1,
	PAGE_TABLE_LEVELS_5 = PAGE_TABLE_LEVELS_1 + 4,
	PAGE_TABLE_HASHED,
	PAGE_TABLE_INVERTED,
	PAGE_TABLE_KINDS,
};

/* Of each kind, as on the command line. */
extern const char * const page_table_names[PAGE_TABLE_KINDS];

struct page_table;

/**
 * page_table_fits() - can it have pages of this size?
 * @kind: of it
 * @page_shift: log2 of the page size
 *
 * Return: false for trees where it is not 4 KB, 2 MB, 1 GB and so on, or no level is left.
 */
bool page_table_fits(enum page_table_kind kind, uint32_t page_shift);

/**
 * page_table_spared() - how many levels of a tree a walk to a huge page does not pass
 * @shift: log2 of its pages
 */
uint32_t page_table_spared(uint32_t shift);

/**
 * page_table_create() - one without a page
 * @trace: what is replayed
 * @kind: that it is of
 * @frames: how many there are
 *
 * Return: it, for free(3), or NULL without memory.
 */
struct page_table *page_table_create(const struct trace *trace, enum page_table_kind kind,
				     uint64_t frames);

/**
 * page_table_bytes() - what it takes once all pages of the trace were in it
 * @table: it
 */
uint64_t page_table_bytes(const struct page_table *table);

/**
 * page_table_walk() - look for a page, and put it in if it is not there
 * @table: it
 * @page: which
 *
 * Return: how many times memory was touched until it was found, or not.
 */
uint32_t page_table_walk(struct page_table *table, uint32_t page);

/**
 * page_table_evict() - a page has gone from its frame, or is not mapped any more
 * @table: it
 * @page: which
 */
void page_table_evict(struct page_table *table, uint32_t page);

#endif /* PAGE_TABLE_H */
