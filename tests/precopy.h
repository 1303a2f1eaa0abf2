/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pre-copy as a test sees it.  What goes wrong without being a claim ends the test.
 */
#ifndef TESTS_PRECOPY_H
#define TESTS_PRECOPY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define PRECOPY_SWITCH	"/proc/sys/vm/cow_precopy"
#define PRECOPY_DEPTH	"/proc/sys/vm/cow_precopy_depth"

/* The engines, best first, as the parameter precopy= has them. */
extern const char * const precopy_engines[2];

/* Can the loaded module copy ahead on this kernel? */
bool precopy_available(void);
/* Does it so in the fault itself, so that pages copied ahead are no minor faults? */
bool precopy_is_in_place(void);
/*
 * Load the module with this engine and without a limit of time, which would make counts
 * depend on the machine; skip @what and leave no module if this kernel has no such engine.
 */
bool precopy_load(const char *engine, const char *what);

/* Write `P <pid> <setting>`; 0 or an errno. */
int precopy_set(pid_t pid, const char *setting);

/**
 * struct precopies - what a process did
 * @traps: page faults of the CPU
 * @cow: pages copied in their own fault
 * @copied: and ahead of it
 * @used: of these
 * @wasted: of these
 * @refused: pages that were not
 */
struct precopies {
	long traps, cow, copied, used, wasted, refused;
};

/* A worker that is registered and has this setting, and has done its rehearsal. */
pid_t precopy_worker(const char *setting);

/* What a worker of that kind does when it does this. */
struct precopies precopy_made(pid_t worker, void (*act)(size_t count), size_t count);

/* The same of some that do it at once, summed up. */
struct precopies precopy_made_at_once(const pid_t *workers, int number,
				      void (*act)(size_t count), size_t count);

/*
 * So many pages of anonymous memory, filled, at the beginning of a page table, and with
 * nothing beside them that they could grow together with.
 */
volatile char *precopy_map(size_t pages);

#endif /* TESTS_PRECOPY_H */
