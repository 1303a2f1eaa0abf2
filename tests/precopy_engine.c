// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "module.h"
#include "precopy_engine.h"
#include "tap.h"

const char * const engine_names[ENGINES] = { "in_place", "task_work" };

static bool is_expected(enum engine engine)
{
	struct utsname kernel;

	if (uname(&kernel))
		bail("uname");
	if (strcmp(kernel.machine, "x86_64"))
		return false;
	if (engine == ENGINE_IN_PLACE)
		return !strncmp(kernel.release, "6.1.", 4) || !strncmp(kernel.release, "6.12.", 5);
	return !strstr(kernel.release, "-rt-");
}

bool engine_load(enum engine engine, const char *more)
{
	const char *shown = engine == ENGINE_IN_PLACE ? "in place;" : "task work,";
	char parameters[128], line[256];

	if (!is_expected(engine)) {
		skip("%s: not on this kernel", engine_names[engine]);
		return false;
	}
	snprintf(parameters, sizeof(parameters), "precopy_max_us=0 precopy=%s %s",
		 engine_names[engine], more);
	module_load(parameters);
	if (!status_setting("pre-copy", line, sizeof(line)) ||
	    strncmp(line, shown, strlen(shown)))
		bail("no %s here: %s", engine_names[engine], line);
	return true;
}

void precopy_switch(int depth)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", depth);
	file_must_put(PRECOPY_DEPTH, text);
	file_must_put(PRECOPY_SWITCH, "1");
}

void precopy_switch_off(void)
{
	file_must_put(PRECOPY_SWITCH, "0");
}

struct cow_stats precopy_stats(void)
{
	struct cow_stats stats;

	cow_stats_read(&stats);
	return stats;
}
