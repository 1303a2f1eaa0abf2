// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that comes and goes under a window.  While threads write, others unmap, map,
 * protect, move, drop and fork the same pages; their processes exit and are killed in the
 * midst of it; pre-copy is switched on and off for all and for each, and the kernel's
 * tracers stand where it does.  None of that shows in memory that only its process writes.
 * Then the module comes out under the same load, and the processes go on.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "kernel_memory.h"
#include "memory.h"
#include "module.h"
#include "precopy_engine.h"
#include "tap.h"
#include "times.h"

#define TRACING	"/sys/kernel/debug/tracing"

enum {
	RACERS		= 4,
	WRITERS		= 2,
	CHAOS		= 256,		/* pages that come and go */
	OWN		= 128,		/* pages that stay */
	RUN_MOST	= 32,
	STORM_MS	= 5000,
	ROUNDS_LEAST	= 20,
	UNLOADS		= 4,
	LEAK_MAX_KB	= 4096,
};

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE	23
#endif

/* In memory that all processes share. */
static struct {
	volatile bool stop;
	long rounds, wrong, unfair, traced;
} *told;

static volatile char *chaos, *elsewhere, *own;

/* Of each thread, so that none waits for another's. */
static __thread unsigned int seed;
static __thread sigjmp_buf missed;

static unsigned int any(unsigned int below)
{
	return (unsigned int)rand_r(&seed) % below;
}

/* The page was not there, or not to be written: go on with another. */
static void skip_write(int signal)
{
	(void)signal;
	siglongjmp(missed, 1);
}

static void *write_chaos(void *number)
{
	seed = (unsigned int)(uintptr_t)number;
	for (;;) {
		size_t first = any(CHAOS - RUN_MOST);

		if (sigsetjmp(missed, 1) == 0)
			memory_write(chaos + first * PAGE_BYTES, any(RUN_MOST));
	}
	return NULL;
}

static void map_at(volatile char *start, size_t bytes)
{
	mmap((void *)start, bytes, PROT_READ | PROT_WRITE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

/* One thing that can happen to pages while they are being written. */
static void change(volatile char *place, volatile char *other, size_t bytes)
{
	static const int advices[] = { MADV_DONTNEED, MADV_FREE, MADV_POPULATE_WRITE };
	void *start = (void *)place;

	switch (any(6)) {
	case 0:
		munmap(start, bytes);
		map_at(place, bytes);
		break;
	case 1:
		mprotect(start, bytes, PROT_READ);
		mprotect(start, bytes, PROT_READ | PROT_WRITE);
		break;
	case 2:
		mremap(start, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)other);
		mremap((void *)other, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, start);
		break;
	case 3:
		if (fork() == 0)
			_exit(0);
		break;
	default:
		madvise(start, bytes, advices[any(3)]);
	}
}

static void *change_chaos(void *number)
{
	seed = (unsigned int)(uintptr_t)number;
	for (;;) {
		size_t first = any(CHAOS - RUN_MOST) * PAGE_BYTES;

		change(chaos + first, elsewhere + first, (1 + any(RUN_MOST)) * PAGE_BYTES);
	}
	return NULL;
}

static volatile long *own_word(size_t page)
{
	return (volatile long *)(own + page * PAGE_BYTES);
}

static void write_own(size_t first, size_t pages, long value)
{
	for (size_t page = first; page < first + pages; page++)
		*own_word(page) = value;
}

static bool own_has(size_t first, size_t pages, long value)
{
	for (size_t page = first; page < first + pages; page++)
		if (*own_word(page) != value)
			return false;
	return true;
}

/* A child: what it inherits is @old, what it writes is its own, with threads all about it. */
static void be_child(long old)
{
	size_t first = any(OWN / 2), pages = 1 + any(OWN / 2);
	pthread_t thread;
	bool right;

	signal(SIGSEGV, skip_write);
	signal(SIGCHLD, SIG_IGN);
	for (uintptr_t i = 0; i < WRITERS; i++)
		pthread_create(&thread, NULL, write_chaos, (void *)(i + any(1000)));
	pthread_create(&thread, NULL, change_chaos, (void *)(uintptr_t)any(1000));
	for (int i = 0; i < 8; i++) {
		write_own(first, pages, -getpid());
		sleep_ms(any(4));
		right = own_has(0, first, old) && own_has(first, pages, -getpid()) &&
			own_has(first + pages, OWN - first - pages, old);
		if (!right)
			__atomic_fetch_add(&told->wrong, 1, __ATOMIC_RELAXED);
	}
	/* Whatever the threads are in the midst of. */
	_exit(0);
}

/* Forks and writes, round after round; some children are killed. */
static int race(void *number)
{
	pid_t pid;

	seed = (unsigned int)(uintptr_t)number;
	for (long round = 1; !told->stop; round++) {
		write_own(0, OWN, round);
		memory_write(chaos, CHAOS);
		pid = fork();
		if (pid == 0)
			be_child(round);
		sleep_ms(any(4));
		write_own(0, OWN, round + 1);
		if (any(2))
			kill(pid, SIGKILL);
		child_wait(pid);
		if (!own_has(0, OWN, round + 1))
			__atomic_fetch_add(&told->wrong, 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&told->rounds, 1, __ATOMIC_RELAXED);
	}
	return 0;
}

static pid_t racers[RACERS];

static void start_racers(void)
{
	told->stop = false;
	for (uintptr_t i = 0; i < RACERS; i++)
		racers[i] = child_start(race, (void *)i);
}

static void register_racers(void)
{
	for (int i = 0; i < RACERS; i++) {
		errno = status_register_children(racers[i]);
		if (errno)
			bail("R %d children", (int)racers[i]);
	}
}

static void end_racers(void)
{
	told->stop = true;
	for (int i = 0; i < RACERS; i++)
		told->wrong += child_wait(racers[i]) != 0;
}

static const char * const depths[] = { "auto", "off", "1", "16", "64" };

static void set_some_racer(void)
{
	char text[32];

	snprintf(text, sizeof(text), "P %d %s\n", (int)racers[any(RACERS)], depths[any(5)]);
	told->unfair += status_write(text) != 0;
}

/* A tracer that cannot be had just now is none the worse. */
static void change_tracer(void)
{
	static const char * const tracers[] = { "function", "function_graph", "nop" };

	told->traced += file_put(TRACING "/current_tracer", tracers[any(3)]) == 0;
}

static int change_settings(void *unused)
{
	(void)unused;
	while (!told->stop) {
		set_some_racer();
		sleep_ms(any(30));
		switch (any(4)) {
		case 0:
			precopy_switch_off();
			break;
		case 1:
			change_tracer();
			break;
		default:
			precopy_switch((int[]){ 0, 1, 16, 64 }[any(4)]);
		}
	}
	return 0;
}

static void storm(const char *name)
{
	pid_t changer;

	start_racers();
	register_racers();
	changer = child_start(change_settings, NULL);
	sleep_ms(STORM_MS);
	end_racers();
	ok(child_wait(changer) == 0 && told->unfair == 0 && told->traced > 0,
	   "%s: settings can be changed all the time: %ld refused; the tracer %ld times", name,
	   told->unfair, told->traced);
	file_put(TRACING "/current_tracer", "nop");
	ok(told->wrong == 0 && told->rounds > ROUNDS_LEAST,
	   "%s: in %ld rounds %ld times somebody else's write was seen, or nobody's", name,
	   told->rounds, told->wrong);
	ok(precopy_stats().success > told->rounds, "%s: %lld pages were copied ahead meanwhile",
	   name, precopy_stats().success);
}

static bool has_gone_on(void *since)
{
	return __atomic_load_n(&told->rounds, __ATOMIC_RELAXED) > *(long *)since + 2 * RACERS;
}

/* Do the racers make some more rounds? */
static bool go_on(void)
{
	long since = __atomic_load_n(&told->rounds, __ATOMIC_RELAXED);

	return wait_until(has_gone_on, &since);
}

static void unload_under_load(enum engine engine)
{
	int good = 0;

	if (module_unload())
		bail("rmmod");
	told->wrong = 0;
	start_racers();
	for (int i = 0; i < UNLOADS; i++) {
		engine_load(engine, "hz=100");
		register_racers();
		precopy_switch(i % 2 ? 16 : 0);
		good += go_on() && precopy_stats().success > 0 && module_unload() == 0 && go_on();
	}
	end_racers();
	ok(good == UNLOADS && told->wrong == 0,
	   "%s: the module comes out under load %d times of %d, and %ld wrong words are seen",
	   engine_names[engine], good, UNLOADS, told->wrong);
}

static void limit_tracers(void)
{
	/* Where the module stands, and the way there; all of the kernel is slow in an emulator. */
	errno = file_put(TRACING "/set_ftrace_filter", "do_wp_page handle_mm_fault exit_mmap");
	if (errno)
		bail(TRACING "/set_ftrace_filter");
}

int main(void)
{
	long before_kb;

	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	chaos = memory_map(CHAOS);
	elsewhere = memory_map(CHAOS);
	own = memory_map(OWN);
	limit_tracers();
	for (int engine = 0; engine < ENGINES; engine++) {
		if (!engine_load(engine, "hz=100"))
			continue;
		memset(told, 0, sizeof(*told));
		before_kb = kernel_memory_kb();
		storm(engine_names[engine]);
		kernel_memory_ok(engine_names[engine], before_kb, LEAK_MAX_KB);
		unload_under_load(engine);
	}
	return finish();
}
