// SPDX-License-Identifier: GPL-2.0
/*
 * What one can have without a module: a row of a process's counters, HZ times a second
 * on absolute time, until it has gone.
 *
 * usage: poller stat|taskstats|exits HZ PID
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

static void write_row(uint64_t minor, uint64_t major, uint64_t cow, uint64_t cpu)
{
	printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", instructions(),
	       minor, major, cow, cpu);
	fflush(stdout);
}

static bool sample_stat(int fd)
{
	struct stat_counters counters;

	if (!stat_read(fd, &counters))
		return false;
	write_row(counters.minor, counters.major, 0, counters.user + counters.system);
	return true;
}

static bool sample_taskstats(pid_t pid)
{
	struct taskstats process, thread;

	if (!taskstats_read_process(pid, &process) || !taskstats_read_thread(pid, &thread))
		return false;
	write_row(thread.ac_minflt, thread.ac_majflt, process.wpcopy_count,
		  process.ac_utime + process.ac_stime);
	return true;
}

/* Sleep until then, or until the process is told to have exited: true. */
static bool wait_exit(int listener, pid_t pid, uint64_t until)
{
	struct pollfd news = { .fd = listener, .events = POLLIN };
	struct taskstats last;
	struct timespec rest;
	uint64_t now;

	while ((now = instructions()) < until) {
		rest.tv_sec = (time_t)((until - now) / 1000000000);
		rest.tv_nsec = (long)((until - now) % 1000000000);
		if (ppoll(&news, 1, &rest, NULL) > 0 && taskstats_exited(listener, pid, &last)) {
			write_row(last.ac_minflt, last.ac_majflt, last.wpcopy_count,
				  last.ac_utime + last.ac_stime);
			return true;
		}
	}
	return false;
}

int main(int argc, char **argv)
{
	bool is_stat, alive = true;
	uint64_t next, period;
	int fd = -1;
	pid_t pid;

	if (argc != 4)
		return 2;
	is_stat = strcmp(argv[1], "stat") == 0;
	period = 1000000000 / (uint64_t)atoi(argv[2]);
	pid = atoi(argv[3]);
	if (is_stat)
		fd = stat_open(pid);
	else
		taskstats_open();
	if (strcmp(argv[1], "exits") == 0)
		fd = taskstats_listen();
	if (!(is_stat ? sample_stat(fd) : sample_taskstats(pid)))
		bail("no counters of process %d", (int)pid);
	for (next = instructions() + period; alive; next += period) {
		alive = is_stat ? sample_stat(fd) : sample_taskstats(pid);
		if (alive && wait_exit(is_stat ? -1 : fd, pid, next))
			break;
		/* A period that was missed is not made up for. */
		while (next + period < instructions())
			next += period;
	}
	return 0;
}
