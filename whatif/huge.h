/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Huge pages: so many neighbours of a process, aligned, are one as soon as all of them are mapped
 * and may be written, as khugepaged has it, and small again as soon as one of them is not.  There
 * may be several sizes: a page is of the largest region that is huge.
 *
 * init -> add, remove ... -> free
 */
#ifndef HUGE_H
#define HUGE_H

#include <stdbool.h>
#include <stdint.h>

#include "page_ids.h"

enum {
	/* Pages of 4 KB in one of 1 GB. */
	HUGE_SHIFT_MAX	= 18,
	HUGE_SIZES_MAX	= 4,
	/* In a region's number there is its size, above where those of pages end. */
	HUGE_SIZE_BIT	= 62,
};

/**
 * struct huge_sizes - of huge pages
 * @count: how many; 0 if there are no huge pages
 * @shift: log2 of the pages of each, from the smallest on
 */
struct huge_sizes {
	uint32_t count;
	uint32_t shift[HUGE_SIZES_MAX];
};

/**
 * struct huge - regions that are or may become huge pages
 * @sizes: that they have
 * @pages: how many small ones there are
 * @regions: of all sizes; see huge_number() and huge_shift()
 * @region: by size and page, that it is in
 * @mapped: by region, how many of its pages are
 * @first: by region, of @members; there is one more
 * @members: pages, region after region
 */
struct huge {
	struct huge_sizes sizes;
	uint64_t pages;
	struct page_ids regions;
	uint32_t *region;
	uint32_t *mapped;
	uint64_t *first;
	uint32_t *members;
};

/**
 * huge_init() - all pages are small
 * @huge: filled in
 * @pages: all
 * @sizes: of the huge ones
 *
 * Return: true, or false without memory.
 */
bool huge_init(struct huge *huge, const struct page_ids *pages, const struct huge_sizes *sizes);

/* Of a size, the region that a page is in. */
static inline uint32_t huge_region(const struct huge *huge, uint32_t size, uint32_t page)
{
	return huge->region[size * huge->pages + page];
}

/* A region's number, among pages of its size. */
static inline uint64_t huge_number(const struct huge *huge, uint32_t region)
{
	return huge->regions.pages[region].number & ((1ULL << HUGE_SIZE_BIT) - 1);
}

/* log2 of a region's pages. */
static inline uint32_t huge_shift(const struct huge *huge, uint32_t region)
{
	return huge->sizes.shift[huge->regions.pages[region].number >> HUGE_SIZE_BIT];
}

/**
 * huge_add() - a page is mapped
 * @huge: the regions
 * @region: that it is in
 *
 * Return: is the region huge from now on?
 */
bool huge_add(struct huge *huge, uint32_t region);

/**
 * huge_remove() - a page is not mapped any more
 * @huge: the regions
 * @region: that it is in
 *
 * Return: was the region huge?
 */
bool huge_remove(struct huge *huge, uint32_t region);

/**
 * huge_free() - forget them
 * @huge: the regions, or all 0
 */
void huge_free(struct huge *huge);

#endif /* HUGE_H */
