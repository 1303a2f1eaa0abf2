// SPDX-License-Identifier: GPL-2.0
/*
 * exec(2) puts another program into a process; the registration and the counts of
 * the process go on, whichever thread called it.
 */
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "module.h"
#include "tap.h"

#define OTHER_NAME	"another-program"

static const struct faultline_header *ring;

static void *exec(void *unused)
{
	execl("/tmp/" OTHER_NAME, OTHER_NAME, "sleep", NULL);
	return unused;
}

static int exec_from_leader(void *unused)
{
	exec(unused);
	return 1;
}

static int exec_from_thread(void *unused)
{
	pthread_t thread;

	pthread_create(&thread, NULL, exec, unused);
	return child_sleep(NULL);
}

/* Is the newest record of this registration one of the other program? */
static bool has_other_name(void *id)
{
	return strcmp(ring_newest(ring, *(uint64_t *)id)->comm, OTHER_NAME) == 0;
}

static void exec_keeps(const char *who, int (*body)(void *))
{
	pid_t child = child_start_stopped(body, NULL);
	const struct faultline_record *last;
	struct counters counters;
	struct rusage usage;
	long before, major;
	uint64_t id;

	child_faults(child, &before, &major);
	if (status_register(child) || !status_read(child, &counters))
		bail("R %d", (int)child);
	id = (uint64_t)counters.id;
	child_resume(child);

	ok(wait_until(has_other_name, &id), "exec from %s: records show the new name", who);
	ok(status_read(child, &counters) && (uint64_t)counters.id == id && counters.threads == 1,
	   "and the status file shows the same registration, with one thread");
	kill(child, SIGKILL);
	wait4(child, NULL, 0, &usage);
	ok(ring_wait_idle(ring), "and it ends with the process");
	last = ring_newest(ring, id);
	ok(last->flags & FAULTLINE_EXITED && last->pid == child, "with a last record");
	ok((long)last->minor_faults == usage.ru_minflt - before,
	   "that holds the faults of both programs, %ld: %llu", usage.ru_minflt - before,
	   last->minor_faults);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return child_sleep(NULL);
	if (symlink("/proc/self/exe", "/tmp/" OTHER_NAME))
		bail("symlink");
	(void)argv;
	module_load("hz=100");
	ring = ring_map();
	exec_keeps("the leader", exec_from_leader);
	exec_keeps("another thread", exec_from_thread);
	return finish();
}
