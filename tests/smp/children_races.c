// SPDX-License-Identifier: GPL-2.0
/*
 * A process that somebody registers in the moment of its birth, while its parent is
 * followed, is registered once: by one or by the other.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "module.h"
#include "tap.h"

enum {
	STORM_S		= 10,
	PIDS		= 32768,
};

/* In memory that all processes share. */
static struct {
	volatile pid_t newest;
	volatile unsigned int forks;
	volatile bool done;
} *told;

static void run_on(int cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		bail("sched_setaffinity");
}

static int fork_many(void *unused)
{
	const time_t end = time(NULL) + STORM_S;
	pid_t pid;

	(void)unused;
	run_on(0);
	for (; time(NULL) < end; told->forks++) {
		pid = fork();
		if (pid == 0)
			_exit(0);
		told->newest = pid;
		waitpid(pid, NULL, 0);
	}
	told->done = true;
	return 0;
}

/* Nobody else forks: the next pid is the one after the newest. */
static void register_newborn(unsigned int *before, unsigned int *after)
{
	int error = status_register(told->newest + 1);

	*before += error == 0;
	*after += error == EEXIST;
}

/*
 * Registrations that begin before another one of the same process ends.  A first record
 * tells the time of a birth, and comes later: so the times are compared, not the places.
 */
static unsigned int registered_twice(void)
{
	const struct faultline_header *ring = ring_map();
	const struct faultline_record *record;
	static uint64_t ends_ns[PIDS];
	unsigned int twice = 0;

	for (uint64_t seq = 1; seq <= ring->head; seq++) {
		record = ring_record(ring, seq);
		if (record->pid >= PIDS)
			bail("a pid that this test has no room for");
		if (record->flags & FAULTLINE_FIRST) {
			twice += record->time_ns <= ends_ns[record->pid];
			ends_ns[record->pid] = UINT64_MAX;
		}
		if (record->flags & FAULTLINE_EXITED)
			ends_ns[record->pid] = record->time_ns;
	}
	ring_unmap(ring);
	return twice;
}

static bool is_idle(void *unused)
{
	char text[64];

	(void)unused;
	return status_setting("processes", text, sizeof(text)) && atoi(text) == 0;
}

int main(void)
{
	unsigned int before = 0, after = 0, twice;
	pid_t pid;

	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	module_load("hz=1000 ring_records=100000");
	pid = child_start_stopped(fork_many, NULL);
	if (status_register_children(pid))
		bail("R %d children", (int)pid);
	told->newest = pid;
	run_on(1);
	child_resume(pid);
	while (!told->done)
		register_newborn(&before, &after);
	child_wait(pid);
	if (!wait_until(is_idle, NULL))
		bail("somebody stays registered");
	twice = registered_twice();
	ok(twice == 0, "of %u children none is registered twice: %u are; %u were registered by "
	   "hand first, %u times it was too late", told->forks, twice, before, after);
	return finish();
}
