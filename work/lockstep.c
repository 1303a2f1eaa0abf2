// SPDX-License-Identifier: GPL-2.0
#include "lockstep.h"

#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/**
 * lockstep_fork - fork a child, or end the program
 *
 * The child dies with its parent.
 *
 * Return: as fork(2).
 */
pid_t lockstep_fork(void)
{
	/* Or the child would print it, too. */
	fflush(stdout);

	pid_t parent = getpid(), child = fork();

	if (child < 0)
		err(EXIT_FAILURE, "fork");
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* It may have died before, and nothing tells of that any more. */
		if (getppid() != parent)
			_exit(EXIT_FAILURE);
	}
	return child;
}

/**
 * lockstep_stop - in the child: wait until the parent says lockstep_resume()
 */
void lockstep_stop(void)
{
	raise(SIGSTOP);
}

/**
 * lockstep_resume - let a stopped child run
 */
void lockstep_resume(pid_t child)
{
	kill(child, SIGCONT);
}

/**
 * lockstep_await - wait until a child has stopped, or end the program if it ends instead
 */
void lockstep_await(pid_t child)
{
	int status;

	if (waitpid(child, &status, WUNTRACED) < 0)
		err(EXIT_FAILURE, "waitpid");
	if (!WIFSTOPPED(status))
		errx(EXIT_FAILURE, "child %d ended too early", (int)child);
}

/**
 * lockstep_end - let a stopped child run to its end
 */
void lockstep_end(pid_t child)
{
	lockstep_resume(child);
	if (waitpid(child, NULL, 0) < 0)
		err(EXIT_FAILURE, "waitpid");
}
