/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The bench's clock.  In a guest that counts instructions, a nanosecond of any
 * clock is one instruction of its only CPU.
 */
#ifndef BENCH_CLOCK_H
#define BENCH_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t instructions(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

#endif /* BENCH_CLOCK_H */
