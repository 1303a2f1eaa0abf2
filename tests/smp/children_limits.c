// SPDX-License-Identifier: GPL-2.0
/*
 * Every child that a followed process forks is followed, or counted as one that is not:
 * for want of room among the registered, or of memory kept ready.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "module.h"
#include "tap.h"

enum {
	MAX_PROCESSES	= 8,
	CHILDREN	= 50,
	/* As in follow.c: forks that may come before memory for more does. */
	POOL_SIZE	= 256,
	BEYOND_POOL	= 144,
	STORM_FORKS	= 1500,
};

/* In memory that all processes share. */
static struct {
	volatile int stage;
	volatile int hogging;
	volatile int stop;
	int forks;
} *told;

struct followed {
	long long followed, refused, unready;
};

static struct followed children(void)
{
	struct followed count;
	char text[128];

	if (!status_setting("children", text, sizeof(text)) ||
	    sscanf(text, "%lld followed, %lld not for want of room, %lld for want of memory",
		   &count.followed, &count.refused, &count.unready) != 3)
		bail("the status file does not count children");
	return count;
}

static int registered(void)
{
	char text[64];

	return status_setting("processes", text, sizeof(text)) ? atoi(text) : -1;
}

static bool is_idle(void *unused)
{
	(void)unused;
	return registered() == 0;
}

/* In a child, which does not outlive the test. */
static void wait_for_stage(int stage)
{
	while (told->stage < stage)
		sleep_ms(1);
}

static bool has_reached(void *stage)
{
	return told->stage >= *(int *)stage;
}

/* In the test itself. */
static void must_reach(int stage)
{
	if (!wait_until(has_reached, &stage))
		bail("a child stays at stage %d, before %d", told->stage, stage);
}

/* A process that does @body once its children are followed. */
static pid_t follow(int (*body)(void *unused))
{
	memset(told, 0, sizeof(*told));
	return status_start_followed(body);
}

static void unload(void)
{
	if (!wait_until(is_idle, NULL))
		bail("somebody stays registered");
	errno = module_unload();
	if (errno)
		bail("rmmod");
}

/* Children that live until they are let go. */
static int fork_and_hold(void *unused)
{
	pid_t pids[CHILDREN];

	(void)unused;
	for (int i = 0; i < CHILDREN; i++)
		pids[i] = child_start(child_sleep, NULL);
	told->stage = 1;
	wait_for_stage(2);
	for (int i = 0; i < CHILDREN; i++)
		child_end(pids[i]);
	told->stage = 3;
	wait_for_stage(4);
	child_wait(child_start(child_sleep, NULL));
	return 0;
}

static bool is_alone(void *unused)
{
	(void)unused;
	return registered() == 1;
}

static bool has_one_more(void *before)
{
	return children().followed > ((struct followed *)before)->followed;
}

static void no_room(void)
{
	char parameters[32], said[128], must[128];
	struct followed count, before;
	pid_t pid;

	snprintf(parameters, sizeof(parameters), "max_processes=%d", MAX_PROCESSES);
	module_load(parameters);
	pid = follow(fork_and_hold);
	must_reach(1);
	snprintf(must, sizeof(must), "%d followed, %d not for want of room, 0 for want of memory",
		 MAX_PROCESSES - 1, CHILDREN - MAX_PROCESSES + 1);
	ok(status_setting("children", said, sizeof(said)) && strcmp(said, must) == 0,
	   "of %d children, max_processes=%d has room for %d: %s", CHILDREN, MAX_PROCESSES,
	   MAX_PROCESSES - 1, said);
	ok(registered() == MAX_PROCESSES, "so many are registered: %d", registered());
	ok(status_register(0) == ENOSPC, "and another gets ENOSPC");
	told->stage = 2;
	must_reach(3);
	if (!wait_until(is_alone, NULL))
		bail("children stay registered");
	before = children();
	told->stage = 4;
	wait_until(has_one_more, &before);
	count = children();
	ok(count.followed == MAX_PROCESSES && count.refused == CHILDREN - MAX_PROCESSES + 1,
	   "there is room again when they have gone");
	child_end(pid);
	unload();
}

/* A setting of the kernel, and what it was. */
struct setting {
	const char *path;
	char was[64];
};

static void setting_write(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		bail("%s to %s", value, path);
	close(fd);
}

/* Not every kernel has each. */
static void setting_change(struct setting *setting, const char *value)
{
	int fd = open(setting->path, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	setting->was[0] = '\0';
	if (fd < 0 && errno == ENOENT)
		return;
	length = fd < 0 ? -1 : read(fd, setting->was, sizeof(setting->was) - 1);
	if (length < 0)
		bail("%s", setting->path);
	setting->was[length] = '\0';
	close(fd);
	setting_write(setting->path, value);
}

static void setting_restore(const struct setting *setting)
{
	if (setting->was[0])
		setting_write(setting->path, setting->was);
}

static void run_on(unsigned long cpus, int policy, int priority)
{
	struct sched_param param = { .sched_priority = priority };
	cpu_set_t set;

	CPU_ZERO(&set);
	for (int cpu = 0; cpu < 2; cpu++)
		if (cpus & 1ul << cpu)
			CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) || sched_setscheduler(0, policy, &param))
		bail("sched_setscheduler");
}

/*
 * Leaves the ordinary tasks of CPU 1 no time; real-time ones take turns with it, of which
 * an RT kernel has some on each CPU that others wait for.
 */
static int hog(void *unused)
{
	(void)unused;
	run_on(1 << 1, SCHED_RR, 1);
	told->hogging = 1;
	while (!told->stop)
		;
	return 0;
}

static bool is_hogging(void *unused)
{
	(void)unused;
	return told->hogging;
}

static void fork_and_forget(int forks)
{
	for (int i = 0; i < forks; i++)
		child_start(child_sleep, NULL);
}

/*
 * Forks while the worker that makes memory ready gets no CPU, and then in peace until told
 * to stop.  The former with more priority than the hog: on an RT kernel, whom the hog took
 * the CPU from while he held a lock inherits that, and can let go of it.
 */
static int fork_beyond_pool(void *unused)
{
	(void)unused;
	wait_for_stage(1);
	run_on(1 << 0, SCHED_FIFO | SCHED_RESET_ON_FORK, 2);
	fork_and_forget(POOL_SIZE + BEYOND_POOL);
	run_on(1 << 0, SCHED_OTHER, 0);
	told->stage = 2;
	wait_for_stage(3);
	while (told->stage == 3) {
		fork_and_forget(1);
		sleep_ms(100);
	}
	return child_sleep(NULL);
}

static struct setting rt_runtime = { .path = "/proc/sys/kernel/sched_rt_runtime_us" };
/* What since 6.12 ordinary tasks get besides. */
static struct setting fair_runtime = { .path = "/sys/kernel/debug/sched/fair_server/cpu1/runtime" };
static struct setting workers_cpus = { .path = "/sys/devices/virtual/workqueue/cpumask" };

static void feed_workers(pid_t hogging)
{
	told->stop = 1;
	child_wait(hogging);
	setting_restore(&fair_runtime);
	setting_restore(&rt_runtime);
	setting_restore(&workers_cpus);
}

/* The workers of the kernel that may run on any CPU get no time at all. */
static pid_t starve_workers(void)
{
	pid_t pid;

	setting_change(&workers_cpus, "2");
	setting_change(&rt_runtime, "-1");
	setting_change(&fair_runtime, "0");
	pid = child_start(hog, NULL);
	if (!wait_until(is_hogging, NULL)) {
		/* The tests after this one want them as they were. */
		feed_workers(pid);
		bail("nobody hogs CPU 1");
	}
	return pid;
}

static void no_memory(void)
{
	struct followed count, before;
	int beyond = 2;
	pid_t hogging, pid;
	bool forked;

	/* A slow machine should not spend its time on samples of hundreds. */
	module_load("hz=1");
	/* This process, too, would starve on CPU 1. */
	run_on(1 << 0, SCHED_OTHER, 0);
	pid = follow(fork_beyond_pool);
	hogging = starve_workers();
	told->stage = 1;
	forked = wait_until(has_reached, &beyond);
	feed_workers(hogging);
	if (!forked)
		bail("forks beyond the pool do not come to their end");
	run_on(1 << 0 | 1 << 1, SCHED_OTHER, 0);
	count = children();
	ok(count.followed >= POOL_SIZE && count.unready > 0 && count.refused == 0 &&
	   count.followed + count.unready == POOL_SIZE + BEYOND_POOL,
	   "of %d children forked at once, those are followed for which memory was ready: "
	   "%lld, %lld are not", POOL_SIZE + BEYOND_POOL, count.followed, count.unready);
	before = count;
	told->stage = 3;
	ok(wait_until(has_one_more, &before), "then there is memory for more");
	told->stage = 4;
	child_end(pid);
	unload();
}

/* As fast as it can, many at a time. */
static int fork_storm(void *unused)
{
	int alive = 0;
	pid_t pid;

	(void)unused;
	for (told->forks = 0; told->forks < STORM_FORKS; told->forks++) {
		pid = fork();
		if (pid < 0)
			bail("fork");
		if (pid == 0)
			_exit(0);
		if (++alive == 2 * POOL_SIZE)
			for (; alive; alive--)
				wait(NULL);
	}
	while (wait(NULL) > 0)
		;
	return 0;
}

static void none_uncounted(void)
{
	const struct faultline_header *ring;
	const struct faultline_record *record;
	unsigned int firsts = 0, lasts = 0;
	struct followed count;

	module_load("hz=1 max_processes=600");
	child_wait(follow(fork_storm));
	count = children();
	ok(count.followed + count.refused + count.unready == STORM_FORKS,
	   "%d forks: %lld are followed, %lld find no room, %lld no memory", STORM_FORKS,
	   count.followed, count.refused, count.unready);
	if (!wait_until(is_idle, NULL))
		bail("somebody stays registered");
	ring = ring_map();
	for (uint64_t seq = 1; seq <= ring->head; seq++) {
		record = ring_record(ring, seq);
		if (!record->parent_id)
			continue;
		firsts += !!(record->flags & FAULTLINE_FIRST);
		lasts += !!(record->flags & FAULTLINE_EXITED);
	}
	ok(firsts == count.followed && lasts == count.followed,
	   "each that is followed begins once and ends once: %u and %u", firsts, lasts);
	ring_unmap(ring);
	unload();
}

int main(void)
{
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	no_room();
	no_memory();
	none_uncounted();
	return finish();
}
