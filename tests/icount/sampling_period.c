// SPDX-License-Identifier: GPL-2.0
/*
 * The module samples hz times a second, whatever hz is, and neither drifts nor skips.
 *
 * The process that is sampled sleeps.  Here the clock counts instructions and skips
 * idle time, so that a minute takes a moment and no other machine's load matters.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "child.h"
#include "module.h"
#include "tap.h"

enum {
	NS_PER_S = 1000000000,
};

static const struct faultline_header *ring;

/* A stretch of time, and the records of it. */
struct stretch {
	double seconds;
	uint64_t first, last;	/* their numbers */
	uint64_t ticks, missed;
};

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / NS_PER_S;
}

static struct stretch record_for(unsigned int seconds)
{
	struct stretch stretch = {
		.seconds = now_s(),
		.first = ring->head + 1,
		.ticks = ring->ticks,
		.missed = ring->ticks_missed,
	};

	sleep_ms(seconds * 1000);
	stretch.seconds = now_s() - stretch.seconds;
	stretch.last = ring->head;
	stretch.ticks = ring->ticks - stretch.ticks;
	stretch.missed = ring->ticks_missed - stretch.missed;
	return stretch;
}

static uint64_t time_of(uint64_t seq)
{
	return ring_record(ring, seq)->time_ns;
}

/* Samples a second between the first record of a stretch and its last. */
static double rate(const struct stretch *stretch)
{
	return (double)(stretch->last - stretch->first) * NS_PER_S /
	       (double)(time_of(stretch->last) - time_of(stretch->first));
}

static bool is_monotonic(const struct stretch *stretch)
{
	for (uint64_t seq = stretch->first; seq < stretch->last; seq++)
		if (time_of(seq + 1) <= time_of(seq))
			return false;
	return true;
}

static void holds_rate(unsigned int hz, unsigned int seconds)
{
	struct stretch stretch = record_for(seconds);
	const uint64_t count = stretch.last - stretch.first + 1;

	/* Either end of the stretch may fall between a tick and its record. */
	ok(fabs((double)count - stretch.seconds * hz) < 2, "%u Hz for %.3f s are %.2f records: %llu",
	   hz, stretch.seconds, stretch.seconds * hz, (unsigned long long)count);
	ok(fabs(rate(&stretch) - hz) <= 0.001 * hz, "at %u Hz: %.4f", hz, rate(&stretch));
	ok(stretch.ticks == count && stretch.missed == 0, "one by each tick, and none is missed");
	ok(is_monotonic(&stretch), "and time goes forward from each to the next");
}

static void set_hz(unsigned int hz)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", hz);
	errno = module_set("hz", text);
	if (errno)
		bail("hz=%s", text);
}

static void refuse(const char *value, const char *name)
{
	char shown[16] = "";
	int error = module_set("hz", value);

	status_setting("hz", shown, sizeof(shown));
	ok(error == EINVAL && strcmp(shown, "7") == 0 && ring->hz == 7,
	   "%s for hz gets EINVAL and changes nothing", name);
}

int main(void)
{
	pid_t sleeper;

	module_load("hz=20");
	ring = ring_map();
	sleeper = child_start(child_sleep, NULL);
	if (status_register(sleeper))
		bail("R");
	holds_rate(20, 60);
	set_hz(1000);
	holds_rate(1000, 10);
	set_hz(7);
	holds_rate(7, 20);

	refuse("0", "0");
	refuse("1001", "1001");
	refuse("-1", "-1");
	refuse("x", "x");
	refuse("\n", "an empty line");
	holds_rate(7, 20);
	child_end(sleeper);
	return finish();
}
