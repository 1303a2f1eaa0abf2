/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pages that each hold words of their own, and what this process must find there
 *
 * The first and the last word of a page never change.  The one between them that is
 * written lies elsewhere on each page.  So a page that is another one's copy shows, and
 * one that only part of was copied.
 */
#ifndef WORDS_H
#define WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pages.h"

/**
 * struct words - such pages
 * @pages: their memory
 * @must: for each page, the word that was last written there by who may write to it
 */
struct words {
	struct pages pages;
	uint32_t *must;
};

/**
 * words_of - the word that a writer writes to a page, no other one's and on no other page
 * @writer: from 1 on; 0 is who filled the pages
 */
static inline uint32_t words_of(size_t page, unsigned int writer)
{
	return (writer + 1) * 0x9e3779b1u ^ (uint32_t)page;
}

/**
 * words_place - where on a page words are written: neither its first nor its last one
 */
static inline volatile uint32_t *words_place(const struct words *words, size_t page)
{
	size_t last = words->pages.bytes / sizeof(uint32_t) - 1;

	return (volatile uint32_t *)(words->pages.start + page * words->pages.bytes) + 1 +
	       page * 37 % (last - 1);
}

int words_fill(struct words *words, size_t count, bool huge);
int words_adopt(struct words *words, volatile void *start, size_t count);
void words_write(struct words *words, size_t page, unsigned int writer);
bool words_right(const struct words *words, size_t page);
size_t words_wrong(const struct words *words);
void words_free(struct words *words);

#endif /* WORDS_H */
