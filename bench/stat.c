// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "stat.h"
#include "tap.h"

static void parse(const char *text, struct stat_counters *counters)
{
	const char *after_name = strrchr(text, ')');

	if (!after_name ||
	    sscanf(after_name, ") %*c %*d %*d %*d %*d %*d %*u %lu %*u %lu %*u %lu %lu",
		   &counters->minor, &counters->major, &counters->user, &counters->system) != 4)
		bail("cannot parse %s", text);
}

int stat_open(pid_t pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		bail("%s", path);
	return fd;
}

bool stat_read(int fd, struct stat_counters *counters)
{
	char text[1024];
	ssize_t length = pread(fd, text, sizeof(text) - 1, 0);

	if (length <= 0)
		return false;
	text[length] = '\0';
	parse(text, counters);
	return true;
}
