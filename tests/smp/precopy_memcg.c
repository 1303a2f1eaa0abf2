// SPDX-License-Identifier: GPL-2.0
/*
 * A process whose memory cgroup has just room enough for what it writes lives as it does
 * without pre-copy: pages that it will not use are not copied ahead into the limit, be it
 * the cgroup's own or that of one above, and what is refused for that is counted.  Where
 * the limit is far away nothing is refused.
 *
 * It writes 20 pages of each 64, so that windows of 64 are more than there is room for, and
 * those that follow runs overshoot them.  The tight limit is what it took without pre-copy
 * and without a limit, and a little.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"
#include "memory.h"
#include "module.h"
#include "precopy_engine.h"
#include "tap.h"
#include "times.h"

#define ABOVE	"/sys/fs/cgroup/tight"
#define OWN	ABOVE "/own"

enum {
	PAGES		= 8192,
	RUN		= 20,
	RUN_EVERY	= 64,
	/* More than both CPUs may have charged in advance: the kernel may kill for these. */
	SPARE_BYTES	= 256 * PAGE_BYTES,
	HELD_UP_S	= 10,
	ROOMY_BYTES	= 3 * PAGES * PAGE_BYTES,
};

/* Where the limit is. */
static const char * const limits[] = { OWN "/memory.max", ABOVE "/memory.max", OWN "/memory.high" };

static volatile char *memory;

static int write_runs(void *unused)
{
	(void)unused;
	file_must_put(OWN "/cgroup.procs", "0");
	/* Held up by memory.high at each page, it would take minutes to come to nothing. */
	alarm(HELD_UP_S);
	for (size_t page = 0; page < PAGES; page += RUN_EVERY)
		memory_write(memory + page * PAGE_BYTES, RUN);
	return 0;
}

static long long event(const char *path, const char *key)
{
	const char *found = strstr(file_get(path), key);

	if (!found)
		bail("no %s in %s", key, path);
	return atoll(found + strlen(key));
}

/* How a run ended, and what the cgroup had to say. */
struct end {
	int status;
	long long kills, throttles, peak;
};

/* In cgroups of its own, as they count from their birth. */
static struct end run(const char *limit, long long bytes)
{
	char text[32];
	struct end end;

	if (mkdir(ABOVE, 0755))
		bail("mkdir " ABOVE);
	file_must_put(ABOVE "/cgroup.subtree_control", "+memory");
	if (mkdir(OWN, 0755))
		bail("mkdir " OWN);
	file_must_put(ABOVE "/memory.swap.max", "0");
	snprintf(text, sizeof(text), "%lld", bytes);
	if (limit)
		file_must_put(limit, text);
	end.status = child_wait(child_start(write_runs, NULL));
	end.kills = event(ABOVE "/memory.events", "oom_kill ");
	end.throttles = event(ABOVE "/memory.events", "high ");
	end.peak = atoll(file_get(OWN "/memory.peak"));
	if (rmdir(OWN) || rmdir(ABOVE))
		bail("rmdir " OWN);
	return end;
}

static bool is_unharmed(struct end end)
{
	return end.status == 0 && end.kills == 0 && end.throttles == 0;
}

static struct end run_ahead(int depth, const char *limit, long long bytes)
{
	struct end end;

	cow_stats_reset();
	precopy_switch(depth);
	end = run(limit, bytes);
	precopy_switch_off();
	return end;
}

static void check(enum engine engine, int depth, const char *limit, long long bytes)
{
	const char *name = engine_names[engine], *where = limit + strlen("/sys/fs/cgroup/");
	struct end end = run(limit, bytes);

	if (!is_unharmed(end))
		bail("%s=%lld is too little without pre-copy: exit status %d", where, bytes,
		     end.status);
	end = run_ahead(depth, limit, bytes);
	ok(is_unharmed(end) && precopy_stats().memory > 0,
	   "%s, depth %d, tight %s: exit status %d, %lld killed, %lld times held up, as without; "
	   "%lld pages were refused for memory", name, depth, where, end.status, end.kills,
	   end.throttles, precopy_stats().memory);
	end = run_ahead(depth, limit, ROOMY_BYTES);
	ok(is_unharmed(end) && precopy_stats().success > PAGES / RUN_EVERY &&
	   precopy_stats().memory == 0,
	   "%s, depth %d, roomy %s: %lld pages were copied ahead, %lld refused for memory", name,
	   depth, where, precopy_stats().success, precopy_stats().memory);
}

int main(void)
{
	static const int depths[] = { 0, 64 };
	long long bytes;

	file_must_put("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	memory = memory_map(PAGES);
	memory_write(memory, PAGES);
	bytes = run(NULL, 0).peak + SPARE_BYTES;
	for (int engine = 0; engine < ENGINES; engine++) {
		if (!engine_load(engine, "hz=100"))
			continue;
		for (size_t i = 0; i < sizeof(depths) / sizeof(depths[0]); i++)
			for (size_t j = 0; j < sizeof(limits) / sizeof(limits[0]); j++)
				check(engine, depths[i], limits[j], bytes);
		if (module_unload())
			bail("rmmod");
	}
	return finish();
}
