// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "distances.h"

/* A block's bits are a cache line; the tree of blocks then stays in the nearest cache. */
enum { BLOCK_WORDS = 8, BLOCK = 64 * BLOCK_WORDS };

/* Places between two compactions are as many as pages at least, so that they cost nothing. */
static uint64_t places(uint64_t pages)
{
	return (2 * pages / BLOCK + 2) * BLOCK;
}

bool distances_init(struct distances *distances, uint64_t pages)
{
	uint64_t slots = places(pages);

	*distances = (struct distances){ 0 };
	if (slots > UINT32_MAX)
		return false;
	distances->pages = (uint32_t)pages;
	distances->slots = (uint32_t)slots;
	distances->count = calloc(pages + 1, sizeof(*distances->count));
	distances->slot = calloc(pages, sizeof(*distances->slot));
	distances->page = calloc(slots, sizeof(*distances->page));
	distances->bits = calloc(slots / 64, sizeof(*distances->bits));
	distances->tree = calloc(slots / BLOCK + 1, sizeof(*distances->tree));
	if (distances->count && distances->slot && distances->page && distances->bits &&
	    distances->tree)
		return true;
	distances_free(distances);
	return false;
}

void distances_free(struct distances *distances)
{
	free(distances->count);
	free(distances->slot);
	free(distances->page);
	free(distances->bits);
	free(distances->tree);
}

static void tree_add(struct distances *distances, uint32_t block, uint32_t more)
{
	for (block++; block <= distances->slots / BLOCK; block += block & -block)
		distances->tree[block] += more;
}

/* Bits that are set in the blocks before one. */
static uint32_t tree_before(const struct distances *distances, uint32_t block)
{
	uint32_t sum = 0;

	for (; block; block &= block - 1)
		sum += distances->tree[block];
	return sum;
}

/* Moves what is live to the first places, in the same order. */
static void compact(struct distances *distances)
{
	uint32_t to = 0, from;
	uint64_t word;

	for (uint32_t i = 0; i < distances->slots / 64; i++) {
		for (word = distances->bits[i]; word; word &= word - 1) {
			from = i * 64 + (uint32_t)__builtin_ctzll(word);
			distances->page[to] = distances->page[from];
			distances->slot[distances->page[to]] = to + 1;
			to++;
		}
	}
	distances->now = to;
	memset(distances->bits, 0, distances->slots / 8);
	memset(distances->tree, 0, (distances->slots / BLOCK + 1) * sizeof(*distances->tree));
	for (from = 0; from < to; from++)
		distances->bits[from / 64] |= 1ULL << from % 64;
	for (from = 0; from < to; from += BLOCK)
		tree_add(distances, from / BLOCK, to - from < BLOCK ? to - from : BLOCK);
}

/* Live places before one. */
static uint32_t rank(const struct distances *distances, uint32_t place)
{
	uint32_t block = place / BLOCK, sum = tree_before(distances, block), i;

	for (i = block * BLOCK_WORDS; i < place / 64; i++)
		sum += (uint32_t)__builtin_popcountll(distances->bits[i]);
	return sum + (uint32_t)__builtin_popcountll(distances->bits[i] &
						    ((1ULL << place % 64) - 1));
}

static void set_last_use(struct distances *distances, uint32_t page)
{
	uint32_t place = distances->now++;

	distances->page[place] = page;
	distances->slot[page] = place + 1;
	distances->bits[place / 64] |= 1ULL << place % 64;
	tree_add(distances, place / BLOCK, 1);
}

static void forget_last_use(struct distances *distances, uint32_t page)
{
	uint32_t place = distances->slot[page] - 1;

	distances->bits[place / 64] &= ~(1ULL << place % 64);
	tree_add(distances, place / BLOCK, -1u);
}

static inline uint32_t use(struct distances *distances, uint32_t page)
{
	uint32_t distance = 0;

	if (distances->now == distances->slots)
		compact(distances);
	if (!distances->slot[page]) {
		distances->live++;
	} else {
		distance = distances->live - rank(distances, distances->slot[page] - 1);
		forget_last_use(distances, page);
	}
	set_last_use(distances, page);
	return distance;
}

/* Where the processor counts bits by itself, as all but the oldest do; clang 14 cannot. */
#if defined(__x86_64__) && !defined(__clang__)
#define COUNTS_BITS	__attribute__((target_clones("popcnt", "default")))
#else
#define COUNTS_BITS
#endif

COUNTS_BITS
uint32_t distances_use(struct distances *distances, uint32_t page)
{
	return use(distances, page);
}

COUNTS_BITS
void distances_add(struct distances *distances, uint32_t page)
{
	uint32_t distance = use(distances, page);

	if (distance)
		distances->count[distance]++;
	else
		distances->cold++;
}

void distances_forget(struct distances *distances, uint32_t page)
{
	forget_last_use(distances, page);
	distances->slot[page] = 0;
	distances->live--;
}

uint64_t distances_faults(const struct distances *distances, uint64_t frames)
{
	uint64_t faults = distances->cold;

	for (uint64_t i = frames; i < distances->pages; i++)
		faults += distances->count[i + 1];
	return faults;
}
