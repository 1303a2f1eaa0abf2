/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What /proc/self/pagemap says of this process's pages
 */
#ifndef PAGEMAP_H
#define PAGEMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "words.h"

#define PAGEMAP_FRAME		((1ULL << 55) - 1)
#define PAGEMAP_SOFT_DIRTY	(1ULL << 55)
#define PAGEMAP_EXCLUSIVE	(1ULL << 56)
#define PAGEMAP_WRITE_PROTECTED	(1ULL << 57)
#define PAGEMAP_SWAPPED		(1ULL << 62)
#define PAGEMAP_PRESENT		(1ULL << 63)

uint64_t pagemap_of(const struct words *words, size_t page);
uint64_t *pagemap_all(const struct words *words);
size_t pagemap_count(const struct words *words, size_t first, size_t stride, uint64_t bit);

#endif /* PAGEMAP_H */
