// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel_memory.h"
#include "module.h"
#include "tap.h"

enum {
	MOVED_MAX_KB	= 256,	/* from a CPU to all or back, while both are read */
};

/* The lines of /proc/meminfo with these keys, which end in a NULL, summed. */
static long sum_kb(const char * const keys[])
{
	FILE *file = fopen("/proc/meminfo", "re");
	char line[128];
	long sum = 0;

	if (!file)
		bail("/proc/meminfo");
	while (fgets(line, sizeof(line), file))
		for (size_t i = 0; keys[i]; i++)
			if (strncmp(line, keys[i], strlen(keys[i])) == 0)
				sum += atol(line + strlen(keys[i]));
	fclose(file);
	return sum;
}

long kernel_memory_kb(void)
{
	static const char * const keys[] = { "Slab:", "KernelStack:", "Percpu:", "VmallocUsed:",
					     NULL };
	int caches = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	/* RCU frees in batches, and the dead are buried by it. */
	sleep_ms(3000);
	if (write(caches, "3", 1) != 1)
		bail("drop_caches");
	close(caches);
	return sum_kb(keys);
}

/* Free pages that CPUs keep at hand; of late they may be an eighth of all. */
static long at_hand_kb(void)
{
	FILE *file = fopen("/proc/zoneinfo", "re");
	long pages, sum = 0;
	char line[128];

	if (!file)
		bail("/proc/zoneinfo");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, " count: %ld", &pages) == 1)
			sum += pages;
	fclose(file);
	return sum * (sysconf(_SC_PAGESIZE) / 1024);
}

long available_memory_kb(void)
{
	static const char * const keys[] = { "MemAvailable:", NULL };
	long at_hand, available;

	/* The kernel gives back megabytes at a time, which neither file would have. */
	do {
		at_hand = at_hand_kb();
		available = sum_kb(keys);
	} while (labs(at_hand_kb() - at_hand) > MOVED_MAX_KB);
	return available + at_hand;
}

void kernel_memory_ok(const char *when, long before_kb, long max_kb)
{
	long more_kb;

	if (access("/sys/kernel/debug/kmemleak", F_OK) == 0) {
		skip("%s: the kernel has no more in use: kmemleak is asked instead", when);
		return;
	}
	more_kb = kernel_memory_kb() - before_kb;
	ok(more_kb < max_kb, "%s: the kernel has %ld kB more in use", when, more_kb);
}
