// SPDX-License-Identifier: GPL-2.0
#include <math.h>

#include "module.h"
#include "tap.h"
#include "ticks.h"

enum {
	READINGS	= 100,
	READING_EVERY_MS = 5,
};

static double now_s(void)
{
	return (double)monotonic_ns() / 1e9;
}

double ticks_ahead(const struct faultline_header *ring)
{
	double before, reading, ahead = -INFINITY;
	uint64_t ticks;

	for (int i = 0; i < READINGS; i++) {
		before = now_s();
		ticks = __atomic_load_n(&ring->ticks_missed, __ATOMIC_ACQUIRE) +
			__atomic_load_n(&ring->ticks, __ATOMIC_ACQUIRE);
		reading = (double)ticks - before * ring->hz;
		/* Not if we were away meanwhile. */
		if (reading > ahead && (now_s() - before) * ring->hz < 0.25)
			ahead = reading;
		sleep_ms(READING_EVERY_MS);
	}
	if (isinf(ahead))
		bail("no moment to read the ticks in");
	return ahead;
}
