// SPDX-License-Identifier: GPL-2.0
/*
 * Processes that fight for the CPU do not delay the sampler: no tick is missed, and
 * records stay a period apart.
 *
 * Here the clock counts instructions: a second is as long on any machine.
 */
#include <math.h>
#include <time.h>

#include "child.h"
#include "module.h"
#include "tap.h"

enum {
	NS_PER_S = 1000000000,
	HOGS = 4,	/* for the one CPU */
};

static const struct faultline_header *ring;

static int hog(void *unused)
{
	volatile unsigned int turns = 0;

	while (!unused)
		turns++;
	return 0;
}

/* The longest time between two records, in periods. */
static double longest_gap(uint64_t first, uint64_t last, unsigned int hz)
{
	uint64_t gap, longest = 0;

	for (uint64_t seq = first; seq < last; seq++) {
		gap = ring_record(ring, seq + 1)->time_ns - ring_record(ring, seq)->time_ns;
		if (gap > longest)
			longest = gap;
	}
	return (double)longest * hz / NS_PER_S;
}

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / NS_PER_S;
}

static void holds_period(unsigned int hz, const char *parameter, unsigned int seconds)
{
	uint64_t first, ticks, missed;
	double begin, elapsed, gap;

	if (module_set("hz", parameter))
		bail("hz=%s", parameter);
	begin = now_s();
	first = ring->head + 1;
	ticks = ring->ticks;
	missed = ring->ticks_missed;
	sleep_ms(seconds * 1000);
	ticks = ring->ticks - ticks;
	missed = ring->ticks_missed - missed;
	elapsed = now_s() - begin;
	gap = longest_gap(first, ring->head, hz);

	ok(missed == 0, "among %d hogs, no tick of %u Hz is missed: %llu", HOGS, hz,
	   (unsigned long long)missed);
	/* Either end of the stretch may fall between a tick and its record. */
	ok(fabs((double)ticks - elapsed * hz) < 2, "%.3f s are %.1f ticks: %llu", elapsed,
	   elapsed * hz, (unsigned long long)ticks);
	ok(gap < 1.5, "the longest time between two records is %.3f periods", gap);
}

int main(void)
{
	pid_t hogs[HOGS];

	module_load("");
	ring = ring_map();
	for (int i = 0; i < HOGS; i++)
		hogs[i] = child_start(hog, NULL);
	if (status_register(hogs[0]))
		bail("R");
	holds_period(20, "20", 5);
	holds_period(100, "100", 2);
	for (int i = 0; i < HOGS; i++)
		child_end(hogs[i]);
	return finish();
}
