// SPDX-License-Identifier: GPL-2.0
/*
 * What one can have without a module: a row of each process's counters, HZ times a second
 * on absolute time, until one has gone.
 *
 * usage: poller stat|taskstats HZ PID...
 *        poller exits HZ PID
 *	stat		from /proc/PID/stat: no copies
 *	taskstats	from taskstats; minor and major faults are those of the first
 *			thread, for the kernel does not sum them
 *	exits		the same, and a last row from what the kernel tells of each
 *			exit on the machine to those who listen
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "stat.h"
#include "tap.h"
#include "taskstats.h"

enum { PROCESSES_MAX = 256 };

static pid_t processes[PROCESSES_MAX];
static int stats[PROCESSES_MAX];
static int count;

static void write_row(pid_t pid, uint64_t minor, uint64_t major, uint64_t cow, uint64_t cpu)
{
	printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %d\n", instructions(),
	       minor, major, cow, cpu, (int)pid);
}

static bool sample_stat(int process)
{
	struct stat_counters counters;

	if (!stat_read(stats[process], &counters))
		return false;
	write_row(processes[process], counters.minor, counters.major, 0,
		  counters.user + counters.system);
	return true;
}

static bool sample_taskstats(int process)
{
	struct taskstats all, thread;

	if (!taskstats_read_process(processes[process], &all) ||
	    !taskstats_read_thread(processes[process], &thread))
		return false;
	write_row(processes[process], thread.ac_minflt, thread.ac_majflt, all.wpcopy_count,
		  all.ac_utime + all.ac_stime);
	return true;
}

static bool sample_all(bool (*sample)(int process))
{
	bool alive = true;

	for (int i = 0; i < count && alive; i++)
		alive = sample(i);
	fflush(stdout);
	return alive;
}

/* Sleep until then, or until the process is told to have exited: true. */
static bool wait_exit(int listener, uint64_t until)
{
	struct pollfd news = { .fd = listener, .events = POLLIN };
	struct taskstats last;
	struct timespec rest;
	uint64_t now;

	while ((now = instructions()) < until) {
		rest.tv_sec = (time_t)((until - now) / 1000000000);
		rest.tv_nsec = (long)((until - now) % 1000000000);
		if (ppoll(&news, 1, &rest, NULL) > 0 &&
		    taskstats_exited(listener, processes[0], &last)) {
			write_row(processes[0], last.ac_minflt, last.ac_majflt, last.wpcopy_count,
				  last.ac_utime + last.ac_stime);
			return true;
		}
	}
	return false;
}

int main(int argc, char **argv)
{
	bool (*sample)(int process) = sample_taskstats;
	uint64_t next, period;
	int listener = -1;

	if (argc < 4 || argc - 3 > PROCESSES_MAX)
		return 2;
	period = 1000000000 / (uint64_t)atoi(argv[2]);
	for (count = 0; count < argc - 3; count++)
		processes[count] = atoi(argv[count + 3]);
	if (strcmp(argv[1], "stat") == 0) {
		sample = sample_stat;
		for (int i = 0; i < count; i++)
			stats[i] = stat_open(processes[i]);
	} else {
		taskstats_open();
	}
	if (strcmp(argv[1], "exits") == 0)
		listener = taskstats_listen();
	if (!sample_all(sample))
		bail("no counters of process %d", (int)processes[0]);
	for (next = instructions() + period; !wait_exit(listener, next); next += period) {
		if (!sample_all(sample))
			break;
		/* A period that was missed is not made up for. */
		while (next + period < instructions())
			next += period;
	}
	return 0;
}
