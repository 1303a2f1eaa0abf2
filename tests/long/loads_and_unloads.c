// SPDX-License-Identifier: GPL-2.0
/*
 * The module goes in and out time and again under full load: four registered
 * processes that copy on write without end, sampling at 1000 Hz, and a reader that
 * comes and goes.  Registered processes do not keep it; only a reader does.
 *
 * Each way in and out waits for grace periods of RCU and RCU-tasks, which under this
 * load and in emulation take two seconds: hence LOADS_MAX on Debian's plain 6.12 only, and
 * more where LOADS of the environment says so.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "child.h"
#include "kernel_memory.h"
#include "module.h"
#include "ring_reader.h"
#include "tap.h"

enum {
	LOADS_MAX	= 100,
	LOADS_MIN	= 20,
	FAULTING	= 4,
	PAGES		= 64,
	READ_MAX	= 200,
	LEAK_MAX_KB	= 8192,		/* the ring alone has 24 MB */
};

static char *pages;

static int write_pages(void *unused)
{
	(void)unused;
	for (int i = 0; i < PAGES; i++)
		pages[i * 4096] = 2;
	return 0;
}

/* The registered process copies: its child holds the other reference. */
static _Noreturn int copy_without_end(void *unused)
{
	pid_t child;

	(void)unused;
	for (;;) {
		child = child_start(child_sleep, NULL);
		write_pages(NULL);
		child_end(child);
	}
}

static _Noreturn int come_and_go(void *unused)
{
	struct faultline_record record;
	struct ring_reader reader;
	char why[256];

	(void)unused;
	for (;;) {
		if (ring_reader_open(&reader, FAULTLINE_DEVICE, why, sizeof(why))) {
			/* Not to the end, which a slow kernel's reader does not come to. */
			for (int i = 0; i < READ_MAX && ring_reader_next(&reader, &record); i++)
				;
			ring_reader_close(&reader);
		}
		sleep_ms((unsigned int)rand() % 4);
	}
}

static bool has_ticked(void *header)
{
	return ((const struct faultline_header *)header)->ticks > 0;
}

/* Registers the processes, and lets them be sampled a while. */
static bool run(const pid_t *pids)
{
	const struct faultline_header *header = ring_map();
	bool good = true;
	uint64_t head;

	for (int i = 0; i < FAULTING; i++)
		good = good && status_register(pids[i]) == 0;
	good = good && wait_until(has_ticked, (void *)header);
	sleep_ms(50);
	/* Read once: it goes on. */
	head = header->head;
	good = good && header->registered == FAULTING && ring_record(header, head)->seq == head;
	ring_unmap(header);
	return good;
}

/* A reader that happens to be there may refuse it, but none stays. */
static bool unload(void)
{
	int error;

	for (int i = 0; i < 1000; i++) {
		error = module_unload();
		if (error != EWOULDBLOCK)
			return error == 0;
		sleep_ms(1);
	}
	return false;
}

static int how_many(void)
{
	const char *loads = getenv("LOADS");
	struct utsname name;

	if (loads)
		return atoi(loads);
	uname(&name);
	if (strncmp(name.release, "6.12", 4) == 0 && !strstr(name.release, "-rt-") &&
	    !strstr(name.release, "-cloud-") && strcmp(name.machine, "x86_64") == 0)
		return LOADS_MAX;
	return LOADS_MIN;
}

int main(void)
{
	pid_t pids[FAULTING], reader;
	int loads = how_many(), ran = 0, unloaded = 0;
	long before_kb;

	pages = mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		     0);
	write_pages(NULL);
	for (int i = 0; i < FAULTING; i++)
		pids[i] = child_start(copy_without_end, NULL);
	/* Once without looking: what the kernel sets up on first use is no leak. */
	module_load("hz=1000");
	run(pids);
	unload();
	before_kb = kernel_memory_kb();
	reader = child_start(come_and_go, NULL);
	for (int i = 0; i < loads; i++) {
		module_load("hz=1000");
		ran += run(pids);
		unloaded += unload();
		progress("%d of %d times in and out", unloaded, loads);
	}
	ok(ran == loads, "the module sampled four faulting processes in %d of %d lives", ran,
	   loads);
	ok(unloaded == loads, "and went out %d times with them registered", unloaded);
	child_end(reader);
	kernel_memory_ok("then", before_kb, LEAK_MAX_KB);
	for (int i = 0; i < FAULTING; i++)
		child_end(pids[i]);
	return finish();
}
