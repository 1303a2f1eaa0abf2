// SPDX-License-Identifier: GPL-2.0
/*
 * In course mode a course's own `work` and `monitor` find what they look for: a group of
 * sums per period while any process is registered, from the start of the buffer on, whose
 * sums are what the processes did; and the ring says the same.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "course.h"
#include "memory.h"
#include "module.h"
#include "tap.h"
#include "worker.h"

enum {
	PAGES	= 211,
	SPIN_MS	= 200,
	LAP_TICKS = COURSE_GROUPS + 500,
};

struct sums {
	long long minor, major, cpu;
};

static const struct faultline_header *ring;
static long *buffer;
static struct course_group groups[COURSE_GROUPS];

static long long ns_of(struct timespec time)
{
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

/* What a jiffy lasts. */
static long long jiffy_ns(void)
{
	struct timespec resolution;

	clock_getres(CLOCK_MONOTONIC_COARSE, &resolution);
	return ns_of(resolution);
}

/* Run the monitor, and add up what it takes. */
static struct sums take(size_t *count)
{
	struct sums sums = { 0 };

	*count = course_monitor(buffer, groups);
	for (size_t i = 0; i < *count; i++) {
		sums.minor += groups[i].minor;
		sums.major += groups[i].major;
		sums.cpu += groups[i].cpu;
	}
	return sums;
}

static struct sums take_all(void)
{
	size_t count;

	return take(&count);
}

/* What the ring has of all processes of this run, in the same units. */
static struct sums rings_sums(void)
{
	const struct faultline_record *record;
	struct sums sums = { 0 };
	long long cpu_ns = 0;

	for (uint64_t seq = ring->run; seq <= ring->head; seq++) {
		record = ring_record(ring, seq);
		if (!(record->flags & (FAULTLINE_EXITED | FAULTLINE_UNREGISTERED)))
			continue;
		sums.minor += (long long)record->minor_faults;
		sums.major += (long long)record->major_faults;
		cpu_ns += (long long)(record->user_ns + record->system_ns);
	}
	sums.cpu = cpu_ns / jiffy_ns();
	return sums;
}

static void must(int error, const char *what)
{
	if (error) {
		errno = error;
		bail("%s", what);
	}
}

static uint64_t ticks(void)
{
	return __atomic_load_n(&ring->ticks, __ATOMIC_ACQUIRE);
}

static bool has_ticked(void *until)
{
	return ticks() >= *(uint64_t *)until;
}

static void wait_ticks(uint64_t count)
{
	uint64_t until = ticks() + count;

	if (!wait_until(has_ticked, &until))
		bail("no %llu ticks", (unsigned long long)count);
}

static void touch(size_t pages)
{
	volatile char *memory = memory_map(pages);

	memory_write(memory, pages);
	memory_unmap(memory, pages);
}

static void touch_disk(size_t pages)
{
	volatile char *disk = memory_map_disk(pages);

	memory_read(disk, pages);
	memory_unmap(disk, pages);
}

static void spin(void)
{
	struct timespec used;
	long long end_ns = 0;

	do {
		for (volatile int i = 0; i < 10000; i++)
			;
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
		if (!end_ns)
			end_ns = ns_of(used) + SPIN_MS * 1000000LL;
	} while (ns_of(used) < end_ns);
}

/* The course's `work`, which asks a shell to register it. */
static int work(void *unused)
{
	char command[64];

	(void)unused;
	snprintf(command, sizeof(command), "echo 'R %u'>//proc/mp3/status", getpid());
	if (system(command) || !course_lists(getpid()))
		return 1;
	for (int round = 0; round < 3; round++) {
		touch(PAGES);
		sleep_ms(60);
	}
	snprintf(command, sizeof(command), "echo 'U %u'>//proc/mp3/status", getpid());
	return system(command) || course_lists(getpid());
}

static bool forward(size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (groups[i].jiffies < groups[i - 1].jiffies)
			return false;
	return count > 1 && groups[count - 1].jiffies > groups[0].jiffies;
}

static void as_in_the_course(void)
{
	pid_t keeper = child_start_stopped(child_sleep, NULL), one, other;
	struct sums sums, rings;
	size_t count;

	ok(course_filled(buffer, 0, COURSE_ROOM) == 0, "all of the %d longs are -1 at first",
	   (int)COURSE_ROOM);
	/* It does nothing, and makes one run of both, should they come one after the other. */
	must(course_register(keeper), "R of a child");
	one = child_start(work, NULL);
	other = child_start(work, NULL);
	ok(child_wait(one) == 0 && child_wait(other) == 0,
	   "two of the course's work register, find themselves listed, and unregister");
	must(course_unregister(keeper), "U of a child");
	rings = rings_sums();
	sums = take(&count);
	ok(count > 3 && sums.minor >= 6 * PAGES, "its monitor reads %zu groups, %lld minor faults",
	   count, sums.minor);
	ok(forward(count), "with jiffies that go forward");
	ok(sums.minor == rings.minor && sums.major == rings.major && sums.cpu == rings.cpu,
	   "which are the ring's: %lld minor %lld major %lld jiffies, ring %lld %lld %lld",
	   sums.minor, sums.major, sums.cpu, rings.minor, rings.major, rings.cpu);
	ok(course_filled(buffer, 0, COURSE_ROOM) == 0 && course_monitor(buffer, groups) == 0,
	   "a second monitor finds nothing left");
	child_end(keeper);
}

static long long cpu_ns(const struct rusage *usage)
{
	return (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1000000000LL +
	       (usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) * 1000LL;
}

/* Each reading of ours stands between two of the kernel's. */
static void equal_getrusage(void)
{
	struct rusage begin[2], end[2];
	long long least, most, jiffy = jiffy_ns();
	struct sums sums;

	must(course_register(getpid()), "R of itself");
	must(course_unregister(getpid()), "U of itself");
	getrusage(RUSAGE_SELF, &begin[0]);
	must(course_register(getpid()), "R of itself");
	getrusage(RUSAGE_SELF, &begin[1]);
	touch(PAGES);
	touch_disk(PAGES);
	spin();
	getrusage(RUSAGE_SELF, &end[0]);
	must(course_unregister(getpid()), "U of itself");
	getrusage(RUSAGE_SELF, &end[1]);
	sums = take_all();
	least = (cpu_ns(&end[0]) - cpu_ns(&begin[1])) / jiffy - 1;
	most = (cpu_ns(&end[1]) - cpu_ns(&begin[0])) / jiffy + 1;
	ok(sums.minor == end[1].ru_minflt - begin[0].ru_minflt && sums.minor >= PAGES,
	   "minor faults are getrusage's: %lld", sums.minor);
	ok(sums.major == end[1].ru_majflt - begin[0].ru_majflt && sums.major >= PAGES,
	   "major faults as well: %lld", sums.major);
	ok(sums.cpu >= least && sums.cpu <= most && least > 10,
	   "and CPU time: %lld jiffies, getrusage says %lld to %lld", sums.cpu, least, most);
}

static void are_summed(void)
{
	pid_t workers[] = { worker_start(), worker_start() };
	long before[2], after[2], major;
	struct sums sums;

	for (int i = 0; i < 2; i++) {
		worker_do(workers[i], touch, 1);
		child_faults(workers[i], &before[i], &major);
		must(course_register(workers[i]), "R of a worker");
	}
	worker_begin(workers[0], touch, PAGES);
	worker_begin(workers[1], touch, 3 * PAGES);
	for (int i = 0; i < 2; i++) {
		worker_wait(workers[i]);
		child_faults(workers[i], &after[i], &major);
	}
	for (int i = 0; i < 2; i++)
		must(course_unregister(workers[i]), "U of a worker");
	sums = take_all();
	ok(sums.minor == after[0] - before[0] + after[1] - before[1] && sums.minor >= 4 * PAGES,
	   "two processes are summed: %ld + %ld, saw %lld", after[0] - before[0],
	   after[1] - before[1], sums.minor);
	for (int i = 0; i < 2; i++)
		child_end(workers[i]);
}

static int touch_and_exit(void *unused)
{
	(void)unused;
	touch(PAGES);
	return 0;
}

/* All of its life lies between two ticks. */
static void exits_unseen(void)
{
	long before, after, major;
	siginfo_t info;
	struct sums sums;
	size_t count;
	pid_t pid;

	must(module_set("hz", "1"), "hz=1");
	pid = child_start_stopped(touch_and_exit, NULL);
	child_faults(pid, &before, &major);
	must(course_register(pid), "R of a child");
	child_resume(pid);
	waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
	child_faults(pid, &after, &major);
	child_wait(pid);
	if (!ring_wait_idle(ring))
		bail("the child stays registered");
	sums = take(&count);
	ok(count >= 1 && sums.minor == after - before && sums.minor >= PAGES,
	   "a process that exits between two ticks is in the last group: %ld faults, saw %lld",
	   after - before, sums.minor);
	must(module_set("hz", "100"), "hz=100");
}

static void one_per_period(void)
{
	pid_t pid = child_start_stopped(child_sleep, NULL);
	uint64_t before = ticks(), passed;
	size_t count, later;

	must(course_register(pid), "R of a child");
	wait_ticks(50);
	must(course_unregister(pid), "U of a child");
	/* A tick that was under way may have its group and not be counted yet. */
	sleep_ms(100);
	passed = ticks() - before;
	count = course_filled(buffer, 0, COURSE_LONGS) / 4;
	ok(count >= passed && count <= passed + 1,
	   "a group per period, and one at the end: %llu ticks, %zu groups",
	   (unsigned long long)passed, count);
	ok(course_filled(buffer, 0, count * 4) == count * 4, "which stand one after another");
	sleep_ms(200);
	later = course_filled(buffer, 0, COURSE_ROOM) / 4;
	ok(later == count, "and none while nobody is registered: still %zu", later);
	child_end(pid);
}

/* What one_per_period() left is still there. */
static void begins_at_the_start(void)
{
	size_t left = course_filled(buffer, 0, COURSE_LONGS) / 4, count;
	long last = buffer[(left - 1) * 4];
	bool at_start, all_later = true;

	must(course_register(getpid()), "R of itself");
	wait_ticks(5);
	must(course_unregister(getpid()), "U of itself");
	at_start = course_filled(buffer, 0, 4) == 4;
	take(&count);
	for (size_t i = 0; i < count; i++)
		all_later = all_later && groups[i].jiffies > last;
	ok(at_start && count >= 5 && all_later,
	   "a run begins at the start, and nothing of the run before follows it: %zu groups after %zu",
	   count, left);
	ok(course_filled(buffer, 0, COURSE_ROOM) == 0, "nor stands anywhere else");
}

/* The last line of what our own monitor makes of this run. */
static long long monitors_minor(void)
{
	FILE *monitor = popen("./monitor --dump 2>&1", "re");
	char line[1024];
	long long minor = -1;

	if (!monitor)
		bail("monitor");
	while (fgets(line, sizeof(line), monitor))
		sscanf(line, "%*f %*d %*d %*d %*d %*d %*d %lld", &minor);
	pclose(monitor);
	return minor;
}

static void beside_the_ring(void)
{
	pid_t worker = worker_start();
	struct counters counters;
	struct sums sums;

	worker_do(worker, touch, 1);
	must(course_register(worker), "R of a worker");
	ok(status_read(worker, &counters) && status_register(worker) == EEXIST,
	   "who is registered in /proc/mp3/status is so in /proc/faultline/status");
	worker_do(worker, touch, PAGES);
	must(status_unregister(worker), "U of a worker");
	ok(!course_lists(worker), "and may leave by the other door");
	sums = take_all();
	ok(sums.minor == monitors_minor() && sums.minor >= PAGES,
	   "monitor --dump has the run, too: %lld minor faults", sums.minor);
	child_end(worker);
}

static int scribble(void *unused)
{
	unsigned long value = 1;

	(void)unused;
	for (size_t i = 0; value; i = (i + 1) % COURSE_ROOM) {
		value = value * 6364136223846793005UL + 1442695040888963407UL;
		__atomic_store_n(&buffer[i], (long)value, __ATOMIC_RELAXED);
	}
	return 0;
}

static void is_scribbled_over(void)
{
	pid_t vandal = child_start(scribble, NULL), worker = worker_start();
	long before, after, major;
	struct sums sums;

	worker_do(worker, touch, 1);
	child_faults(worker, &before, &major);
	must(course_register(worker), "R of a worker");
	worker_do(worker, touch, PAGES);
	wait_ticks(20);
	child_faults(worker, &after, &major);
	must(course_unregister(worker), "U of a worker");
	ok(rings_sums().minor == after - before, "the ring is right while somebody scribbles");
	child_end(vandal);
	must(course_register(worker), "R of a worker");
	before = after;
	worker_do(worker, touch, PAGES);
	child_faults(worker, &after, &major);
	must(course_unregister(worker), "U of a worker");
	sums = take_all();
	ok(sums.minor == after - before && sums.minor >= PAGES &&
	   course_filled(buffer, 0, COURSE_ROOM) == 0,
	   "and the run after it begins with an empty buffer: %ld faults, saw %lld", after - before,
	   sums.minor);
	child_end(worker);
}

static void laps(void)
{
	pid_t pid = child_start_stopped(child_sleep, NULL);
	size_t end = 0, count;

	must(module_set("hz", "1000"), "hz=1000");
	must(course_register(pid), "R of a child");
	wait_ticks(LAP_TICKS);
	must(course_unregister(pid), "U of a child");
	ok(course_filled(buffer, 0, COURSE_LONGS) == COURSE_LONGS,
	   "after %d samples all %d longs are in use", (int)LAP_TICKS, (int)COURSE_LONGS);
	ok(course_filled(buffer, COURSE_LONGS, COURSE_ROOM) == 0, "and none behind them");
	take(&count);
	for (size_t i = 1; i < count && groups[i].jiffies >= groups[i - 1].jiffies; i++)
		end = i;
	/* At this rate some groups share a jiffy. */
	ok(count == COURSE_GROUPS && end + 1 >= LAP_TICKS - COURSE_GROUPS && end + 1 < count &&
	   groups[0].jiffies >= groups[count - 1].jiffies,
	   "the newest begin at the start again: %zu of the %zu that the monitor takes", end + 1,
	   count);
	child_end(pid);
}

int main(void)
{
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	course_make_node();
	module_load("mp3=1 hz=100");
	ring = ring_map();
	ring_keep_from_children(ring);
	buffer = course_map();
	as_in_the_course();
	equal_getrusage();
	are_summed();
	exits_unseen();
	one_per_period();
	begins_at_the_start();
	beside_the_ring();
	is_scribbled_over();
	laps();
	return finish();
}
