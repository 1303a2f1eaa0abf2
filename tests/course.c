// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "course.h"
#include "tap.h"
#include "times.h"

#define STATUS "/proc/mp3/status"

void course_make_node(void)
{
	unlink("node");
	if (mknod("node", S_IFCHR | 0644, makedev(423, 0)))
		bail("mknod node c 423 0");
}

long *course_map(void)
{
	int fd = open("node", O_RDWR | O_SYNC);
	long *buffer;

	if (fd < 0)
		bail("node");
	buffer = mmap(NULL, COURSE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (buffer == MAP_FAILED)
		bail("mmap of node");
	close(fd);
	return buffer;
}

void course_unmap(long *buffer)
{
	munmap(buffer, COURSE_BYTES);
}

static long take(volatile long *buffer, size_t *at)
{
	long value = buffer[*at];

	buffer[*at] = -1;
	if (++*at >= COURSE_LONGS)
		*at = 0;
	return value;
}

size_t course_monitor(long *buffer, struct course_group groups[COURSE_GROUPS])
{
	volatile long *longs = buffer;
	size_t at = 0, taken = 0;

	while (at < COURSE_LONGS && longs[at] == -1)
		at++;
	while (longs[at] != -1) {
		if (taken == COURSE_GROUPS)
			bail("the monitor finds no end");
		groups[taken].jiffies = take(buffer, &at);
		groups[taken].minor = take(buffer, &at);
		groups[taken].major = take(buffer, &at);
		groups[taken++].cpu = take(buffer, &at);
	}
	return taken;
}

size_t course_filled(const long *buffer, size_t first, size_t end)
{
	const volatile long *longs = buffer;
	size_t filled = 0;

	for (size_t i = first; i < end; i++)
		filled += longs[i] != -1;
	return filled;
}

int course_write(const char *text)
{
	return file_put(STATUS, text);
}

static int command(char verb, pid_t pid)
{
	char text[32];

	snprintf(text, sizeof(text), "%c %d", verb, (int)pid);
	return course_write(text);
}

int course_register(pid_t pid)
{
	return command('R', pid);
}

int course_unregister(pid_t pid)
{
	return command('U', pid);
}

const char *course_read(void)
{
	static char text[4096];
	FILE *file = fopen(STATUS, "re");

	if (!file)
		bail(STATUS);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	return text;
}

bool course_lists(pid_t pid)
{
	FILE *file = fopen(STATUS, "re");
	bool found = false;
	int line;

	if (!file)
		bail(STATUS);
	while (!found && fscanf(file, "%d\n", &line) == 1)
		found = line == pid;
	fclose(file);
	return found;
}
