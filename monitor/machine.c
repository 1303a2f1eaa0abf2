// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "machine.h"

/*
 * What follows @key in the first line of a file under /proc that starts with it,
 * cut before the newline; or n/a.
 */
static void look_up(const char *path, const char *key, char *value, size_t size)
{
	char text[256];
	FILE *file = fopen(path, "re");
	size_t length = strlen(key);

	snprintf(value, size, "n/a");
	while (file && fgets(text, sizeof(text), file)) {
		if (strncmp(text, key, length) != 0)
			continue;
		text[strcspn(text, "\n")] = '\0';
		snprintf(value, size, "%s", text + length + strspn(text + length, " \t:"));
		break;
	}
	if (file)
		fclose(file);
}

static void read_kernel(struct machine *machine)
{
	struct utsname name;

	if (uname(&name) == 0)
		snprintf(machine->kernel, sizeof(machine->kernel), "%s %s %s", name.sysname,
			 name.release, name.machine);
	else
		strcpy(machine->kernel, "n/a");
}

void machine_read(struct machine *machine)
{
	time_t now = time(NULL);
	unsigned long long kb;
	char value[128];

	read_kernel(machine);
	look_up("/proc/cpuinfo", "model name", value, sizeof(value));
	snprintf(machine->cpu, sizeof(machine->cpu), "%s x %ld", value,
		 sysconf(_SC_NPROCESSORS_ONLN));
	look_up("/proc/meminfo", "MemTotal", value, sizeof(value));
	kb = strtoull(value, NULL, 10);
	snprintf(machine->memory_bytes, sizeof(machine->memory_bytes), kb ? "%llu" : "n/a",
		 kb * 1024);
	strftime(machine->recorded, sizeof(machine->recorded), "%Y-%m-%dT%H:%M:%SZ",
		 gmtime(&now));
}
