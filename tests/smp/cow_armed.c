// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's copy-on-write path is touched only while a process is registered.
 */
#include <stdio.h>
#include <string.h>

#include "child.h"
#include "module.h"
#include "tap.h"

#define HOOKED	"/sys/kernel/debug/tracing/enabled_functions"

/* Is ftrace calling anybody from there? */
static bool is_hooked(void)
{
	FILE *functions = fopen(HOOKED, "re");
	char line[512];
	bool found = false;

	if (!functions)
		bail(HOOKED);
	while (!found && fgets(line, sizeof(line), functions))
		found = strncmp(line, "ptep_clear_flush ", strlen("ptep_clear_flush ")) == 0;
	fclose(functions);
	return found;
}

static bool is_free(void *unused)
{
	(void)unused;
	return !is_hooked();
}

int main(void)
{
	pid_t a = child_start(child_sleep, NULL), b = child_start(child_sleep, NULL);

	ok(!is_hooked(), "before the module is in there is no hook");
	module_load("");
	ok(!is_hooked(), "nor when it is in and nobody is registered");
	status_register(a);
	ok(is_hooked(), "the first registration hooks");
	status_register(b);
	status_unregister(a);
	sleep_ms(2500);
	ok(is_hooked(), "the hook stays while one is left");
	/* It is taken out with a delay, which must not hit who comes meanwhile. */
	status_unregister(b);
	status_register(a);
	sleep_ms(2500);
	ok(is_hooked(), "and for one that comes right after the last has gone");
	status_unregister(a);
	ok(wait_until(is_free, NULL), "then it goes");
	status_register(a);
	ok(is_hooked(), "and comes back with the next registration");
	child_end(a);
	ok(wait_until(is_free, NULL), "it goes as well when the last process exits");
	child_end(b);
	return finish();
}
