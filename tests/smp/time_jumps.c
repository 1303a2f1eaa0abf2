// SPDX-License-Identifier: GPL-2.0
/*
 * The sampler and the times in the ring go by a clock that nobody sets: while the date jumps
 * by days, forward and back, and the clock is told to run fast and slow, no tick is lost and
 * no time goes back.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <sys/timex.h>
#include <time.h>

#include "child.h"
#include "module.h"
#include "tap.h"
#include "ticks.h"

enum {
	JUMPS		= 20,
	JUMP_S		= 3 * 24 * 60 * 60,
	BETWEEN_MS	= 100,
	/* The most that adjtimex(2) takes: 500 parts in a million, with a fraction of 16 bits. */
	FREQUENCY	= 500 << 16,
};

/* Forward at even numbers, and back again. */
static void jump(int number)
{
	struct timex timex = { .modes = ADJ_FREQUENCY };
	struct timespec date;

	clock_gettime(CLOCK_REALTIME, &date);
	date.tv_sec += number % 2 ? -JUMP_S : JUMP_S;
	if (clock_settime(CLOCK_REALTIME, &date))
		bail("clock_settime");
	timex.freq = number % 2 ? FREQUENCY : -FREQUENCY;
	if (adjtimex(&timex) < 0)
		bail("adjtimex");
}

static void run_at_its_pace(void)
{
	struct timex timex = { .modes = ADJ_FREQUENCY };

	if (adjtimex(&timex) < 0)
		bail("adjtimex");
}

/* Of all records from the first on, of the one process. */
static void check_times(const struct faultline_header *ring, uint64_t begin_ns, uint64_t end_ns)
{
	uint64_t back = 0, outside = 0, last_ns = 0, head = ring->head;
	const struct faultline_record *record;

	for (uint64_t seq = 1; seq <= head; seq++) {
		record = ring_record(ring, seq);
		back += record->time_ns < last_ns;
		outside += record->time_ns < begin_ns || record->time_ns > end_ns;
		last_ns = record->time_ns;
	}
	ok(head > JUMPS && back == 0, "%" PRIu64 " times in the ring, of which %" PRIu64 " go back",
	   head, back);
	ok(outside == 0, "%" PRIu64 " are not of the time that passed", outside);
}

int main(void)
{
	const struct faultline_header *ring;
	uint64_t begin_ns, ticks;
	pid_t process;
	double ahead;

	module_load("hz=100");
	ring = ring_map();
	process = child_start(child_sleep, NULL);
	begin_ns = monotonic_ns();
	errno = status_register(process);
	if (errno)
		bail("R");
	ahead = ticks_ahead(ring);
	ticks = ring->ticks;
	for (int i = 0; i < JUMPS; i++) {
		jump(i);
		sleep_ms(BETWEEN_MS);
	}
	ticks = ring->ticks - ticks;
	run_at_its_pace();
	ahead = ticks_ahead(ring) - ahead;
	/* An emulated machine misses many. */
	ok(ticks > JUMPS,
	   "the date jumps %d times by %d days, and sampling goes on: %" PRIu64 " ticks", JUMPS,
	   JUMP_S / 24 / 60 / 60, ticks);
	ok(fabs(ahead) < TICKS_TOLERANCE,
	   "each period has a tick, or one that is counted as missed: %.1f too many", ahead);
	child_end(process);
	if (!ring_wait_idle(ring))
		bail("the process stays registered");
	check_times(ring, begin_ns, monotonic_ns());
	ring_unmap(ring);
	return finish();
}
