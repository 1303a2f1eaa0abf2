// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "page_table.h"

enum {
	/* Of a tree: an entry has 8 bytes, and but for the top a node has 512 of them. */
	NODE_BITS	= 9,
	NODE_BYTES	= 8 << NODE_BITS,
	SMALLEST_SHIFT	= 12,
	/* Of addresses, in a tree of five levels, and of fewer. */
	WIDE_BITS	= 57,
	ADDRESS_BITS	= 48,
	/* Process and page, entry, and the next one of its bucket; a bucket. */
	HASHED_BYTES	= 24,
	BUCKET_BYTES	= 8,
	/* Process and page, and the next frame of its bucket; a bucket. */
	INVERTED_BYTES	= 16,
	ANCHOR_BYTES	= 4,
};

const char * const page_table_names[PAGE_TABLE_KINDS] = {
	NULL, "1", "2", "3", "4", "5", "hashed", "inverted",
};

/**
 * struct page_table - it; a tree needs no more than its counts
 * @trace: what is replayed
 * @kind: of it
 * @levels: of a tree, those that a walk passes
 * @bytes: what it takes
 * @mask: of a hash, its bucket
 * @bucket: 1 + its first page, or 0
 * @next: by page, 1 + the next one of its bucket, or 0
 */
struct page_table {
	const struct trace *trace;
	enum page_table_kind kind;
	uint32_t levels;
	uint64_t bytes;
	uint64_t mask;
	uint32_t *bucket;
	uint32_t *next;
};

static bool is_tree(enum page_table_kind kind)
{
	return kind <= PAGE_TABLE_LEVELS_5;
}

static uint32_t levels_of(enum page_table_kind kind)
{
	return (uint32_t)kind - PAGE_TABLE_LEVELS_1 + 1;
}

bool page_table_fits(enum page_table_kind kind, uint32_t page_shift)
{
	if (!is_tree(kind))
		return page_shift;
	return page_shift >= SMALLEST_SHIFT && (page_shift - SMALLEST_SHIFT) % NODE_BITS == 0 &&
	       (page_shift - SMALLEST_SHIFT) / NODE_BITS < levels_of(kind);
}

uint32_t page_table_spared(uint32_t shift)
{
	return shift / NODE_BITS;
}

/* ---- Trees ---- */

static int compare_pages(const void *a, const void *b)
{
	const struct page *left = a, *right = b;

	if (left->pid != right->pid)
		return left->pid < right->pid ? -1 : 1;
	return left->number < right->number ? -1 : left->number > right->number;
}

/* Those below the top that have a page below them; the pages are sorted. */
static uint64_t count_nodes(const struct page *pages, uint64_t count, uint32_t levels)
{
	uint64_t nodes = 0;

	for (uint32_t bits = NODE_BITS; bits < levels * NODE_BITS; bits += NODE_BITS)
		for (uint64_t i = 0; i < count; i++)
			nodes += !i || pages[i].pid != pages[i - 1].pid ||
				 pages[i].number >> bits != pages[i - 1].number >> bits;
	return nodes;
}

/* The top has what the other levels leave of an address. */
static uint64_t top_bytes(uint32_t levels)
{
	uint32_t address = levels == 5 ? WIDE_BITS : ADDRESS_BITS;

	return 8ULL << (address - SMALLEST_SHIFT - (levels - 1) * NODE_BITS);
}

static bool measure_tree(struct page_table *table)
{
	const struct trace_header *header = &table->trace->header;
	uint32_t levels = levels_of(table->kind);
	uint64_t bits = (levels == 5 ? WIDE_BITS : ADDRESS_BITS) - header->page_shift;
	struct page *pages = malloc(header->pages * sizeof(*pages));
	uint64_t processes = 0;

	if (!pages)
		return false;
	/* Processors leave out what is above, or demand that it says nothing new. */
	for (uint64_t i = 0; i < header->pages; i++) {
		pages[i] = table->trace->pages[i];
		pages[i].number &= (1ULL << bits) - 1;
	}
	qsort(pages, header->pages, sizeof(*pages), compare_pages);
	for (uint64_t i = 0; i < header->pages; i++)
		processes += !i || pages[i].pid != pages[i - 1].pid;
	table->levels = levels - (header->page_shift - SMALLEST_SHIFT) / NODE_BITS;
	table->bytes = processes * top_bytes(levels) +
		       count_nodes(pages, header->pages, table->levels) * NODE_BYTES;
	free(pages);
	return true;
}

/* ---- Hashed tables ---- */

static uint32_t *bucket_of(struct page_table *table, uint32_t page)
{
	struct page key = table->trace->pages[page];
	uint64_t hash = (key.number ^ (uint64_t)key.pid << 32) * 0x9e3779b97f4a7c15;

	return &table->bucket[(hash ^ hash >> 32) & table->mask];
}

static uint32_t walk_bucket(struct page_table *table, uint32_t page)
{
	uint32_t *link = bucket_of(table, page), touched = 1;

	for (; *link; link = &table->next[*link - 1]) {
		touched++;
		if (*link == page + 1)
			return touched;
	}
	*link = page + 1;
	table->next[page] = 0;
	return touched;
}

static uint64_t buckets_for(uint64_t entries)
{
	uint64_t buckets = 1;

	while (buckets < entries)
		buckets *= 2;
	return buckets;
}

struct page_table *page_table_create(const struct trace *trace, enum page_table_kind kind,
				     uint64_t frames)
{
	uint64_t pages = is_tree(kind) ? 0 : trace->header.pages;
	/* Of an inverted table with more frames than pages, most would always be empty. */
	uint64_t buckets = is_tree(kind) ? 0 : buckets_for(kind == PAGE_TABLE_HASHED ||
							   frames > pages ? pages : frames);
	struct page_table *table;

	table = calloc(1, sizeof(*table) + buckets * sizeof(*table->bucket) +
			       pages * sizeof(*table->next));
	if (!table)
		return NULL;
	table->trace = trace;
	table->kind = kind;
	table->mask = buckets - 1;
	table->bucket = (uint32_t *)(table + 1);
	table->next = table->bucket + buckets;
	if (kind == PAGE_TABLE_HASHED)
		table->bytes = buckets * BUCKET_BYTES + pages * HASHED_BYTES;
	if (kind == PAGE_TABLE_INVERTED)
		table->bytes = buckets_for(frames) * ANCHOR_BYTES + frames * INVERTED_BYTES;
	if (is_tree(kind) && !measure_tree(table)) {
		free(table);
		return NULL;
	}
	return table;
}

uint64_t page_table_bytes(const struct page_table *table)
{
	return table->bytes;
}

uint32_t page_table_walk(struct page_table *table, uint32_t page)
{
	return table->levels ?: walk_bucket(table, page);
}

void page_table_evict(struct page_table *table, uint32_t page)
{
	uint32_t *link;

	if (table->kind != PAGE_TABLE_INVERTED)
		return;
	for (link = bucket_of(table, page); *link && *link != page + 1;
	     link = &table->next[*link - 1])
		;
	if (*link)
		*link = table->next[page];
}
