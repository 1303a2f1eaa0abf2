// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/rseq.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "tap.h"

/*
 * The kernel writes there on its own account (rseq(2)), when a process has lost the CPU: a page
 * that parent and child share is copied then, whenever that may be.
 */
static void write_rseq(void)
{
	volatile struct rseq *rseq = (struct rseq *)((char *)__builtin_thread_pointer() +
						     __rseq_offset);

	if (__rseq_size)
		rseq->flags = 0;
}

static pid_t start(int (*body)(void *argument), void *argument, bool stopped)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		bail("fork");
	write_rseq();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* Its parent may have died before, and nothing tells of that any more. */
		if (getppid() != parent)
			_exit(1);
		if (stopped)
			raise(SIGSTOP);
		_exit(body(argument));
	}
	return pid;
}

pid_t child_start(int (*body)(void *argument), void *argument)
{
	return start(body, argument, false);
}

pid_t child_start_stopped(int (*body)(void *argument), void *argument)
{
	pid_t pid = start(body, argument, true);

	if (waitpid(pid, NULL, WUNTRACED) != pid)
		bail("a child does not stop");
	return pid;
}

void child_resume(pid_t pid)
{
	kill(pid, SIGCONT);
}

int child_sleep(void *unused)
{
	(void)unused;
	for (;;)
		pause();
}

void child_faults(pid_t pid, long *minor, long *major)
{
	char path[32];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file || fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %ld %*d %ld", minor,
			    major) != 2)
		bail("%s", path);
	fclose(file);
}

int child_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			bail("waitpid of %d", (int)pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void child_end(pid_t pid)
{
	kill(pid, SIGKILL);
	child_wait(pid);
}
