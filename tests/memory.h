/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory to fault on.  What goes wrong ends the test.
 */
#ifndef TESTS_MEMORY_H
#define TESTS_MEMORY_H

#include <stddef.h>

enum {
	PAGE_BYTES = 4096,
};

/* Map so many pages of private anonymous memory; nothing is in them yet. */
volatile char *memory_map(size_t pages);

/* The same of a file of its own, private: zeroes to be read, and copied when written. */
volatile char *memory_map_file(size_t pages);

/*
 * Map so many pages of the disk that the guest swaps to, to be read.  None of them is
 * in memory, and reading one brings in no other: each is a major fault.
 */
volatile char *memory_map_disk(size_t pages);

void memory_unmap(volatile char *start, size_t pages);

/* Write or read the first byte of each page. */
void memory_write(volatile char *start, size_t pages);
void memory_read(volatile char *start, size_t pages);

#endif /* TESTS_MEMORY_H */
