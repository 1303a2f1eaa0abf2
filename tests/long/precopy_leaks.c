// SPDX-License-Identifier: GPL-2.0
/*
 * A million pages that are copied ahead for processes which then exit, or are killed with
 * most of their window unused, leave no page, no page table, no charge of their memory
 * cgroup and no memory of the kernel's behind.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"
#include "kernel_memory.h"
#include "memory.h"
#include "module.h"
#include "precopy_engine.h"
#include "tap.h"
#include "times.h"

#define CGROUP	"/sys/fs/cgroup/leaks"

enum {
	PAGES		= 2048,
	KB_PER_PAGE	= PAGE_BYTES / 1024,
	/*
	 * What may be left.  One page of a window in a thousand is 4 MB of a million's; the
	 * kernel counts in batches, of which each CPU has some, and its caches keep something.
	 */
	PAGES_MAX_KB	= 1024,
	/* Free pages on the CPUs' own lists, 20 MB and more, do not count as free. */
	FREE_MAX_KB	= 32768,
	KERNEL_MAX_KB	= 2048,
};

static volatile char *memory;

static void join_cgroup(void)
{
	errno = file_put(CGROUP "/cgroup.procs", "0");
	if (errno)
		bail(CGROUP "/cgroup.procs");
}

static int write_all(void *unused)
{
	(void)unused;
	join_cgroup();
	memory_write(memory, PAGES);
	return 0;
}

/* What it has copied ahead is used by nobody. */
static int write_some_and_die(void *unused)
{
	(void)unused;
	join_cgroup();
	memory_write(memory, PAGES / 2);
	return raise(SIGKILL);
}

/* Pages or bytes, whatever follows the key. */
static long long number_after(const char *path, const char *key)
{
	const char *text = file_get(path), *found = *key ? strstr(text, key) : text;

	if (!found)
		bail("no %s in %s", key, path);
	return atoll(found + strlen(key));
}

struct use {
	long kernel_kb, anon_kb, tables_kb, free_kb, cgroup_kb;
};

static struct use look(void)
{
	return (struct use){
		/* First, as it waits for what is being freed. */
		.kernel_kb = kernel_memory_kb(),
		.anon_kb = number_after("/proc/vmstat", "nr_anon_pages ") * KB_PER_PAGE,
		.tables_kb = number_after("/proc/vmstat", "nr_page_table_pages ") * KB_PER_PAGE,
		.free_kb = number_after("/proc/vmstat", "nr_free_pages ") * KB_PER_PAGE,
		.cgroup_kb = number_after(CGROUP "/memory.current", "") / 1024,
	};
}

/* Until that many more pages were copied ahead. */
static void copy_ahead(int depth, long long pages)
{
	long long enough;

	precopy_switch(depth);
	enough = precopy_stats().success + pages;
	for (int round = 0; precopy_stats().success < enough; round++) {
		if (round > 2 * pages / PAGES + 100)
			bail("too few pages are copied ahead with depth %d", depth);
		child_wait(child_start(round % 4 ? write_all : write_some_and_die, NULL));
	}
	precopy_switch_off();
}

static void check_engine(enum engine engine, long long pages)
{
	const char *name = engine_names[engine];
	struct use before, after;

	if (!engine_load(engine, "hz=100"))
		return;
	/* Once without looking: what the kernel sets up on first use is no leak. */
	copy_ahead(0, PAGES);
	before = look();
	copy_ahead(0, pages / 2);
	copy_ahead(64, pages / 2);
	after = look();
	ok(labs(after.anon_kb - before.anon_kb) < PAGES_MAX_KB,
	   "%s: after %lld pages there are %ld kB more of anonymous pages", name, pages,
	   after.anon_kb - before.anon_kb);
	ok(labs(after.tables_kb - before.tables_kb) < PAGES_MAX_KB,
	   "%s: and %ld kB more of page tables", name, after.tables_kb - before.tables_kb);
	ok(labs(after.cgroup_kb - before.cgroup_kb) < PAGES_MAX_KB,
	   "%s: their memory cgroup is charged %ld kB more", name,
	   after.cgroup_kb - before.cgroup_kb);
	ok(before.free_kb - after.free_kb < FREE_MAX_KB, "%s: %ld kB less are free", name,
	   before.free_kb - after.free_kb);
	kernel_memory_ok(name, before.kernel_kb, KERNEL_MAX_KB);
	if (module_unload())
		bail("rmmod");
}

int main(void)
{
	if (file_put("/sys/fs/cgroup/cgroup.subtree_control", "+memory") ||
	    (mkdir(CGROUP, 0755) && errno != EEXIST))
		bail(CGROUP);
	memory = memory_map(PAGES);
	memory_write(memory, PAGES);
	check_engine(ENGINE_IN_PLACE, 1000000);
	check_engine(ENGINE_TASK_WORK, 200000);
	return finish();
}
