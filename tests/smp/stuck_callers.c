// SPDX-License-Identifier: GPL-2.0
/*
 * Who is stuck in the middle of a call on one of the module's files, its memory being somebody
 * else's to give (userfaultfd, a page of a FUSE file), keeps rmmod waiting until it is killed,
 * and no longer.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "memory.h"
#include "module.h"
#include "tap.h"
#include "times.h"
#include "userfault.h"

enum { WAITS_MS = 300 };

struct stuck_call {
	const char *path;
	int flags;
};

static int stuck[2];		/* a pipe: a byte comes once the call is */

static void *tell_of_fault(void *userfault)
{
	userfault_wait(*(int *)userfault);
	if (write(stuck[1], "", 1) != 1)
		bail("pipe");
	return NULL;
}

/* For good: nobody gives it the page. */
static int call(void *argument)
{
	const struct stuck_call *what = argument;
	volatile char *page = memory_map(1);
	int userfault = userfault_open(page, 1), file = open(what->path, what->flags | O_CLOEXEC);
	pthread_t teller;

	if (file < 0 || pthread_create(&teller, NULL, tell_of_fault, &userfault))
		bail("%s", what->path);
	if (what->flags == O_WRONLY)
		return write(file, (const void *)page, 8) != 0;
	return read(file, (void *)page, PAGE_BYTES) != 0;
}

static int unload(void *unused)
{
	(void)unused;
	return module_unload();
}

static void is_let_go(struct stuck_call *what)
{
	const char *verb = what->flags == O_WRONLY ? "writes" : "reads";
	pid_t caller, unloader;
	char byte;
	bool waits;

	module_load("");
	caller = child_start(call, what);
	if (read(stuck[0], &byte, 1) != 1)
		bail("pipe");
	unloader = child_start(unload, NULL);
	sleep_ms(WAITS_MS);
	waits = waitpid(unloader, NULL, WNOHANG) == 0;
	ok(waits, "rmmod waits for who %s %s", verb, what->path);
	kill(caller, SIGKILL);
	ok(child_wait(caller) == 128 + SIGKILL && child_wait(unloader) == 0,
	   "until that is killed");
}

int main(void)
{
	static struct stuck_call calls[] = {
		{ FAULTLINE_STATUS, O_RDONLY }, { FAULTLINE_STATUS, O_WRONLY },
		{ HISTOGRAM, O_RDONLY }, { COW_STATS, O_RDONLY },
		{ SAMPLE_INTERVAL, O_RDONLY }, { SAMPLE_INTERVAL, O_WRONLY },
	};

	if (pipe(stuck))
		bail("pipe");
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		is_let_go(&calls[i]);
	return finish();
}
