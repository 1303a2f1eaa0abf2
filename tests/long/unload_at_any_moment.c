// SPDX-License-Identifier: GPL-2.0
/*
 * rmmod at any moment: while others fork, fault, copy, register and unregister, open, map, poll,
 * read every file, and write every parameter, it either takes the module out or says that it is
 * in use; out it goes in the end, it can be loaded again, and nothing stays behind.  So it does
 * in the moment in which it takes its hooks out of the kernel, a second after who was followed.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "kernel_memory.h"
#include "memory.h"
#include "module.h"
#include "tap.h"
#include "times.h"

enum {
	TIMES		= 4,		/* at least, in and out */
	STORM_MAX_S	= 300,		/* for a slow kernel */
	HELD_MAX_MS	= 30,
	PAGES		= 64,
	DISARM_MS	= 1000,		/* from the last process to no hook */
	DISARM_AROUND	= 50,		/* so long before that to so long after */
	DISARM_STEP	= 5,
	LEAK_MAX_KB	= 2048,		/* a ring has 24 MB */
};

static volatile char *pages;

static unsigned int below(unsigned int limit)
{
	return (unsigned int)rand() % limit;
}

/* Between two deeds, so that the module has moments in which nobody holds it. */
static void pause_a_little(void)
{
	sleep_ms(below(8));
}

static int copy(void *unused)
{
	(void)unused;
	memory_write(pages, PAGES);
	return 0;
}

static void copy_in_child(void)
{
	child_wait(child_start(copy, NULL));
}

static void register_self(void)
{
	char text[16];

	snprintf(text, sizeof(text), "%c 0%s", below(3) ? 'R' : 'U', below(2) ? " children" : "");
	status_write(text);
	copy_in_child();
}

static void trace_self(void)
{
	status_write("R 0 children");
	status_write(below(3) ? "T 0 on" : "T 0 off");
	copy_in_child();
}

static void map_and_read(void)
{
	const off_t offsets[] = { FAULTLINE_RING_OFFSET, FAULTLINE_FAULTS_OFFSET };
	int fd = open(FAULTLINE_DEVICE, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	const volatile char *ring;
	uint64_t head;

	if (fd < 0)
		return;
	ring = mmap(NULL, PAGE_BYTES, PROT_READ, MAP_SHARED, fd, offsets[below(2)]);
	if (poll(&ready, 1, (int)below(HELD_MAX_MS)) == 1 && read(fd, &head, sizeof(head)) < 0)
		bail("read of news");
	close(fd);
	sleep_ms(below(HELD_MAX_MS));
	if (ring == MAP_FAILED)
		return;
	(void)*ring;
	munmap((void *)ring, PAGE_BYTES);
}

static void read_files(void)
{
	static const char * const files[] = { FAULTLINE_STATUS, HISTOGRAM, COW_STATS,
					      "/proc/sys/vm/cow_precopy" };
	int fd = open(files[below(4)], O_RDONLY | O_CLOEXEC);
	char text[512];

	if (fd < 0)
		return;
	while (read(fd, text, sizeof(text)) > 0)
		;
	close(fd);
}

static void change_settings(void)
{
	static const char * const times[] = { "off", "copy", "fault" };
	static const char * const rates[] = { "1", "20", "1000" };

	module_set("latency", times[below(3)]);
	module_set("hz", rates[below(3)]);
	file_put("/proc/sys/vm/cow_precopy", below(2) ? "1" : "0");
	file_put(COW_STATS, "0");
}

static void (*const deeds[])(void) = {
	register_self, trace_self, map_and_read, read_files, change_settings, copy_in_child,
};

enum { DEEDS = sizeof(deeds) / sizeof(deeds[0]) };

static _Noreturn int do_again_and_again(void *deed)
{
	srand((unsigned int)getpid());
	for (;;) {
		(*(void (**)(void))deed)();
		pause_a_little();
	}
}

/* What came of trying. */
struct tries {
	int out, in_use, other;
};

static void load(void)
{
	static const char * const ways[] = {
		"hz=1000", "hz=1000 latency=fault", "cow=kprobe", "mp3=1 latency=copy",
		"cow=entry hz=1000 max_processes=3",
	};

	module_load(ways[below(sizeof(ways) / sizeof(ways[0]))]);
}

static void try(struct tries *tries)
{
	int error = module_unload();

	if (error == 0) {
		tries->out++;
		load();
	} else if (error == EWOULDBLOCK) {
		tries->in_use++;
	} else {
		tries->other++;
	}
}

static struct tries storm(int times)
{
	time_t end = time(NULL) + STORM_MAX_S;
	struct tries tries = { 0 };
	pid_t pids[DEEDS];

	load();
	for (int i = 0; i < DEEDS; i++)
		pids[i] = child_start(do_again_and_again, (void *)&deeds[i]);
	while ((tries.out < times || tries.in_use < times) && time(NULL) < end) {
		pause_a_little();
		try(&tries);
	}
	for (int i = 0; i < DEEDS; i++)
		child_end(pids[i]);
	return tries;
}

static int leave_followed(void *unused)
{
	(void)unused;
	return status_write("R 0 children");
}

/* Unload so long after the last process; the kernel's log tells if two took the hooks out. */
static bool unload_after(int ms)
{
	const struct faultline_header *ring;

	module_load("");
	ring = ring_map();
	if (child_wait(child_start(leave_followed, NULL)) || !ring_wait_idle(ring))
		bail("nobody was followed");
	ring_unmap(ring);
	sleep_ms(ms);
	return module_unload() == 0;
}

static void unload_as_hooks_go(void)
{
	int out = 0, tries = 0;

	for (int ms = -DISARM_AROUND; ms <= DISARM_AROUND; ms += DISARM_STEP, tries++)
		out += unload_after(DISARM_MS + ms);
	ok(out == tries, "about a second after the last process it goes %d times of %d", out,
	   tries);
}

int main(void)
{
	long before_kb;
	struct tries tries;
	bool out;

	pages = memory_map(PAGES);
	memory_write(pages, PAGES);
	/* Once without looking: what the kernel sets up on first use is no leak. */
	storm(1);
	if (module_unload())
		bail("rmmod");
	before_kb = kernel_memory_kb();
	tries = storm(TIMES);
	ok(tries.out >= TIMES && tries.in_use >= TIMES && tries.other == 0,
	   "rmmod takes the module out %d times, and says that it is in use %d times", tries.out,
	   tries.in_use);
	out = module_unload() == 0;
	ok(out, "when all have gone it goes at once");
	unload_as_hooks_go();
	kernel_memory_ok("then", before_kb, LEAK_MAX_KB);
	return finish();
}
