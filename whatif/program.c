// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "pipes.h"
#include "program.h"
#include "why.h"

/**
 * struct child - the command's process
 * @pid: of it
 * @pipes: it waits for a byte; from it comes why it could not be executed, or nothing
 */
struct child {
	pid_t pid;
	struct pipes pipes;
};

/* ---- The process ---- */

static bool redirect(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	return null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0;
}

/* Nothing of ours is left when the command begins but where it writes to. */
__attribute__((noreturn))
static void execute(const struct child *child, const struct program *program, bool traced)
{
	sigset_t none;
	char go;

	pipes_close_own(&child->pipes);
	sigemptyset(&none);
	/* A huge page is charged as 512, of which one may be used. */
	if (read(child->pipes.to[0], &go, 1) == 1 && redirect() &&
	    !prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) &&
	    (!traced || !ptrace(PTRACE_TRACEME, 0, NULL, NULL))) {
		signal(SIGPIPE, SIG_DFL);
		sigprocmask(SIG_SETMASK, &none, NULL);
		execvp(program->argv[0], program->argv);
	}
	if (write(child->pipes.from[1], &errno, sizeof(errno)) != sizeof(errno))
		_exit(1);
	_exit(0);
}

/* ---- Who runs it ---- */

/* It waits to be let go. */
static bool start(struct child *child, const struct program *program, bool traced, char *why)
{
	if (!pipes_open(&child->pipes))
		return why_refuse(why, "pipe: %s", strerror(errno));
	child->pid = fork();
	if (!child->pid)
		execute(child, program, traced);
	pipes_close_other(&child->pipes);
	if (child->pid >= 0)
		return true;
	pipes_close_own(&child->pipes);
	return why_refuse(why, "process: %s", strerror(errno));
}

static bool let_go(const struct child *child, const struct program *program, char *why)
{
	int error;

	if (write(child->pipes.to[1], "", 1) != 1)
		return why_refuse(why, "process: %s", strerror(errno));
	/* Closed by what is executed. */
	if (read(child->pipes.from[0], &error, sizeof(error)) == sizeof(error))
		return why_refuse(why, "%.255s: %s", program->argv[0], strerror(error));
	return true;
}

/* Until it has exited, or been stopped. */
static int wait_for(const struct child *child, struct rusage *usage)
{
	int status;

	while (wait4(child->pid, &status, 0, usage) < 0 && errno == EINTR)
		;
	return status;
}

/* @usage: filled in; what is wrong may have been said. */
static bool end(const struct child *child, const struct program *program, bool good,
		const char *killed, struct rusage *usage, char *why)
{
	int status;

	if (!good)
		kill(child->pid, SIGKILL);
	pipes_close_own(&child->pipes);
	status = wait_for(child, usage);
	return good && why_ended(why, program->argv[0], status, killed);
}

bool program_rehearse(const struct program *program, char *why)
{
	struct rusage usage;
	struct child child;

	return start(&child, program, false, why) &&
	       end(&child, program, let_go(&child, program, why), "", &usage, why);
}

static bool is_exit(int status)
{
	return status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8);
}

/* It stops when it has been executed, and, if asked to, when it exits and has its memory still. */
static bool wait_for_exit(const struct child *child, const struct program *program, char *why)
{
	const uintptr_t wanted = PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL;
	struct rusage usage;
	int status = wait_for(child, &usage);
	uintptr_t signal = 0;

	if (WIFSTOPPED(status) && ptrace(PTRACE_SETOPTIONS, child->pid, NULL, wanted))
		return why_refuse(why, "ptrace: %s", strerror(errno));
	while (WIFSTOPPED(status) && !is_exit(status)) {
		if (ptrace(PTRACE_CONT, child->pid, NULL, signal))
			return why_refuse(why, "ptrace: %s", strerror(errno));
		status = wait_for(child, &usage);
		signal = (uintptr_t)WSTOPSIG(status);
	}
	return is_exit(status) || why_refuse(why, "%.255s: is gone", program->argv[0]);
}

static bool weigh(struct program *program, const struct child *child, const struct cgroup *cgroup,
		  char *why)
{
	struct cgroup_charges charges;
	bool good;

	if (!cgroup_enter(cgroup, child->pid, why) || !let_go(child, program, why) ||
	    !wait_for_exit(child, program, why))
		return false;
	good = cgroup_charges(cgroup, &charges, why);
	program->kernel_bytes = charges.kernel;
	if (!ptrace(PTRACE_DETACH, child->pid, NULL, NULL))
		return good;
	return why_refuse(why, "ptrace: %s", strerror(errno));
}

bool program_weigh(struct program *program, char *why)
{
	struct cgroup cgroup;
	struct rusage usage;
	struct child child;
	bool good;

	if (!cgroup_make(&cgroup, program->cgroup, why))
		return false;
	good = start(&child, program, true, why) &&
	       end(&child, program, weigh(program, &child, &cgroup, why), "", &usage, why);
	cgroup_remove(&cgroup);
	return good;
}

bool program_run(const struct program *program, uint64_t frames,
		 struct verification *verification)
{
	uint64_t bytes = program->kernel_bytes + frames * (uint64_t)sysconf(_SC_PAGESIZE);
	char *why = verification->why;
	struct cgroup cgroup;
	struct rusage usage;
	struct child child;
	bool good;

	if (!cgroup_make(&cgroup, program->cgroup, why))
		return false;
	good = start(&child, program, false, why) &&
	       end(&child, program, cgroup_enter(&cgroup, child.pid, why) &&
		   cgroup_limit(&cgroup, bytes, why) && let_go(&child, program, why),
		   ": there is no room, or no swap", &usage, why);
	cgroup_remove(&cgroup);
	if (good) {
		verification->major = (uint64_t)usage.ru_majflt;
		verification->minor = (uint64_t)usage.ru_minflt;
	}
	return good;
}
