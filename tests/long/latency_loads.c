// SPDX-License-Identifier: GPL-2.0
/*
 * The module goes in and out with latency=fault while four registered processes copy
 * without end: at any moment some of them are in the middle of a fault that is being
 * timed, and return from it when the module is gone.
 *
 * A way in and out waits for grace periods of RCU and RCU-tasks, which under this load
 * and in emulation take seconds: hence LOADS_MAX on Debian's plain 6.12 only.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "child.h"
#include "kernel_memory.h"
#include "memory.h"
#include "module.h"
#include "tap.h"
#include "times.h"

enum {
	LOADS_MAX	= 30,
	LOADS_MIN	= 8,
	FAULTING	= 4,
	PAGES		= 32,
	LEAK_MAX_KB	= 8192,
};

static volatile char *file, *zero;

/* Each round drops the copies, and copies anew: half of a file, half zeroes. */
static _Noreturn int copy_without_end(void *unused)
{
	(void)unused;
	for (;;) {
		madvise((void *)file, PAGES * PAGE_BYTES, MADV_DONTNEED);
		madvise((void *)zero, PAGES * PAGE_BYTES, MADV_DONTNEED);
		memory_read(file, PAGES);
		memory_read(zero, PAGES);
		memory_write(file, PAGES);
		memory_write(zero, PAGES);
	}
}

static void map_all(void)
{
	file = memory_map_file(PAGES);
	zero = memory_map(PAGES);
}

static bool is_timed(void *pid)
{
	return status_value(*(pid_t *)pid, "faults_timed") > 0;
}

/* In, until faults of all are timed, and out; did both go well? */
static bool live(pid_t *pids)
{
	bool good = true;

	module_load("latency=fault");
	for (int i = 0; i < FAULTING; i++)
		good = good && status_register(pids[i]) == 0;
	for (int i = 0; i < FAULTING; i++)
		good = good && wait_until(is_timed, &pids[i]);
	return module_unload() == 0 && good;
}

static int how_many(void)
{
	struct utsname name;

	uname(&name);
	if (strncmp(name.release, "6.12", 4) == 0 && !strstr(name.release, "-rt-") &&
	    !strstr(name.release, "-cloud-"))
		return LOADS_MAX;
	return LOADS_MIN;
}

int main(void)
{
	int loads = how_many(), lived = 0, ended = 0;
	pid_t pids[FAULTING];
	long before_kb;

	map_all();
	for (int i = 0; i < FAULTING; i++)
		pids[i] = child_start(copy_without_end, NULL);
	/* Once without looking: what the kernel sets up on first use is no leak. */
	live(pids);
	before_kb = kernel_memory_kb();
	for (int i = 0; i < loads; i++)
		lived += live(pids);
	ok(lived == loads, "in %d of %d lives the module timed four faulting processes",
	   lived, loads);
	kernel_memory_ok("then", before_kb, LEAK_MAX_KB);
	for (int i = 0; i < FAULTING; i++) {
		/* ESRCH: it died of something before. */
		ended += kill(pids[i], 0) == 0;
		child_end(pids[i]);
	}
	ok(ended == FAULTING, "%d of %d processes are well all the time", ended, FAULTING);
	return finish();
}
