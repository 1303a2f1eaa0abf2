// SPDX-License-Identifier: GPL-2.0
/*
 * A registered process that the kernel kills for want of memory ends as any other: its last
 * record has all that it did, and its place is free again.
 *
 * Each copies pages into a memory cgroup that has no room for all of them.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "memory.h"
#include "module.h"
#include "tap.h"
#include "times.h"

#define GROUP	"/sys/fs/cgroup/small"

enum {
	PAGES		= 2048,
	LIMIT_BYTES	= 4 << 20,	/* half of them */
	PLACES		= 3,
	KILLS		= 2 * PLACES,	/* the log has room for what the kernel says of twelve */
	FAMILY		= PLACES - 1,	/* children of one more */
	KILLED		= 128 + SIGKILL,
};

static volatile char *pages;

/* In memory that all processes share. */
static struct {
	volatile long written;
} *told;

static void make_group(void)
{
	char text[32];

	file_must_put("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	if (mkdir(GROUP, 0755))
		bail("mkdir " GROUP);
	snprintf(text, sizeof(text), "%d", LIMIT_BYTES);
	file_must_put(GROUP "/memory.max", text);
	file_must_put(GROUP "/memory.swap.max", "0");
}

/* How many have been killed in the group. */
static int kills(void)
{
	const char *found = strstr(file_get(GROUP "/memory.events"), "oom_kill ");
	int count;

	if (!found || sscanf(found, "oom_kill %d", &count) != 1)
		bail("no oom_kill in memory.events");
	return count;
}

static int copy_pages(void *unused)
{
	(void)unused;
	for (told->written = 0; told->written < PAGES; told->written++)
		pages[told->written * PAGE_BYTES] = 2;
	return 0;
}

/* Of its own accord it is stopped first: when it is registered, and told where it lives. */
static pid_t start(int (*body)(void *unused))
{
	pid_t pid = child_start_stopped(body, NULL);
	char text[16];

	snprintf(text, sizeof(text), "%d", (int)pid);
	file_must_put(GROUP "/cgroup.procs", text);
	return pid;
}

static uint64_t id_of(pid_t pid)
{
	struct counters counters;

	if (!status_read(pid, &counters))
		bail("process %d is not in the status file", (int)pid);
	return (uint64_t)counters.id;
}

/* What became of those that were killed. */
struct fate {
	int ended, exact, counted;
};

/* Alone in its group: what it did is known to the page. */
static void kill_one(const struct faultline_header *ring, struct fate *fate)
{
	const struct faultline_record *last;
	long minor, major, copied;
	struct rusage usage;
	int status;
	uint64_t id;
	pid_t pid;

	pid = start(copy_pages);
	child_faults(pid, &minor, &major);
	errno = status_register(pid);
	if (errno)
		bail("R %d", (int)pid);
	id = id_of(pid);
	child_resume(pid);
	if (wait4(pid, &status, 0, &usage) != pid)
		bail("wait4");
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		bail("a process finds room for %d pages", PAGES);
	if (!ring_wait_idle(ring))
		bail("a process that was killed stays registered");
	last = ring_newest(ring, id);
	copied = (long)last->cow_faults - told->written;
	fate->ended += !!(last->flags & FAULTLINE_EXITED);
	fate->exact += (long)last->minor_faults == usage.ru_minflt - minor &&
		       (long)last->major_faults == usage.ru_majflt - major;
	/* It copies some of its own: its stack, libc's data. */
	fate->counted += copied >= 0 && copied < 8;
}

static void kill_one_after_another(const struct faultline_header *ring)
{
	struct fate fate = { 0 };
	int before = kills();

	for (int i = 0; i < KILLS; i++)
		kill_one(ring, &fate);
	ok(kills() - before == KILLS, "%d registered processes are killed for want of memory: %d",
	   KILLS, kills() - before);
	ok(fate.ended == KILLS, "%d have a last record that says that they ended", fate.ended);
	ok(fate.exact == KILLS, "in %d it has as many faults as wait4(2) tells", fate.exact);
	ok(fate.counted == KILLS, "in %d it has a copy for each page written", fate.counted);
}

static int copy_in_family(void *unused)
{
	(void)unused;
	for (int i = 0; i < FAMILY; i++)
		child_start(copy_pages, NULL);
	return child_sleep(NULL);
}

/* All at once, with children that are followed. */
static void kill_family(const struct faultline_header *ring)
{
	uint64_t before = ring->head;
	int firsts = 0, lasts = 0, status;
	pid_t pid;

	file_must_put(GROUP "/memory.oom.group", "1");
	pid = start(copy_in_family);
	errno = status_register_children(pid);
	if (errno)
		bail("R %d children", (int)pid);
	child_resume(pid);
	status = child_wait(pid);
	/* The children are somebody else's by now, who reaps them. */
	if (!ring_wait_idle(ring))
		bail("somebody stays registered");
	for (uint64_t seq = before + 1; seq <= ring->head; seq++) {
		firsts += !!(ring_record(ring, seq)->flags & FAULTLINE_FIRST);
		lasts += !!(ring_record(ring, seq)->flags & FAULTLINE_EXITED);
	}
	ok(status == KILLED && firsts == 1 + FAMILY && lasts == firsts,
	   "a family that is killed at once begins %d times and ends %d times", firsts, lasts);
}

int main(void)
{
	const struct faultline_header *ring;
	char parameters[64];
	pid_t pids[PLACES];
	int taken = 0;

	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	make_group();
	pages = memory_map(PAGES);
	memory_write(pages, PAGES);
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	snprintf(parameters, sizeof(parameters), "hz=100 max_processes=%d", PLACES);
	module_load(parameters);
	ring = ring_map();
	ring_keep_from_children(ring);
	kill_one_after_another(ring);
	kill_family(ring);
	for (int i = 0; i < PLACES; i++) {
		pids[i] = child_start(child_sleep, NULL);
		taken += status_register(pids[i]) == 0;
	}
	ok(taken == PLACES, "then each of %d places can be taken: %d", PLACES, taken);
	for (int i = 0; i < PLACES; i++)
		child_end(pids[i]);
	ring_unmap(ring);
	rmdir(GROUP);
	return finish();
}
