// SPDX-License-Identifier: GPL-2.0
/*
 * A fork bomb that is followed, each of whose processes forks until it is refused, is held by the
 * limit that it was given, of its cgroup or of its user, and goes on within it: every fork that
 * the kernel allowed is followed or counted as not followed, each registration ends, and no
 * memory stays behind.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "kernel_memory.h"
#include "module.h"
#include "tap.h"
#include "times.h"

#define GROUP	"/sys/fs/cgroup/bomb"

enum {
	LIMIT		= 40,	/* fewer than wait in the module, ready for children */
	FORKS		= 1000,
	USER		= 4321,	/* who has no other process */
	LEAK_MAX_KB	= 2048,	/* as many registrations and the tasks they hold are 15 MB */
};

/* In memory that all processes share. */
static struct {
	volatile int forks, refused;
} *told;

/* The first of them stays, buries the others, and lights the bomb again. */
static int explode(void)
{
	pid_t first = getpid(), pid;

	/* Who ends is gone at once, and not a zombie that counts. */
	signal(SIGCHLD, SIG_IGN);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	while (told->forks < FORKS) {
		pid = fork();
		if (pid > 0)
			__atomic_add_fetch(&told->forks, 1, __ATOMIC_RELAXED);
		if (pid >= 0)
			continue;
		__atomic_add_fetch(&told->refused, 1, __ATOMIC_RELAXED);
		if (getpid() != first)
			_exit(0);
		sleep_ms(1);
	}
	if (getpid() != first)
		_exit(0);
	wait(NULL);
	return 0;
}

static int explode_in_group(void *unused)
{
	(void)unused;
	file_must_put(GROUP "/cgroup.procs", "0");
	return explode();
}

static int explode_as_user(void *unused)
{
	const struct rlimit limit = { LIMIT, LIMIT };

	(void)unused;
	if (setrlimit(RLIMIT_NPROC, &limit) || setresuid(USER, USER, USER))
		bail("RLIMIT_NPROC of user %d", USER);
	return explode();
}

/* Of all that was ever registered. */
static void count_ends(const struct faultline_header *ring, int *firsts, int *lasts)
{
	const struct faultline_record *record;

	if (ring->head > ring->capacity)
		bail("the ring is too small for this test");
	*firsts = 0;
	*lasts = 0;
	for (uint64_t seq = 1; seq <= ring->head; seq++) {
		record = ring_record(ring, seq);
		*firsts += !!(record->flags & FAULTLINE_FIRST);
		*lasts += !!(record->flags & FAULTLINE_EXITED);
	}
}

static void bomb(const char *name, int (*body)(void *unused))
{
	long long followed, not_followed, no_memory;
	const struct faultline_header *ring;
	char said[128];
	int status, firsts, lasts;

	told->forks = 0;
	told->refused = 0;
	/* Samples of a slow kernel's bomb, 20 times a second, would go round the ring. */
	module_load("hz=1");
	status = child_wait(status_start_followed(body));
	ok(status == 0 && told->forks >= FORKS && told->refused > 0,
	   "within %s a bomb forks %d times, and is refused %d times", name, told->forks,
	   told->refused);
	ring = ring_map();
	if (!ring_wait_idle(ring))
		bail("somebody stays registered");
	if (!status_setting("children", said, sizeof(said)) ||
	    sscanf(said, "%lld followed, %lld not for want of room, %lld for want of memory",
		   &followed, &not_followed, &no_memory) != 3)
		bail("the status file does not count children");
	not_followed += no_memory;
	ok(followed + not_followed == told->forks, "each fork is counted: %s", said);
	count_ends(ring, &firsts, &lasts);
	ok(firsts == followed + 1 && lasts == firsts,
	   "each of %lld registrations begins and ends: %d, %d", followed + 1, firsts, lasts);
	ring_unmap(ring);
	if (module_unload())
		bail("rmmod");
}

int main(void)
{
	long before_kb;
	char limit[16];

	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	file_must_put("/sys/fs/cgroup/cgroup.subtree_control", "+pids");
	if (mkdir(GROUP, 0755))
		bail("mkdir " GROUP);
	snprintf(limit, sizeof(limit), "%d", LIMIT);
	file_must_put(GROUP "/pids.max", limit);
	/* What the kernel sets up on first use is no leak, so memory is looked at in between. */
	bomb("pids.max", explode_in_group);
	before_kb = kernel_memory_kb();
	bomb("RLIMIT_NPROC", explode_as_user);
	kernel_memory_ok("then", before_kb, LEAK_MAX_KB);
	if (rmdir(GROUP))
		bail("rmdir " GROUP);
	return finish();
}
