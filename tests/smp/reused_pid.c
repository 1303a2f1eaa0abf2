// SPDX-License-Identifier: GPL-2.0
/*
 * A registration is of a process, not of a number: who gets the pid of a registered
 * process that has just exited is not registered, and takes no part in its counts.
 */
#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "memory.h"
#include "module.h"
#include "tap.h"

enum {
	PAGES = 97,
};

static const struct faultline_header *ring;

static int exit_at_once(void *unused)
{
	(void)unused;
	return 0;
}

/* A child with the pid of our choice, which stops, then writes its pages and stops. */
static void start_second(pid_t pid)
{
	pid_t pids[] = { pid };
	struct clone_args arguments = {
		.exit_signal = SIGCHLD,
		.set_tid = (uintptr_t)pids,
		.set_tid_size = 1,
	};
	long child = syscall(SYS_clone3, &arguments, sizeof(arguments));

	if (child < 0)
		bail("clone3 with pid %d", (int)pid);
	if (!child) {
		prctl(PR_SET_NAME, "second");
		kill(pid, SIGSTOP);
		memory_write(memory_map(PAGES), PAGES);
		kill(pid, SIGSTOP);
		_exit(0);
	}
	waitpid(pid, NULL, WUNTRACED);
}

static uint64_t id_of(pid_t pid)
{
	struct counters counters;

	if (!status_read(pid, &counters))
		bail("process %d is not in the status file", (int)pid);
	return (uint64_t)counters.id;
}

int main(void)
{
	const struct faultline_record *record;
	struct counters counters;
	uint64_t first, second;
	pid_t pid;

	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	/* One tick a second: the pid is taken again before a tick can see the exit. */
	module_load("hz=1");
	ring = ring_map();

	prctl(PR_SET_NAME, "first");
	pid = child_start_stopped(exit_at_once, NULL);
	if (status_register(pid))
		bail("R %d", (int)pid);
	first = id_of(pid);
	child_resume(pid);
	child_wait(pid);
	start_second(pid);

	ok(ring_newest(ring, first)->flags & FAULTLINE_FIRST && ring->registered == 1,
	   "a registered process exits and its pid is taken, all before a tick");
	ok(!status_read(pid, &counters), "the status file does not show the new owner");
	ok(status_unregister(pid) == ENOENT, "who cannot be unregistered");
	ok(status_register(pid) == 0, "but registered");
	second = id_of(pid);
	ok(second != first, "as another registration: %llu after %llu",
	   (unsigned long long)second, (unsigned long long)first);
	child_resume(pid);
	waitpid(pid, NULL, WUNTRACED);
	if (!status_read(pid, &counters))
		bail("process %d is not in the status file", (int)pid);
	ok(counters.minor >= PAGES, "whose faults are its own: %lld", counters.minor);

	sleep_ms(1500);
	record = ring_newest(ring, first);
	ok(record->flags & FAULTLINE_EXITED && strcmp(record->comm, "first") == 0 &&
	   record->minor_faults < PAGES,
	   "the old one's last record tells of the old one: \"%s\", %llu faults", record->comm,
	   record->minor_faults);
	record = ring_newest(ring, second);
	ok(!(record->flags & FAULTLINE_EXITED) && strcmp(record->comm, "second") == 0,
	   "and the new one's records go on");
	child_end(pid);
	ok(ring_wait_idle(ring) && ring_newest(ring, second)->flags & FAULTLINE_EXITED,
	   "until it exits as well");
	return finish();
}
