// SPDX-License-Identifier: GPL-2.0
/*
 * While followed processes fork as fast as they can, more of them than may be registered,
 * the module comes out, and leaves neither a hook nor memory behind.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "kernel_memory.h"
#include "module.h"
#include "tap.h"

enum {
	BOMBS		= 5,
	BOMB_ROOM	= 30,	/* not enough for all */
	BOMB_FORKS	= 100,
	BOMB_WIDTH	= 20,
	LEAK_MAX_KB	= 1024,	/* a registration that is left behind has 16 KB, and follows more */
};

/* In memory that all processes share. */
static struct {
	volatile bool stop;
	int forks;
} *told;

/* A process that does @body once its children are followed. */
static pid_t follow(int (*body)(void *unused))
{
	memset(told, 0, sizeof(*told));
	return status_start_followed(body);
}

/* A child with a child, again and again, until told to stop. */
static void fork_on(void)
{
	while (!told->stop) {
		__atomic_fetch_add(&told->forks, 2, __ATOMIC_RELAXED);
		if (fork() == 0) {
			if (fork() > 0)
				wait(NULL);
			_exit(0);
		}
		wait(NULL);
	}
	_exit(0);
}

static int bomb(void *unused)
{
	(void)unused;
	for (int i = 0; i < BOMB_WIDTH; i++)
		if (fork() == 0)
			fork_on();
	while (wait(NULL) > 0)
		;
	return 0;
}

/* Out it goes while everybody forks. */
static int unload_in_mid_bomb(int after_forks)
{
	char parameters[64];
	pid_t pid;
	int error;

	snprintf(parameters, sizeof(parameters), "hz=1000 max_processes=%d", BOMB_ROOM);
	module_load(parameters);
	pid = follow(bomb);
	while (__atomic_load_n(&told->forks, __ATOMIC_RELAXED) < after_forks)
		;
	error = module_unload();
	told->stop = true;
	child_wait(pid);
	return error;
}

int main(void)
{
	long before_kb;
	int unloads = 0;

	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	/* Once without looking: what the kernel sets up on first use is no leak. */
	unload_in_mid_bomb(BOMB_FORKS);
	before_kb = kernel_memory_kb();
	for (int i = 0; i < BOMBS; i++)
		unloads += unload_in_mid_bomb(BOMB_FORKS + i * 7) == 0;
	ok(unloads == BOMBS, "the module comes out %d times while followed processes fork: %d",
	   BOMBS, unloads);
	kernel_memory_ok("then", before_kb, LEAK_MAX_KB);
	return finish();
}
