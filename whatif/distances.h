/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reuse distances under LRU: how many distinct pages were used since a page's last use, itself
 * included; so many frames it takes for the use not to fault (Mattson and others).  In memory
 * for the distinct pages only.
 *
 * init -> add ... -> count, faults -> free; or use, forget ... -> free
 */
#ifndef DISTANCES_H
#define DISTANCES_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct distances - uses until now
 * @count: by distance, from 1 on, how many uses had it
 * @cold: first uses, which have none
 *
 * And for distances.c alone:
 * @pages: how many there are at most
 * @slots: places for uses; a multiple of what a block has
 * @now: the place of the next use
 * @live: places that are the last use of their page
 * @slot: by page, 1 + the place of its last use, or 0
 * @page: by place, whose
 * @bits: by place, is it the last use of its page?
 * @tree: of the bits that are set in each block, as Fenwick has it
 */
struct distances {
	uint64_t *count;
	uint64_t cold;

	uint32_t pages;
	uint32_t slots;
	uint32_t now;
	uint32_t live;
	uint32_t *slot;
	uint32_t *page;
	uint64_t *bits;
	uint32_t *tree;
};

/**
 * distances_init() - no use yet
 * @distances: filled in
 * @pages: how many there are
 *
 * Return: true, or false without memory.
 */
bool distances_init(struct distances *distances, uint64_t pages);

/**
 * distances_add() - a use of a page; those that follow at once never fault
 * @distances: the uses before
 * @page: less than @distances->pages
 */
void distances_add(struct distances *distances, uint32_t page);

/**
 * distances_use() - a use of a page that is not counted
 * @distances: the uses before
 * @page: less than @distances->pages
 *
 * Return: its distance, or 0 if it is the first.
 */
uint32_t distances_use(struct distances *distances, uint32_t page);

/**
 * distances_forget() - as if a page had never been used
 * @distances: the uses before
 * @page: one that was
 */
void distances_forget(struct distances *distances, uint32_t page);

/**
 * distances_expect() - a page will be added soon
 * @distances: the uses before
 * @page: which
 */
static inline void distances_expect(const struct distances *distances, uint32_t page)
{
	__builtin_prefetch(&distances->slot[page], 1);
}

/**
 * distances_faults() - how many uses fault
 * @distances: all uses
 * @frames: with so many frames, at least 1
 */
uint64_t distances_faults(const struct distances *distances, uint64_t frames);

/**
 * distances_free() - forget them
 * @distances: the uses
 */
void distances_free(struct distances *distances);

#endif /* DISTANCES_H */
