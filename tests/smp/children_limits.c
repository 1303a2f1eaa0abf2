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
#include <sys/utsname.h>
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

static struct followed since(const struct followed *before)
{
	struct followed now = children();

	return (struct followed){ now.followed - before->followed, now.refused - before->refused,
				  now.unready - before->unready };
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

static void wait_for_stage(int stage)
{
	while (told->stage < stage)
		sleep_ms(1);
}

/* A process that does @body once its children are followed. */
static pid_t follow(int (*body)(void *unused))
{
	pid_t pid = child_start_stopped(body, NULL);

	memset(told, 0, sizeof(*told));
	errno = status_register_children(pid);
	if (errno)
		bail("R %d children", (int)pid);
	child_resume(pid);
	return pid;
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

static void no_room(void)
{
	char parameters[32], said[128], must[128];
	struct followed count;
	pid_t pid;

	snprintf(parameters, sizeof(parameters), "max_processes=%d", MAX_PROCESSES);
	module_load(parameters);
	pid = follow(fork_and_hold);
	wait_for_stage(1);
	snprintf(must, sizeof(must), "%d followed, %d not for want of room, 0 for want of memory",
		 MAX_PROCESSES - 1, CHILDREN - MAX_PROCESSES + 1);
	ok(status_setting("children", said, sizeof(said)) && strcmp(said, must) == 0,
	   "of %d children, max_processes=%d has room for %d: %s", CHILDREN, MAX_PROCESSES,
	   MAX_PROCESSES - 1, said);
	ok(registered() == MAX_PROCESSES, "so many are registered: %d", registered());
	ok(status_register(0) == ENOSPC, "and another gets ENOSPC");
	told->stage = 2;
	wait_for_stage(3);
	if (!wait_until(is_alone, NULL))
		bail("children stay registered");
	told->stage = 4;
	while (children().followed < MAX_PROCESSES)
		sleep_ms(10);
	count = children();
	ok(count.followed == MAX_PROCESSES && count.refused == CHILDREN - MAX_PROCESSES + 1,
	   "there is room again when they have gone");
	child_end(pid);
	unload();
}

static void set_setting(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		bail("%s", path);
	close(fd);
}

static void run_on(int cpu, int policy)
{
	struct sched_param priority = { .sched_priority = policy == SCHED_FIFO ? 50 : 0 };
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one) || sched_setscheduler(0, policy, &priority))
		bail("sched_setscheduler");
}

static int hog(void *unused)
{
	(void)unused;
	run_on(1, SCHED_FIFO);
	told->stage = 1;
	while (!told->stop)
		;
	return 0;
}

static void fork_and_reap(int forks)
{
	for (int i = 0; i < forks; i++)
		child_start(child_sleep, NULL);
}

/* Forks while no worker of the kernel gets a CPU, and then in peace. */
static int fork_beyond_pool(void *unused)
{
	(void)unused;
	wait_for_stage(1);
	run_on(0, SCHED_FIFO);
	fork_and_reap(POOL_SIZE + BEYOND_POOL);
	told->stop = 1;
	run_on(0, SCHED_OTHER);
	told->stage = 2;
	wait_for_stage(3);
	fork_and_reap(1);
	told->stage = 4;
	return child_sleep(NULL);
}

#define RT_RUNTIME	"/proc/sys/kernel/sched_rt_runtime_us"
#define FAIR_RUNTIME	"/sys/kernel/debug/sched/fair_server/cpu%d/runtime"

/* Real-time tasks leave the others no CPU at all, or a little of each second as usual. */
static void starve_others(bool starve)
{
	char path[64];

	if (starve)
		set_setting(RT_RUNTIME, "-1");
	/* Since 6.12, besides. */
	for (int cpu = 0; cpu < 2; cpu++) {
		snprintf(path, sizeof(path), FAIR_RUNTIME, cpu);
		if (access(path, F_OK) == 0)
			set_setting(path, starve ? "0" : "50000000");
	}
	if (!starve)
		set_setting(RT_RUNTIME, "950000");
}

static void no_memory(void)
{
	struct followed count, before;
	pid_t hogging, pid;
	struct utsname name;

	uname(&name);
	if (strstr(name.version, "PREEMPT_RT")) {
		skip("forks beyond the pool: an RT kernel's own threads starve, and with them the fork");
		return;
	}
	module_load("");
	starve_others(true);
	pid = follow(fork_beyond_pool);
	hogging = child_start(hog, NULL);
	wait_for_stage(2);
	count = children();
	ok(count.followed == POOL_SIZE && count.unready == BEYOND_POOL && count.refused == 0,
	   "of %d children forked at once, those are followed for which memory was ready: "
	   "%lld, %lld are not", POOL_SIZE + BEYOND_POOL, count.followed, count.unready);
	child_wait(hogging);
	starve_others(false);
	sleep_ms(500);
	before = children();
	told->stage = 3;
	wait_for_stage(4);
	count = since(&before);
	ok(count.followed == 1 && count.unready == 0, "then there is memory for more");
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
