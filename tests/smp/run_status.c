// SPDX-License-Identifier: GPL-2.0
/*
 * `faultline run` learns how its command ended whoever starts it: also who ignores his
 * children, which a program inherits.
 */
#include <signal.h>
#include <unistd.h>

#include "child.h"
#include "module.h"
#include "tap.h"

static int run(void *on_child)
{
	signal(SIGCHLD, *(sighandler_t *)on_child);
	execl("./faultline", "faultline", "run", "--", "sh", "-c", "exit 7", NULL);
	return 1;
}

int main(void)
{
	sighandler_t ignored = SIG_IGN, usual = SIG_DFL;

	module_load("");
	ok(child_wait(child_start(run, &usual)) == 7, "run exits as its command does");
	ok(child_wait(child_start(run, &ignored)) == 7, "also where SIGCHLD was ignored");
	module_unload();
	return finish();
}
