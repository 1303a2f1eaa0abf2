// SPDX-License-Identifier: GPL-2.0
/*
 * A page that somebody else holds is not taken away from under him: what a device writes
 * there must be found by the process that asked for it.
 *
 * A pipe stands in for the device: vmsplice(2) has it hold the pages themselves, by plain
 * references, as O_DIRECT does on some kernels and file systems.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "child.h"
#include "memory.h"
#include "module.h"
#include "precopy.h"
#include "tap.h"

enum {
	PAGES	= 64,
	HELD	= 16,	/* pages, and the first of them */
	TRIES	= 50,
};

static volatile char *memory;

/* Which frames the pages have. */
static void read_frames(uint64_t frames[PAGES])
{
	const uint64_t number = (1ULL << 55) - 1;
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	if (pread(pagemap, frames, PAGES * sizeof(*frames),
		  (off_t)((uintptr_t)memory / PAGE_BYTES * sizeof(*frames))) !=
	    PAGES * sizeof(*frames))
		bail("/proc/self/pagemap");
	close(pagemap);
	for (int page = 0; page < PAGES; page++)
		frames[page] &= number;
}

static int changed(const uint64_t before[PAGES], const uint64_t after[PAGES], int first, int end)
{
	int pages = 0;

	for (int page = first; page < end; page++)
		pages += before[page] != after[page];
	return pages;
}

static void hold(int pipe)
{
	struct iovec pages = { (void *)(memory + HELD * PAGE_BYTES), HELD * PAGE_BYTES };

	if (vmsplice(pipe, &pages, 1, 0) != (ssize_t)pages.iov_len)
		bail("vmsplice");
}

/* Write to the first page after a fork; tells how many of the next ones are copied with it. */
static void write_first(int *before_held, int *of_held)
{
	uint64_t before[PAGES], after[PAGES];
	pid_t sharer = child_start_stopped(child_sleep, NULL);

	read_frames(before);
	precopy_switch(PAGES);
	memory[0] = 2;
	precopy_switch_off();
	read_frames(after);
	child_end(sharer);
	*before_held = changed(before, after, 0, HELD);
	*of_held = changed(before, after, HELD, 2 * HELD);
}

/* A window gives way to who waits for the CPU: then it tells nothing, and is tried again. */
static void check_window(const char *what, int expected)
{
	int before_held, of_held, tries = 0;

	do
		write_first(&before_held, &of_held);
	while ((before_held < HELD || of_held < expected) && ++tries < TRIES);
	ok(before_held == HELD, "%s: of the %d pages before, all are copied: %d", what, HELD,
	   before_held);
	ok(of_held == expected, "%s: of %d pages, %d: %d", what, HELD, expected, of_held);
}

static void check_engine(enum engine engine)
{
	int pipes[2];

	if (!engine_load(engine, "hz=100"))
		return;
	memory = precopy_map(PAGES);
	check_window("nobody holds them", HELD);
	if (pipe(pipes))
		bail("pipe");
	hold(pipes[1]);
	check_window("a pipe holds them", 0);
	close(pipes[0]);
	close(pipes[1]);
	if (module_unload())
		bail("rmmod");
}

int main(void)
{
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	check_engine(ENGINE_IN_PLACE);
	check_engine(ENGINE_TASK_WORK);
	return finish();
}
