/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The two ways to copy ahead, for tests of what either may do to others.
 *
 * engine_load -> precopy_switch -> precopy_stats -> module_unload
 */
#ifndef TESTS_PRECOPY_ENGINE_H
#define TESTS_PRECOPY_ENGINE_H

#include <stdbool.h>

#include "times.h"

#define PRECOPY_SWITCH	"/proc/sys/vm/cow_precopy"
#define PRECOPY_DEPTH	"/proc/sys/vm/cow_precopy_depth"

enum engine { ENGINE_IN_PLACE, ENGINE_TASK_WORK, ENGINES };

/* As in the parameter precopy=. */
extern const char * const engine_names[ENGINES];

/*
 * Load the module with this engine, with these parameters besides, and without a limit on
 * the time of a window, which would make counts depend on the machine.  Which kernels have
 * it is known here, and where one lacks it against that, the test ends: asked of the module,
 * an engine that got lost would go unnoticed.
 *
 * Return: false on kernels that do not have it; that is skipped.
 */
bool engine_load(enum engine engine, const char *parameters);

/* vm.cow_precopy_depth, where 0 is adaptive, and vm.cow_precopy=1; off is vm.cow_precopy=0. */
void precopy_switch(int depth);
void precopy_switch_off(void);

/* What /proc/cow_stats says now. */
struct cow_stats precopy_stats(void);

#endif /* TESTS_PRECOPY_ENGINE_H */
