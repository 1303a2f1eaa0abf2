// SPDX-License-Identifier: GPL-2.0
#include "words.h"

#include <err.h>
#include <stdlib.h>
#include <unistd.h>

/* That no writer writes. */
static uint32_t first_of(size_t page)
{
	return ~(uint32_t)page;
}

static uint32_t last_of(size_t page)
{
	return 0x5a5a5a5a ^ (uint32_t)page;
}

static volatile uint32_t *first(const struct words *words, size_t page)
{
	return (volatile uint32_t *)(words->pages.start + page * words->pages.bytes);
}

static volatile uint32_t *last(const struct words *words, size_t page)
{
	return first(words, page + 1) - 1;
}

/* Words into all pages, which are there already. */
static int inscribe(struct words *words)
{
	words->must = malloc(words->pages.count * sizeof(*words->must));
	if (!words->must) {
		warn("cannot keep the words of %zu pages", words->pages.count);
		return -1;
	}
	for (size_t page = 0; page < words->pages.count; page++) {
		*first(words, page) = first_of(page);
		*last(words, page) = last_of(page);
		words_write(words, page, 0);
	}
	return 0;
}

/**
 * words_fill - map pages, and write words to each of them
 * @count: as of pages_fill()
 * @huge: as of pages_fill()
 *
 * Return: 0, or -1 after it said on stderr what went wrong.
 */
int words_fill(struct words *words, size_t count, bool huge)
{
	return pages_fill(&words->pages, count, huge) ? -1 : inscribe(words);
}

/**
 * words_adopt - write words to pages that are mapped already
 *
 * Return: 0, or -1 after it said on stderr what went wrong.
 */
int words_adopt(struct words *words, volatile void *start, size_t count)
{
	words->pages = (struct pages){ start, count, sysconf(_SC_PAGESIZE), NULL };
	return inscribe(words);
}

/**
 * words_write - write a word, and know that it must be there
 */
void words_write(struct words *words, size_t page, unsigned int writer)
{
	words->must[page] = words_of(page, writer);
	*words_place(words, page) = words->must[page];
}

/**
 * words_right - does a page hold what it must?
 */
bool words_right(const struct words *words, size_t page)
{
	return *first(words, page) == first_of(page) && *last(words, page) == last_of(page) &&
	       *words_place(words, page) == words->must[page];
}

/**
 * words_wrong - how many pages do not hold what they must
 */
size_t words_wrong(const struct words *words)
{
	size_t wrong = 0;

	for (size_t page = 0; page < words->pages.count; page++)
		wrong += !words_right(words, page);
	return wrong;
}

/**
 * words_free - unmap the pages
 */
void words_free(struct words *words)
{
	pages_free(&words->pages);
	free(words->must);
}
