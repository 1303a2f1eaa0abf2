// SPDX-License-Identifier: GPL-2.0
/*
 * What a fault costs: instructions per copy-on-write and per minor fault, with the
 * module out, in with nothing registered, with another process registered, and with
 * the faulting one.  Prints `NAME VALUE` lines.
 *
 * Each figure is the least of several runs: what a timer tick or the sampler adds to
 * one of them is not the fault's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "module.h"
#include "tap.h"

enum {
	PAGES		= 512,
	PAGE_BYTES	= 4096,
	RUNS		= 9,
	SETTLE_MS	= 3000,	/* longer than counting stays armed */
};

struct cost {
	double cow;
	double minor;
};

static volatile char *pages_map(void)
{
	void *memory = mmap(NULL, PAGES * PAGE_BYTES, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		bail("mmap");
	return memory;
}

static double pages_write(volatile char *memory)
{
	uint64_t start = instructions();

	for (int page = 0; page < PAGES; page++)
		memory[page * PAGE_BYTES] = 1;
	return (double)(instructions() - start) / PAGES;
}

static double smaller(double a, double b)
{
	return a < b ? a : b;
}

/* In a child: copies of its parent's pages, then first writes to pages of its own. */
static void measure_child(volatile char *inherited, bool registered, struct cost *cost)
{
	volatile char *fresh = pages_map();

	if (registered && status_register(0))
		bail("register");
	instructions();
	*fresh = 1;
	cost->cow = smaller(cost->cow, pages_write(inherited));
	cost->minor = smaller(cost->minor, pages_write(fresh));
	_exit(0);
}

static void measure(const char *name, bool registered)
{
	struct cost *cost = mmap(NULL, sizeof(*cost), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	*cost = (struct cost){ 1e9, 1e9 };
	for (int run = 0; run < RUNS; run++) {
		volatile char *inherited = pages_map();

		pages_write(inherited);
		if (fork() == 0)
			measure_child(inherited, registered, cost);
		wait(NULL);
		munmap((void *)inherited, PAGES * PAGE_BYTES);
	}
	printf("cow_%s %.1f\nminor_%s %.1f\n", name, cost->cow, name, cost->minor);
	fflush(stdout);
	munmap(cost, sizeof(*cost));
}

int main(void)
{
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	sleep_ms(SETTLE_MS);
	measure("out", false);
	module_load("hz=1");
	measure("idle", false);
	if (status_register(1))
		bail("register init");
	measure("another", false);
	status_unregister(1);
	measure("self", true);
	sleep_ms(SETTLE_MS);
	measure("idle_again", false);
	return module_unload();
}
