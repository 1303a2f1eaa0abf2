// SPDX-License-Identifier: GPL-2.0
/*
 * Every registered process gets one last record, which holds all that it ever did,
 * however it ends.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "memory.h"
#include "module.h"
#include "tap.h"

enum {
	PAGES = 517,
	DISK_PAGES = 61,	/* each of them waits for the disk */
	ROUNDS = 20,
	CHILDREN = 10,
};

static const struct faultline_header *ring;
/* Memory that children share with us until they write to it. */
static volatile char *memory;

static uint64_t register_child(pid_t pid)
{
	struct counters counters;

	errno = status_register(pid);
	if (errno || !status_read(pid, &counters))
		bail("R %d", (int)pid);
	return (uint64_t)counters.id;
}

/* Copies, minor and major faults; then an end that leaves no time for a tick. */
static int fault_and_exit(void *unused)
{
	(void)unused;
	memory_write(memory, PAGES);
	memory_write(memory_map(PAGES), PAGES);
	memory_read(memory_map_disk(DISK_PAGES), DISK_PAGES);
	return 0;
}

static void holds_everything(void)
{
	const struct faultline_record *last;
	long minor, major;
	struct rusage usage;
	pid_t child;
	int status;
	uint64_t id;

	child = child_start_stopped(fault_and_exit, NULL);
	id = register_child(child);
	child_faults(child, &minor, &major);
	child_resume(child);
	if (wait4(child, &status, 0, &usage) != child || status)
		bail("the child failed: %#x", status);
	minor = usage.ru_minflt - minor;
	major = usage.ru_majflt - major;

	ok(ring_newest(ring, id)->flags & FAULTLINE_FIRST, "a process exits before its first tick");
	ok(ring_wait_idle(ring), "and leaves the list though nobody unregisters it");
	last = ring_newest(ring, id);
	ok(last->flags & FAULTLINE_EXITED, "its newest record says that it exited");
	ok((long)last->minor_faults == minor, "with the minor faults that wait4 reports, %ld: %llu",
	   minor, last->minor_faults);
	ok((long)last->major_faults == major && major > 0,
	   "and the major faults, %ld: %llu", major, last->major_faults);
	ok(last->cow_faults == PAGES, "and each page that it copied, %d: %llu", PAGES,
	   last->cow_faults);
	ok(last->pid == child && last->ppid == getpid(), "and it names process and parent");
}

static int exit_at_once(void *unused)
{
	(void)unused;
	return 0;
}

static void zombie(void)
{
	pid_t child = child_start_stopped(exit_at_once, NULL);
	uint64_t id = register_child(child);
	const struct faultline_record *last;
	struct counters counters;

	child_resume(child);
	ok(ring_wait_idle(ring), "a zombie that nobody waits for leaves the list");
	last = ring_newest(ring, id);
	ok(last->flags & FAULTLINE_EXITED, "with its last record");
	ok(last->threads == 0 && last->rss_bytes == 0, "in which no thread and no memory is left");
	ok(kill(child, 0) == 0 && !status_read(child, &counters),
	   "and is gone from the status file while it is a zombie");
	ok(status_register(child) == ESRCH, "and cannot be registered again");
	child_wait(child);
}

static int unregister_other(void *zombie)
{
	return status_unregister(*(pid_t *)zombie);
}

/* At one sample a second; nobody is so slow that the tick comes first each time. */
static void finished_by_parent(void)
{
	const struct faultline_record *last;
	int finished = 0, whole = 0, others = 0, again = 0;
	uint64_t id;
	pid_t child;
	siginfo_t info;

	for (int i = 0; i < ROUNDS; i++) {
		child = child_start_stopped(fault_and_exit, NULL);
		id = register_child(child);
		child_resume(child);
		waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT);
		others += child_wait(child_start(unregister_other, &child)) == 0;
		if (status_unregister(child) == 0) {
			finished++;
			again += status_unregister(child) == 0;
			last = ring_newest(ring, id);
			if (!(last->flags & FAULTLINE_EXITED) || last->cow_faults != PAGES)
				printf("# flags %x, %llu copies\n", last->flags,
				       last->cow_faults);
			else
				whole++;
		}
		child_wait(child);
	}
	ok(finished >= ROUNDS / 2,
	   "a parent that has not reaped its child gets its last record at once: %d of %d",
	   finished, ROUNDS);
	ok(whole == finished, "with all that it did: %d", whole);
	ok(!others && !again, "but nobody else, %d, and not twice, %d", others, again);
}

static void unregistered(void)
{
	pid_t child = child_start_stopped(child_sleep, NULL);
	uint64_t id = register_child(child), head;

	ok(status_unregister(child) == 0 && ring_newest(ring, id)->flags & FAULTLINE_UNREGISTERED,
	   "a process that is unregistered gets its last record at once");
	head = ring->head;
	child_end(child);
	sleep_ms(1500);
	ok(ring->head == head, "and none when it exits later");
}

static int fault_for_ever(void *unused)
{
	volatile char *fresh;

	(void)unused;
	while ((fresh = memory_map(PAGES))) {
		memory_write(memory, PAGES);
		memory_write(fresh, PAGES);
		memory_unmap(fresh, PAGES);
	}
	return 0;
}

/* What the ring holds of one registration. */
struct life {
	unsigned int firsts, lasts, after_last;
};

static void kill_in_mid_sample(void)
{
	pid_t child[CHILDREN];

	for (int i = 0; i < CHILDREN; i++) {
		child[i] = child_start(fault_for_ever, NULL);
		register_child(child[i]);
	}
	for (int i = 0; i < CHILDREN; i++) {
		usleep((useconds_t)(rand() % 3000));
		child_end(child[i]);
	}
}

static void read_lives(struct life *life, uint64_t first_id, uint64_t first_seq)
{
	const struct faultline_record *record;
	struct life *its;

	for (uint64_t seq = first_seq; seq <= ring->head; seq++) {
		record = ring_record(ring, seq);
		if (record->id < first_id || record->id >= first_id + ROUNDS * CHILDREN)
			bail("a record of a process that ended earlier");
		its = &life[record->id - first_id];
		its->after_last += its->lasts;
		its->firsts += !!(record->flags & FAULTLINE_FIRST);
		its->lasts += !!(record->flags & FAULTLINE_EXITED);
	}
}

static void killed(void)
{
	static struct life life[ROUNDS * CHILDREN];
	const uint64_t first_seq = ring->head + 1;
	const uint64_t first_id = ring_record(ring, ring->head)->id + 1;
	unsigned int firsts = 0, lasts = 0, after_last = 0;

	for (int round = 0; round < ROUNDS; round++)
		kill_in_mid_sample();
	ok(ring_wait_idle(ring), "after %d were killed none is left", ROUNDS * CHILDREN);
	if (ring->head - first_seq >= ring->capacity)
		bail("the ring is too small for this test");
	read_lives(life, first_id, first_seq);
	for (int i = 0; i < ROUNDS * CHILDREN; i++) {
		firsts += life[i].firsts == 1;
		lasts += life[i].lasts == 1;
		after_last += life[i].after_last;
	}
	ok(firsts == ROUNDS * CHILDREN, "each got one first record: %u", firsts);
	ok(lasts == ROUNDS * CHILDREN, "and one last record: %u", lasts);
	ok(after_last == 0, "and no record after its last: %u", after_last);
}

int main(void)
{
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	memory = memory_map(PAGES);
	memory_write(memory, PAGES);

	/*
	 * One tick a second: what happens in between is for the last record alone.  A slow kernel
	 * takes long to kill so many, a thousand ticks a second.
	 */
	module_load("hz=1 ring_records=400000");
	ring = ring_map();
	holds_everything();
	zombie();
	finished_by_parent();
	unregistered();
	if (module_set("hz", "1000"))
		bail("hz=1000");
	killed();
	return finish();
}
