// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel_memory.h"
#include "module.h"
#include "tap.h"

static bool is_the_kernels_own(const char *line)
{
	static const char * const keys[] = { "Slab:", "KernelStack:", "Percpu:", "VmallocUsed:" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strncmp(line, keys[i], strlen(keys[i])) == 0)
			return true;
	return false;
}

long kernel_memory_kb(void)
{
	int caches = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	char line[128];
	long sum = 0;
	FILE *file;

	/* RCU frees in batches, and the dead are buried by it. */
	sleep_ms(3000);
	if (write(caches, "3", 1) != 1)
		bail("drop_caches");
	close(caches);
	file = fopen("/proc/meminfo", "re");
	if (!file)
		bail("/proc/meminfo");
	while (fgets(line, sizeof(line), file))
		if (is_the_kernels_own(line))
			sum += atol(strchr(line, ':') + 1);
	fclose(file);
	return sum;
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
