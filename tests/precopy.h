/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pre-copy of one process as a test sees it.  What goes wrong without being a claim ends the test.
 */
#ifndef TESTS_PRECOPY_H
#define TESTS_PRECOPY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "precopy_engine.h"

/* Can the loaded module copy ahead on this kernel? */
bool precopy_available(void);
/* Does it so in the fault itself, so that pages copied ahead are no minor faults? */
bool precopy_is_in_place(void);
/* Write `P <pid> <setting>`; 0 or an errno. */
int precopy_set(pid_t pid, const char *setting);

/**
 * struct precopies - what a process did, in pages but for the first two
 * @traps: page faults of the CPU
 * @minor: what the kernel calls minor faults
 * @cow: copied in their own fault
 * @copied: and ahead of it
 * @refused: not copied ahead
 */
struct precopies {
	long traps, minor, cow, copied, refused;
};

/* A worker that is registered, has done its rehearsal, and then got this setting. */
pid_t precopy_worker(const char *setting);

/* What a worker of that kind does when it does this. */
struct precopies precopy_made(pid_t worker, void (*act)(size_t count), size_t count);

/* The same of some that do it at once, summed up. */
struct precopies precopy_made_at_once(const pid_t *workers, int number,
				      void (*act)(size_t count), size_t count);

/**
 * precopy_made_alone() - what one worker with this setting does while nobody is in its way
 * @stats: what /proc/cow_stats has of that, when the worker is gone
 *
 * A window gives way to who waits for the CPU, and then counts are not what they would be
 * without: so it is tried some times until there is none.
 */
struct precopies precopy_made_alone(const char *setting, void (*act)(size_t count),
				    size_t count, struct cow_stats *stats);

/*
 * So many pages of anonymous memory, filled, at the beginning of a page table, and with
 * nothing beside them that they could grow together with.
 */
volatile char *precopy_map(size_t pages);

#endif /* TESTS_PRECOPY_H */
