// SPDX-License-Identifier: GPL-2.0
/*
 * What a fault costs: instructions per copy-on-write fault, per minor fault, per first
 * write to a page of a private file mapping, and per read of a mapped file (of which the
 * kernel maps 16 pages at once), with the module out, in with nothing registered, with
 * another process registered, and with the faulting one; the last two with copies timed,
 * with whole faults timed, and with each fault traced, too.  Prints `NAME VALUE` lines.
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
#include "pages.h"
#include "tap.h"

enum {
	PAGES		= 512,
	RUNS		= 9,
	SETTLE_MS	= 3000,	/* longer than counting stays armed */
};

/* What the faulting process is to the module. */
enum role { BYSTANDER, REGISTERED, TRACED };

struct cost {
	double cow;
	double minor;
	double first;
	double read;
};

/* A file of PAGES pages, in the page cache. */
static int file;

/* In a child: copies of its parent's pages, then first writes to pages of its own. */
static void measure_child(volatile char *inherited, enum role role, struct cost *cost)
{
	volatile char *fresh = pages_map(PAGES);
	volatile char *unread = pages_map_file(file, PAGES);
	volatile char *unwritten = pages_map_file(file, PAGES);

	if (role != BYSTANDER && status_register(0))
		bail("register");
	if (role == TRACED && status_write("T 0 on\n"))
		bail("trace");
	instructions();
	*fresh = 1;
	cost->cow = smaller(cost->cow, pages_write(inherited, PAGES));
	cost->minor = smaller(cost->minor, pages_write(fresh, PAGES));
	cost->first = smaller(cost->first, pages_write(unwritten, PAGES));
	cost->read = smaller(cost->read, pages_read(unread, PAGES));
	_exit(0);
}

static void measure(const char *name, enum role role)
{
	struct cost *cost = mmap(NULL, sizeof(*cost), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	*cost = (struct cost){ 1e9, 1e9, 1e9, 1e9 };
	for (int run = 0; run < RUNS; run++) {
		volatile char *inherited = pages_map(PAGES);

		pages_write(inherited, PAGES);
		if (fork() == 0)
			measure_child(inherited, role, cost);
		wait(NULL);
		pages_unmap(inherited, PAGES);
	}
	printf("cow_%s %.1f\nminor_%s %.1f\nfirst_%s %.1f\nread_%s %.1f\n", name, cost->cow,
	       name, cost->minor, name, cost->first, name, cost->read);
	fflush(stdout);
	munmap(cost, sizeof(*cost));
}

static void measure_latency(const char *latency, const char *another, const char *self)
{
	if (module_set("latency", latency) || status_register(1))
		bail("latency=%s", latency);
	measure(another, BYSTANDER);
	status_unregister(1);
	measure(self, REGISTERED);
}

static void measure_trace(void)
{
	if (module_set("latency", "off") || status_register(1) || status_write("T 1 on\n"))
		bail("trace");
	measure("trace_another", BYSTANDER);
	status_unregister(1);
	measure("trace_self", TRACED);
}

int main(void)
{
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	file = pages_create_file(PAGES);
	sleep_ms(SETTLE_MS);
	measure("out", BYSTANDER);
	module_load("hz=1");
	measure("idle", BYSTANDER);
	measure_latency("off", "another", "self");
	measure_latency("copy", "copy_another", "copy_self");
	measure_latency("fault", "fault_another", "fault_self");
	measure_trace();
	sleep_ms(SETTLE_MS);
	measure("idle_again", BYSTANDER);
	return module_unload();
}
