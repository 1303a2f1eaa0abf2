// SPDX-License-Identifier: GPL-2.0
/*
 * Pids in the status file are those of the namespace of whoever writes or reads it;
 * who has no number there can be neither named nor seen.  The ring, which all share,
 * has the numbers of the initial namespace.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>

#include "child.h"
#include "module.h"
#include "tap.h"

enum {
	INNER_INIT = 1,
	INNER_CHILD = 2,
};

/* What a process in a namespace of its own finds; shared with it. */
static struct {
	pid_t outer;		/* a process out there, told by its number out there */
	int registers_itself, registers_child;
	int registers_outer, unregisters_outer;
	bool sees_itself, sees_child;
	struct counters itself, child;
	int lines;
	volatile bool done;
} *inside;

/* How many processes the status file shows. */
static int count_lines(void)
{
	FILE *file = fopen(FAULTLINE_STATUS, "re");
	char line[512];
	int lines = 0;

	if (!file)
		bail(FAULTLINE_STATUS);
	while (fgets(line, sizeof(line), file))
		lines += line[0] >= '0' && line[0] <= '9';
	fclose(file);
	return lines;
}

static int look_around(void *unused)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("proc", "/proc", "proc", 0, NULL))
		bail("mount");
	inside->registers_itself = status_register(0);
	child_start(child_sleep, NULL);
	inside->registers_child = status_register(INNER_CHILD);
	inside->registers_outer = status_register(inside->outer);
	inside->unregisters_outer = status_unregister(inside->outer);
	inside->sees_itself = status_read(INNER_INIT, &inside->itself);
	inside->sees_child = status_read(INNER_CHILD, &inside->child);
	inside->lines = count_lines();
	inside->done = true;
	return child_sleep(unused);
}

static bool is_done(void *unused)
{
	(void)unused;
	return inside->done;
}

static pid_t start_inside(void)
{
	static char stack[1 << 16] __attribute__((aligned(16)));
	pid_t pid = clone(look_around, stack + sizeof(stack),
			  CLONE_NEWPID | CLONE_NEWNS | SIGCHLD, NULL);

	if (pid < 0)
		bail("clone");
	if (!wait_until(is_done, NULL))
		bail("the process in its namespace does not come to its end");
	return pid;
}

/* The number that the kernel gives a process in the namespace below ours. */
static pid_t inner_pid(pid_t pid)
{
	char path[32], line[128];
	int inner = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	while (file && !inner && fgets(line, sizeof(line), file))
		sscanf(line, "NSpid: %*d %d", &inner);
	if (file)
		fclose(file);
	return inner;
}

static void seen_from_inside(void)
{
	ok(inside->registers_itself == 0, "a process in a pid namespace registers itself as 0");
	ok(inside->registers_child == 0, "and its child by its number in there");
	ok(inside->registers_outer == ESRCH && inside->unregisters_outer == ESRCH,
	   "but no process outside by its number out there: ESRCH");
	ok(inside->sees_itself && inside->itself.ppid == 0,
	   "it sees itself as %d, with a parent that has no number: %lld", INNER_INIT,
	   inside->itself.ppid);
	ok(inside->sees_child && inside->child.ppid == INNER_INIT,
	   "and its child as %d of parent %d: %lld", INNER_CHILD, INNER_INIT, inside->child.ppid);
	ok(inside->lines == 2, "and no process besides: %d", inside->lines);
}

static void seen_from_outside(const struct faultline_header *ring, pid_t init)
{
	const struct faultline_record *itself = ring_newest(ring, (uint64_t)inside->itself.id);
	const struct faultline_record *child = ring_newest(ring, (uint64_t)inside->child.id);
	struct counters counters;

	ok(itself->pid == init && inner_pid(init) == INNER_INIT, "the ring has its number out here");
	ok(inner_pid(child->pid) == INNER_CHILD && child->ppid == init,
	   "and its child's, and who the parent is out here");
	ok(status_read(init, &counters) && counters.id == inside->itself.id,
	   "the status file, read outside, has the same");
	ok(status_read(child->pid, &counters) && counters.id == inside->child.id &&
	   counters.ppid == init, "and of the child, too");
	ok(count_lines() == 3, "and shows the processes of both namespaces: %d", count_lines());
	ok(status_unregister(child->pid) == 0, "by that number it can be unregistered");
}

int main(void)
{
	const struct faultline_header *ring;
	pid_t init;

	inside = mmap(NULL, sizeof(*inside), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	module_load("");
	ring = ring_map();
	inside->outer = child_start(child_sleep, NULL);
	if (status_register(inside->outer))
		bail("R");
	init = start_inside();
	seen_from_inside();
	seen_from_outside(ring, init);
	child_end(init);
	child_end(inside->outer);
	return finish();
}
