/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory of a process that has the pages of a trace as far from each other, and in the same places
 * of page tables, as they were recorded.  Each of the trace's pages is one of this machine's.
 *
 * A trace seldom says what was mapped: from one page that was used to the next there is one
 * mapping, unless more than a page table maps lies between them.
 *
 * init -> map ... -> free
 */
#ifndef ARENA_H
#define ARENA_H

#include <stdbool.h>
#include <stdint.h>

#include "trace.h"

/**
 * struct span - a mapping
 * @begin: its first page
 * @end: the page behind it
 */
struct span {
	uint64_t begin;
	uint64_t end;
};

/**
 * struct arena - the places
 * @trace: whose pages
 * @place: by page, its number in the arena
 * @spans: in order, with no two of them in one page table
 * @spans_count: how many
 * @pages: that it spans in all
 * @page_shift: log2 of this machine's page size
 * @table_shift: log2 of the pages of a page table, and so of the smallest huge page
 */
struct arena {
	const struct trace *trace;
	uint64_t *place;
	struct span *spans;
	uint64_t spans_count;
	uint64_t pages;
	uint32_t page_shift;
	uint32_t table_shift;
};

/**
 * arena_page_shift() - log2 of this machine's page size
 */
uint32_t arena_page_shift(void);

/**
 * arena_table_shift() - log2 of the pages that a page table of this machine's maps
 */
uint32_t arena_table_shift(void);

/**
 * arena_init() - find a place for each page
 * @arena: filled in
 * @trace: whose pages
 *
 * Return: true, or false without memory.
 */
bool arena_init(struct arena *arena, const struct trace *trace);

/**
 * arena_map() - the memory, which nobody has used yet
 * @arena: it
 * @advice: of madvise(2) for it
 *
 * Return: where page 0 would be, or NULL with errno.
 */
char *arena_map(const struct arena *arena, int advice);

/**
 * arena_free() - forget the places
 * @arena: it, or all 0
 */
void arena_free(struct arena *arena);

#endif /* ARENA_H */
