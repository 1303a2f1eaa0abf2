// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "launch.h"

static const int passed_on[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM };

static sigset_t watched_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
		sigaddset(&set, passed_on[i]);
	return set;
}

/* In the child: nothing of ours is left when the command begins but its registration. */
__attribute__((noreturn))
static void execute(int gate, const sigset_t *mask, sighandler_t on_child, char **argv)
{
	char byte;

	/* Without the word there is nothing to do, nor where the one who had it is gone. */
	if (read(gate, &byte, 1) != 1)
		_exit(LAUNCH_FAILED);
	signal(SIGCHLD, on_child);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(argv[0], argv);
	warn("%s", argv[0]);
	_exit(errno == ENOENT ? LAUNCH_NOT_FOUND : LAUNCH_NOT_EXECUTABLE);
}

bool launch_fork(struct launch *launch, char **argv)
{
	sigset_t watched = watched_signals(), mask;
	sighandler_t on_child;
	int gate[2];

	if (pipe2(gate, O_CLOEXEC))
		return false;
	/* Who started us may have ignored it, and then no child would ever be a zombie. */
	on_child = signal(SIGCHLD, SIG_DFL);
	/* Before the fork, so that not even its end can be missed. */
	sigprocmask(SIG_BLOCK, &watched, &mask);
	launch->signals = signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
	launch->pid = launch->signals < 0 ? -1 : fork();
	if (launch->pid < 0) {
		close(gate[0]);
		close(gate[1]);
		return false;
	}
	if (launch->pid == 0) {
		close(gate[1]);
		execute(gate[0], &mask, on_child, argv);
	}
	/* Not the command's: a reader of ours that leaves shows as EPIPE. */
	signal(SIGPIPE, SIG_IGN);
	close(gate[0]);
	launch->gate = gate[1];
	return true;
}

void launch_let_go(struct launch *launch)
{
	/* Fails only where it was killed meanwhile, which will show. */
	if (write(launch->gate, "", 1) != 1)
		warn("process %d", (int)launch->pid);
	close(launch->gate);
}

void launch_call_off(struct launch *launch)
{
	close(launch->gate);
	launch_reap(launch);
}

void launch_pass_on(const struct launch *launch)
{
	struct signalfd_siginfo info;

	while (read(launch->signals, &info, sizeof(info)) == sizeof(info))
		/* Codes above 0 are the kernel's, a terminal's for one. */
		if (info.ssi_signo != SIGCHLD && info.ssi_code <= 0)
			kill(launch->pid, (int)info.ssi_signo);
}

bool launch_has_ended(const struct launch *launch)
{
	siginfo_t info = { .si_pid = 0 };

	return waitid(P_PID, (id_t)launch->pid, &info, WEXITED | WNOWAIT | WNOHANG) != 0 ||
	       info.si_pid == launch->pid;
}

int launch_reap(struct launch *launch)
{
	int status;

	while (waitpid(launch->pid, &status, 0) < 0)
		if (errno != EINTR)
			return LAUNCH_FAILED;
	close(launch->signals);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
