// SPDX-License-Identifier: GPL-2.0
/*
 * What a sample costs: instructions per tick with N processes registered, against
 * reading the same counters of the same processes from /proc/PID/stat with the files
 * held open and with them opened anew.  Prints `NAME VALUE` lines.
 *
 * The module's share is what a loop of fixed length is longer by when ticks interrupt
 * it, all of it: timer interrupt, wake-up, context switches, and the samples.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "module.h"
#include "tap.h"

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
	sleep_ms(200);
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

struct stat_counters {
	unsigned long minor, major, user, system;
};

static void parse_stat(const char *text, struct stat_counters *counters)
{
	const char *after_name = strrchr(text, ')');

	if (!after_name ||
	    sscanf(after_name, ") %*c %*d %*d %*d %*d %*d %*u %lu %*u %lu %*u %lu %lu",
		   &counters->minor, &counters->major, &counters->user, &counters->system) != 4)
		bail("cannot parse %s", text);
}

static int open_stat(pid_t pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		bail("%s", path);
	return fd;
}

static void poll_one(int fd)
{
	struct stat_counters counters;
	char text[1024];
	ssize_t length = pread(fd, text, sizeof(text) - 1, 0);

	if (length <= 0)
		bail("pread");
	text[length] = '\0';
	parse_stat(text, &counters);
}

/* Instructions per process to poll /proc/PID/stat, files held open or not. */
static double poll_cost(int count, bool held_open)
{
	static int fds[PROCESSES_MAX];
	int rounds = count < POLLS_MIN ? POLLS_MIN / count : 1;
	uint64_t start;

	for (int i = 0; held_open && i < count; i++)
		fds[i] = open_stat(processes[i]);
	start = instructions();
	for (int round = 0; round < rounds; round++) {
		for (int i = 0; i < count; i++) {
			int fd = held_open ? fds[i] : open_stat(processes[i]);

			poll_one(fd);
			if (!held_open)
				close(fd);
		}
	}
	start = instructions() - start;
	for (int i = 0; held_open && i < count; i++)
		close(fds[i]);
	return (double)start / rounds / count;
}

int main(void)
{
	static const int counts[] = { 1, 16, 256, 4096 };
	const struct faultline_header *header;
	double tick[sizeof(counts) / sizeof(counts[0])];
	uint64_t undisturbed;

	/* Apart from the shell that started us, so that we can end all we start. */
	setpgid(0, 0);
	module_load("hz=100 max_processes=4096");
	header = ring_map();
	start_up_to(PROCESSES_MAX);
	sleep_ms(SETTLE_MS);
	undisturbed = loop();
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		tick[i] = tick_cost(header, counts[i], undisturbed);
		printf("tick_%d %.0f\n", counts[i], tick[i]);
		fflush(stdout);
	}
	/* A tick costs something by itself: a sample is what one process more adds. */
	for (size_t i = 1; i < sizeof(counts) / sizeof(counts[0]); i++)
		printf("sample_%d %.0f\n", counts[i],
		       (tick[i] - tick[i - 1]) / (counts[i] - counts[i - 1]));
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]) - 1; i++) {
		printf("stat_held_%d %.0f\n", counts[i], poll_cost(counts[i], true));
		printf("stat_open_%d %.0f\n", counts[i], poll_cost(counts[i], false));
	}
	printf("missed_4096 %llu\n", (unsigned long long)missed_ticks(header, 4096));
	signal(SIGTERM, SIG_IGN);
	kill(0, SIGTERM);
	return 0;
}
