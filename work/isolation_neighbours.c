// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "child.h"
#include "isolation.h"
#include "pagemap.h"
#include "tap.h"
#include "words.h"

enum {
	/* Pages that are written, between two that are not. */
	RUN = 15,
	/* In the pages of edges: across two page tables. */
	MIDDLE = 400,
	MIDDLE_END = 1100,
	EDGE_PAGES = 3 * PAGES_OF_HUGE,
	SWAP_PAGES = 512,
	OWN = 1,
};

/* What lies between the pages that are written. */
enum gap {
	HOLE,
	PROTECTED,
	READ_ONLY,
	UNTOUCHED,
	ONLY_READ,
	GAPS,
	/* Not a gap: a page that is written, and wrong. */
	WRITTEN = GAPS,
};

static const char *const gap_names[GAPS] = {
	"where nothing is mapped",
	"that may not be touched (PROT_NONE)",
	"that may only be read (PROT_READ)",
	"that nobody ever touched",
	"that was only ever read (the zero page)",
};

enum { HOLES_PAGES = 8 * GAPS * (RUN + 1) };

static enum gap gap_of(size_t page)
{
	return page % (RUN + 1) == RUN ? page / (RUN + 1) % GAPS : WRITTEN;
}

static void *address(const struct words *words, size_t page)
{
	return (void *)(words->pages.start + page * words->pages.bytes);
}

static void make_gap(const struct words *words, size_t page)
{
	void *start = address(words, page);
	size_t bytes = words->pages.bytes;
	int error = 0;

	switch (gap_of(page)) {
	case HOLE:
		error = munmap(start, bytes);
		break;
	case PROTECTED:
		error = mprotect(start, bytes, PROT_NONE);
		break;
	case READ_ONLY:
		error = mprotect(start, bytes, PROT_READ);
		break;
	case UNTOUCHED:
	case ONLY_READ:
		error = madvise(start, bytes, MADV_DONTNEED);
		break;
	case GAPS:
		break;
	}
	if (error)
		bail("page %zu", page);
	if (gap_of(page) == ONLY_READ)
		(void)*(volatile char *)start;
}

/*
 * Where the frame lies may change at any time.  What else an entry says changes when
 * the page is copied: it is then mapped by this process alone.
 */
static bool same(uint64_t entry, uint64_t before)
{
	return !((entry ^ before) & ~PAGEMAP_FRAME);
}

static bool still_nothing(const struct words *words, size_t page)
{
	unsigned char resident;

	return mincore(address(words, page), words->pages.bytes, &resident) && errno == ENOMEM;
}

static void write_run(struct words *words, size_t page)
{
	if (gap_of(page) == WRITTEN)
		words_write(words, page, OWN);
}

/* Returns a bit for each kind of gap that has changed. */
static int write_between(struct words *words, bool backwards)
{
	uint64_t *before = pagemap_all(words), *after;
	int changed = 0;

	for (size_t i = 0; i < HOLES_PAGES; i++)
		write_run(words, backwards ? HOLES_PAGES - 1 - i : i);
	after = pagemap_all(words);
	for (size_t page = 0; page < HOLES_PAGES; page++) {
		enum gap gap = gap_of(page);
		bool right = gap == WRITTEN ? words_right(words, page) :
					      same(after[page], before[page]);

		if (gap == HOLE)
			right &= still_nothing(words, page);
		if (gap == READ_ONLY)
			right &= words_right(words, page);
		changed |= !right << gap;
	}
	return changed;
}

static int write_forwards(void *words)
{
	return write_between(words, false);
}

static int write_backwards(void *words)
{
	return write_between(words, true);
}

/* In the parent, where all must be as it was. */
static bool all_kept(const struct words *words)
{
	bool right = true;

	for (size_t page = 0; page < HOLES_PAGES; page++) {
		enum gap gap = gap_of(page);

		if (gap == PROTECTED)
			mprotect(address(words, page), words->pages.bytes, PROT_READ);
		if (gap == WRITTEN || gap == READ_ONLY || gap == PROTECTED)
			right &= words_right(words, page);
		if (gap == ONLY_READ || gap == UNTOUCHED)
			right &= !*words_place(words, page);
	}
	return right;
}

/**
 * isolation_holes - pages that are written lie beside some that nobody writes
 */
void isolation_holes(unsigned int seed)
{
	struct words words;
	int changed;

	(void)seed;
	if (words_fill(&words, HOLES_PAGES, false))
		bail("pages");
	for (size_t page = 0; page < HOLES_PAGES; page++)
		make_gap(&words, page);
	changed = child_wait(child_start(write_forwards, &words)) |
		  child_wait(child_start(write_backwards, &words));
	for (enum gap gap = 0; gap < GAPS; gap++)
		ok(!(changed >> gap & 1), "a page %s stays as it was between pages that are "
		   "written", gap_names[gap]);
	ok(!(changed >> WRITTEN) && all_kept(&words),
	   "and those that are written hold what each process wrote");
	words_free(&words);
}

struct walk {
	struct words *words;
	size_t first;
	size_t stride;
	size_t count;
};

enum {
	WRONG_WORD = 1,
	WRONG_STATE = 2,
};

static int write_middle(void *argument)
{
	const struct walk *walk = argument;
	uint64_t *before = pagemap_all(walk->words), *after;
	int wrong = 0;

	for (size_t i = 0; i < walk->count; i++)
		words_write(walk->words, walk->first + i * walk->stride, OWN);
	after = pagemap_all(walk->words);
	for (size_t page = 0; page < EDGE_PAGES; page++)
		if ((page < MIDDLE || page >= MIDDLE_END) && !same(after[page], before[page]))
			wrong |= WRONG_STATE;
	return wrong | (words_wrong(walk->words) ? WRONG_WORD : 0);
}

/**
 * isolation_edges - a mapping is written from end to end, its neighbours are not
 */
void isolation_edges(unsigned int seed)
{
	struct words words;
	const struct walk walks[] = {
		{ &words, MIDDLE, 1, MIDDLE_END - MIDDLE },
		{ &words, MIDDLE_END - 1, -1, MIDDLE_END - MIDDLE },
		{ &words, MIDDLE, 2, (MIDDLE_END - MIDDLE) / 2 },
		{ &words, MIDDLE_END - 1, -3, (MIDDLE_END - MIDDLE) / 3 },
	};
	int wrong = 0;

	(void)seed;
	if (words_fill(&words, EDGE_PAGES, false))
		bail("pages");
	/* Makes it a mapping of its own, and changes nothing else. */
	if (madvise(address(&words, MIDDLE), (MIDDLE_END - MIDDLE) * words.pages.bytes,
		    MADV_DONTDUMP))
		bail("an edge");
	for (size_t i = 0; i < sizeof(walks) / sizeof(walks[0]); i++)
		wrong |= child_wait(child_start(write_middle, (void *)&walks[i]));
	ok(!(wrong & ~WRONG_STATE) && !words_wrong(&words),
	   "a mapping that children write up to both its edges: each finds what it wrote");
	ok(!(wrong & WRONG_STATE), "and pages of the mappings beside it stay shared");
	words_free(&words);
}

static int write_beside_swapped(void *argument)
{
	struct words *words = argument;
	size_t swapped = pagemap_count(words, 1, 2, PAGEMAP_SWAPPED);
	int wrong = 0;

	for (size_t page = 0; page < SWAP_PAGES; page += 2)
		words_write(words, page, OWN);
	if (pagemap_count(words, 1, 2, PAGEMAP_SWAPPED) != swapped)
		wrong |= WRONG_STATE;
	if (words_wrong(words))
		wrong |= WRONG_WORD;
	for (size_t page = 1; page < SWAP_PAGES; page += 2)
		words_write(words, page, OWN);
	return wrong | (words_wrong(words) ? WRONG_WORD : 0);
}

/**
 * isolation_swap - every other page is swapped out
 */
void isolation_swap(unsigned int seed)
{
	struct words words;
	size_t swapped;

	(void)seed;
	if (words_fill(&words, SWAP_PAGES, false))
		bail("pages");
	for (size_t page = 1; page < SWAP_PAGES; page += 2)
		madvise(address(&words, page), words.pages.bytes, MADV_PAGEOUT);
	swapped = pagemap_count(&words, 1, 2, PAGEMAP_SWAPPED);
	if (swapped) {
		int wrong = child_wait(child_start(write_beside_swapped, &words));

		ok(!(wrong & WRONG_STATE), "%zu swapped pages stay so between pages that are "
		   "written", swapped);
		ok(!(wrong & ~WRONG_STATE) && !words_wrong(&words),
		   "and each process finds what it wrote, there and between");
	} else {
		skip("swapped pages: nothing was swapped");
	}
	words_free(&words);
}
