// SPDX-License-Identifier: GPL-2.0
/*
 * Processes to look at: prints their numbers, which follow each other, in a line.  Each
 * copies a page that it shares with us now and then, 100 a second all together, until
 * all are told to rest by a SIGUSR1 to their group.
 *
 * usage: crowd PROCESSES
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "clock.h"
#include "pages.h"
#include "tap.h"

enum {
	PAGES		= 4096,
	PERIOD_MS	= 10,
};

static volatile sig_atomic_t resting;

static void rest(int number)
{
	(void)number;
	resting = 1;
}

static void be_looked_at(volatile char *memory, unsigned int period_ms)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int page = 0; page < PAGES && !resting; page++) {
		pages_write(memory + (size_t)page * PAGE_BYTES, 1);
		usleep(period_ms * 1000);
	}
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	int processes = argc == 2 ? atoi(argv[1]) : 0;
	volatile char *memory;
	pid_t process;

	if (processes <= 0)
		return 2;
	setpgid(0, 0);
	signal(SIGUSR1, rest);
	memory = pages_map(PAGES);
	pages_write(memory, PAGES);
	for (int i = 0; i < processes; i++) {
		process = fork();
		if (process < 0)
			bail("fork");
		if (process == 0)
			be_looked_at(memory, (unsigned int)(PERIOD_MS * processes));
		printf("%d ", (int)process);
		/* A child would write what is not written yet, too. */
		fflush(stdout);
	}
	printf("\n");
	fflush(stdout);
	for (;;)
		pause();
}
