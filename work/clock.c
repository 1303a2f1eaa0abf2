// SPDX-License-Identifier: GPL-2.0
#include "clock.h"

#include <time.h>

/**
 * clock_now_ns - nanoseconds since some moment in the past
 *
 * Not adjusted by anybody, like the clock of the module's times.
 */
unsigned long long clock_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}
