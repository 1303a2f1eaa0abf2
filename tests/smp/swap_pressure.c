// SPDX-License-Identifier: GPL-2.0
/*
 * Processes that do not fit into what their memory cgroup should have, and live from swap: their
 * faults are what the kernel tells of them, what they have in swap is shown, and each period of
 * the sampler is accounted for.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"
#include "memory.h"
#include "module.h"
#include "tap.h"
#include "ticks.h"
#include "times.h"
#include "worker.h"

#define GROUP	"/sys/fs/cgroup/thrashing"

enum {
	WORKERS		= 4,
	PAGES		= 2048,		/* of each */
	LIMIT_BYTES	= WORKERS * PAGES * PAGE_BYTES / 2,
	ROUNDS		= 3,
	/* Others were read ahead, or had not been written to swap yet. */
	MAJORS_MIN	= PAGES / 8,
	/* Pages that two CPUs may have counted each for itself. */
	BATCH_BYTES	= 2 * 64 * PAGE_BYTES,
};

/* Of its own, which others do not share. */
static void thrash(size_t rounds)
{
	volatile char *memory = memory_map(PAGES);

	for (size_t round = 0; round < rounds; round++)
		memory_write(memory, PAGES);
}

/* Is it what /proc/PID/status has in this line? */
static bool is_told(pid_t pid, const char *key, long long bytes)
{
	const char *found;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	found = strstr(file_get(path), key);
	if (!found)
		bail("no %s in %s", key, path);
	return llabs(atoll(found + strlen(key)) * 1024 - bytes) <= BATCH_BYTES;
}

static pid_t start(void)
{
	pid_t worker = worker_start();
	char text[16];

	snprintf(text, sizeof(text), "%d", (int)worker);
	file_must_put(GROUP "/cgroup.procs", text);
	worker_do(worker, worker_rest, 0);
	errno = status_register(worker);
	if (errno)
		bail("R");
	return worker;
}

int main(void)
{
	long minor[WORKERS], major[WORKERS], more_minor, more_major;
	int exact = 0, shown = 0;
	const struct faultline_header *ring;
	long long majors = 0, swapped = 0;
	struct counters counters;
	pid_t workers[WORKERS];
	uint64_t ticks, records;
	char text[32];
	double ahead;

	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	file_must_put("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	if (mkdir(GROUP, 0755))
		bail("mkdir " GROUP);
	snprintf(text, sizeof(text), "%d", LIMIT_BYTES);
	/* Not memory.max: where the disk is slow, one of them may be killed there. */
	file_must_put(GROUP "/memory.high", text);
	module_load("hz=100");
	ring = ring_map();
	ring_keep_from_children(ring);
	for (int i = 0; i < WORKERS; i++) {
		workers[i] = start();
		child_faults(workers[i], &minor[i], &major[i]);
	}
	ahead = ticks_ahead(ring);
	ticks = ring->ticks;
	records = ring->head;
	for (int i = 0; i < WORKERS; i++)
		worker_begin(workers[i], thrash, ROUNDS);
	for (int i = 0; i < WORKERS; i++)
		worker_wait(workers[i]);
	ticks = ring->ticks - ticks;
	records = ring->head - records;
	ahead = ticks_ahead(ring) - ahead;
	for (int i = 0; i < WORKERS; i++) {
		child_faults(workers[i], &more_minor, &more_major);
		if (!status_read(workers[i], &counters))
			bail("process %d is not in the status file", (int)workers[i]);
		exact += counters.minor == more_minor - minor[i] &&
			 counters.major == more_major - major[i];
		shown += is_told(workers[i], "VmSwap:", counters.swap_bytes) &&
			 is_told(workers[i], "VmRSS:", counters.rss_bytes);
		majors += counters.major;
		swapped += counters.swap_bytes;
	}
	ok(majors > MAJORS_MIN && exact == WORKERS,
	   "of %d processes that thrash, %d have as many faults as the kernel says, %lld of them major",
	   WORKERS, exact, majors);
	ok(swapped > LIMIT_BYTES / 2 && shown == WORKERS,
	   "and %d have as much in memory and in swap: %lld kB in swap", shown, swapped / 1024);
	ok(ticks > 0 && records + WORKERS >= ticks * WORKERS,
	   "meanwhile %" PRIu64 " ticks made %" PRIu64 " records", ticks, records);
	ok(fabs(ahead) < TICKS_TOLERANCE,
	   "each period has a tick, or one that is counted as missed: %.1f too many", ahead);
	for (int i = 0; i < WORKERS; i++)
		child_end(workers[i]);
	ring_unmap(ring);
	if (rmdir(GROUP))
		bail("rmdir " GROUP);
	return finish();
}
