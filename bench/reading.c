// SPDX-License-Identifier: GPL-2.0
/*
 * What a record costs its reader: instructions to copy one from the ring, and for
 * monitor to write it as a row.  Prints `NAME VALUE` lines.
 *
 * usage: reading MONITOR
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "module.h"
#include "ring_reader.h"
#include "tap.h"

enum {
	PROCESSES	= 16,
	SAMPLE_MS	= 1500,	/* at 1000 Hz */
};

/* Fill the ring with samples of sleeping processes; how many records are in it then? */
static uint64_t publish(void)
{
	pid_t processes[PROCESSES];
	struct ring_reader reader;
	uint64_t records;
	char why[256];

	for (int i = 0; i < PROCESSES; i++) {
		processes[i] = fork();
		if (processes[i] == 0) {
			for (;;)
				pause();
		}
		if (status_register(processes[i]))
			bail("register");
	}
	sleep_ms(SAMPLE_MS);
	for (int i = 0; i < PROCESSES; i++) {
		status_unregister(processes[i]);
		kill(processes[i], SIGKILL);
		waitpid(processes[i], NULL, 0);
	}
	if (!ring_reader_open(&reader, FAULTLINE_DEVICE, why, sizeof(why)))
		bail("%s", why);
	records = reader.header->head;
	ring_reader_close(&reader);
	return records;
}

static double read_cost(void)
{
	struct ring_reader reader;
	struct faultline_record record;
	char why[256];
	uint64_t start, count = 0;

	if (!ring_reader_open(&reader, FAULTLINE_DEVICE, why, sizeof(why)))
		bail("%s", why);
	ring_reader_rewind(&reader);
	/* Once through, so that mapping the ring's pages is not counted. */
	while (ring_reader_next(&reader, &record))
		count++;
	ring_reader_rewind(&reader);
	start = instructions();
	while (ring_reader_next(&reader, &record))
		;
	start = instructions() - start;
	ring_reader_close(&reader);
	return (double)start / (double)count;
}

/* From exec to exit, the start of the program and mapping the ring included. */
static uint64_t monitor_run(const char *monitor)
{
	uint64_t start = instructions();
	int status, null;

	if (fork() == 0) {
		null = open("/dev/null", O_WRONLY);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		execl(monitor, "monitor", "--dump", "--all", NULL);
		_exit(1);
	}
	wait(&status);
	if (status)
		bail("%s", monitor);
	return instructions() - start;
}

int main(int argc, char **argv)
{
	uint64_t empty, full, records;

	if (argc != 2)
		return 2;
	module_load("hz=1000");
	monitor_run(argv[1]);
	empty = monitor_run(argv[1]);
	records = publish();
	full = monitor_run(argv[1]);
	printf("read %.1f\n", read_cost());
	printf("row %.1f\n", (double)(full - empty) / (double)records);
	return module_unload();
}
