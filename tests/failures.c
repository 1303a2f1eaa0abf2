// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "failures.h"
#include "tap.h"
#include "times.h"

enum { ALLOCATIONS_MAX = 20000 };

/* Our own, kept open: what opening it allocates would count. */
static int nth = -1;

static void allow(const char *injector)
{
	static const char * const settings[][2] = {
		{ "ignore-gfp-wait", "N" }, { "verbose", "0" },
	};
	char path[128];

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", injector, settings[i][0]);
		file_must_put(path, settings[i][1]);
	}
}

bool failures_begin(void)
{
	nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (nth < 0)
		return false;
	allow("failslab");
	allow("fail_page_alloc");
	return true;
}

static void fail_nth(int number)
{
	if (dprintf(nth, "%d", number) < 0)
		bail("fail-nth");
}

/* Was there an allocation of that number?  None fails any more. */
static bool has_failed(void)
{
	char text[16] = "";
	bool failed;

	if (pread(nth, text, sizeof(text) - 1, 0) < 0)
		bail("fail-nth");
	failed = atoi(text) == 0;
	fail_nth(0);
	return failed;
}

void fail_each(const char *what, int (*act)(void), void (*undo)(void))
{
	int number, err, refused = 0, unclean = 0, broken = 0;
	bool failed = true;

	for (number = 0; failed && number < ALLOCATIONS_MAX; number++) {
		fail_nth(number + 1);
		err = act();
		failed = has_failed();
		if (number % 50 == 49)
			progress("%s: %d allocations have failed", what, number + 1);
		if (!err) {
			undo();
			continue;
		}
		refused++;
		unclean += err != ENOMEM;
		if (act())
			broken++;
		else
			undo();
	}
	ok(!failed && !unclean && !broken,
	   "%s: %d allocations fail in turn, %d times with an error, all of them ENOMEM but %d, and "
	   "%d times the next try fails", what, number - 1, refused, unclean, broken);
}
