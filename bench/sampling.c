// SPDX-License-Identifier: GPL-2.0
/*
 * What a sample costs: instructions per tick with N processes registered, against
 * reading the same counters of the same processes from /proc/PID/stat with the files
 * held open and with them opened anew, and from taskstats.  Prints `NAME VALUE` lines.
 *
 * usage: sampling [PROCESSES]		the largest N (4096)
 *
 * The module's share is what a loop of fixed length is longer by when ticks interrupt
 * it, all of it: timer interrupt, wake-up, context switches, and the samples.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "module.h"
#include "stat.h"
#include "tap.h"
#include "taskstats.h"

enum {
	PROCESSES_MAX	= 4096,
	LOOPS		= 50000000,	/* a few hundred ms of the guest's clock */
	SETTLE_MS	= 3000,
	POLLS_MIN	= 256,
};

static pid_t processes[PROCESSES_MAX];
static int started;

static void start_up_to(int count)
{
	for (; started < count; started++) {
		processes[started] = fork();
		if (processes[started] == 0) {
			for (;;)
				pause();
		}
		if (processes[started] < 0)
			bail("fork");
	}
}

/* A loop whose instructions do not depend on anything. */
static uint64_t loop(void)
{
	uint64_t start = instructions();

	for (int i = 0; i < LOOPS; i++)
		__asm__ volatile("");
	return instructions() - start;
}

static void set_hz(unsigned int hz)
{
	FILE *file = fopen("/sys/module/faultline/parameters/hz", "w");

	if (!file || fprintf(file, "%u\n", hz) < 0 || fclose(file))
		bail("hz");
}

/* Instructions per tick with the first @count processes registered. */
static double tick_cost(const struct faultline_header *header, int count, uint64_t undisturbed)
{
	uint64_t ticks, disturbed;

	for (int i = 0; i < count; i++)
		if (status_register(processes[i]))
			bail("register process %d", i);
	/* The first of them has the kernel patch its text, which keeps it busy for a while. */
	sleep_ms(SETTLE_MS);
	ticks = header->ticks;
	disturbed = loop();
	ticks = header->ticks - ticks;
	for (int i = 0; i < count; i++)
		status_unregister(processes[i]);
	return (double)(disturbed - undisturbed) / (double)ticks;
}

/* Can this many be sampled at 20 Hz without a missed tick? */
static uint64_t missed_ticks(const struct faultline_header *header, int count)
{
	uint64_t missed;

	for (int i = 0; i < count; i++)
		status_register(processes[i]);
	set_hz(20);
	sleep_ms(200);
	missed = header->ticks_missed;
	sleep_ms(5000);
	missed = header->ticks_missed - missed;
	for (int i = 0; i < count; i++)
		status_unregister(processes[i]);
	return missed;
}

/* Instructions per process to poll /proc/PID/stat, files held open or not. */
static double poll_cost(int count, bool held_open)
{
	static int fds[PROCESSES_MAX];
	int rounds = count < POLLS_MIN ? POLLS_MIN / count : 1;
	struct stat_counters counters;
	uint64_t start;

	for (int i = 0; held_open && i < count; i++)
		fds[i] = stat_open(processes[i]);
	start = instructions();
	for (int round = 0; round < rounds; round++) {
		for (int i = 0; i < count; i++) {
			int fd = held_open ? fds[i] : stat_open(processes[i]);

			if (!stat_read(fd, &counters))
				bail("pread");
			if (!held_open)
				close(fd);
		}
	}
	start = instructions() - start;
	for (int i = 0; held_open && i < count; i++)
		close(fds[i]);
	return (double)start / rounds / count;
}

/* Instructions per process to ask taskstats, about the process or its first thread. */
static double taskstats_cost(int count, bool (*read)(pid_t pid, struct taskstats *stats))
{
	int rounds = count < POLLS_MIN ? POLLS_MIN / count : 1;
	struct taskstats stats;
	uint64_t start = instructions();

	for (int round = 0; round < rounds; round++)
		for (int i = 0; i < count; i++)
			if (!read(processes[i], &stats))
				bail("taskstats");
	return (double)(instructions() - start) / rounds / count;
}

int main(int argc, char **argv)
{
	static const int counts[] = { 1, 16, 256, 4096 };
	const int most = argc > 1 ? atoi(argv[1]) : PROCESSES_MAX;
	const struct faultline_header *header;
	double tick[sizeof(counts) / sizeof(counts[0])];
	uint64_t undisturbed;
	size_t sizes = 0;

	while (sizes < sizeof(counts) / sizeof(counts[0]) && counts[sizes] <= most)
		sizes++;

	/* Apart from the shell that started us, so that we can end all we start. */
	setpgid(0, 0);
	module_load("hz=100 max_processes=4096");
	header = ring_map();
	start_up_to(most);
	sleep_ms(SETTLE_MS);
	undisturbed = loop();
	for (size_t i = 0; i < sizes; i++) {
		tick[i] = tick_cost(header, counts[i], undisturbed);
		printf("tick_%d %.0f\n", counts[i], tick[i]);
		fflush(stdout);
	}
	/* A tick costs something by itself: a sample is what one process more adds. */
	for (size_t i = 1; i < sizes; i++)
		printf("sample_%d %.0f\n", counts[i],
		       (tick[i] - tick[i - 1]) / (counts[i] - counts[i - 1]));
	taskstats_open();
	for (size_t i = 0; i < sizes && counts[i] < PROCESSES_MAX; i++) {
		printf("stat_held_%d %.0f\n", counts[i], poll_cost(counts[i], true));
		printf("stat_open_%d %.0f\n", counts[i], poll_cost(counts[i], false));
		printf("taskstats_%d %.0f\n", counts[i],
		       taskstats_cost(counts[i], taskstats_read_process));
		printf("taskstats_thread_%d %.0f\n", counts[i],
		       taskstats_cost(counts[i], taskstats_read_thread));
	}
	printf("missed_%d %llu\n", most, (unsigned long long)missed_ticks(header, most));
	signal(SIGTERM, SIG_IGN);
	kill(0, SIGTERM);
	return 0;
}
