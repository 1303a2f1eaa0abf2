/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What libfaultline-heap.so, in the process of a command, tells faultline-whatif of its heap.
 */
#ifndef HEAP_H
#define HEAP_H

#include <stdint.h>

/* In the environment: the number of the socket where it is told. */
#define HEAP_SOCKET	"FAULTLINE_HEAP"

/* All that malloc(3) gives is in it, up to 1 GB. */
#define HEAP_BYTES	(1ULL << 30)

/* With it two files come: the userfaultfd, and the file that the heap maps. */
enum { HEAP_FILES = 2 };

/**
 * struct heap_message - it
 * @start: its address
 * @bytes: of it
 */
struct heap_message {
	uint64_t start;
	uint64_t bytes;
};

#endif /* HEAP_H */
