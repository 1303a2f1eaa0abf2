/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pages that a process fills and then shares with its children, and what is done to them
 */
#ifndef PAGES_H
#define PAGES_H

#include <stdbool.h>
#include <stddef.h>

enum {
	PAGES_MAX = 1 << 28,
	PAGES_OF_HUGE = 512,
};

/**
 * struct pages - private anonymous memory
 * @start: its first byte
 * @count: how many pages
 * @bytes: of one of them
 * @order: the page to write as the first, second, ...; NULL: as they lie
 */
struct pages {
	volatile char *start;
	size_t count;
	size_t bytes;
	unsigned int *order;
};

int pages_fill(struct pages *pages, size_t count, bool huge);
void pages_free(struct pages *pages);
int pages_arrange(struct pages *pages, size_t first, size_t stride);
int pages_shuffle(struct pages *pages);
void pages_write(const struct pages *pages, size_t stride);
void pages_read(const struct pages *pages);
long pages_minor_faults(void);

#endif /* PAGES_H */
