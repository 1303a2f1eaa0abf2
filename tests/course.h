/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Course mode as the course's own programs use it: a `node` made by mknod, 128 pages of it
 * mapped to read and write, groups of four longs that end at a -1, and lines in
 * /proc/mp3/status.  Written from the description of that interface, and without any of
 * Faultline's programs.
 */
#ifndef TESTS_COURSE_H
#define TESTS_COURSE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum {
	COURSE_PAGES	= 128,
	COURSE_BYTES	= COURSE_PAGES * 4096,
	COURSE_ROOM	= COURSE_BYTES / sizeof(long),
	COURSE_LONGS	= 48000,
	COURSE_GROUPS	= COURSE_LONGS / 4,
};

/**
 * struct course_group - what the monitor prints in a line
 */
struct course_group {
	long jiffies, minor, major, cpu;
};

/* mknod node c 423 0, here. */
void course_make_node(void);
/* Open the node and map the buffer; ends the test if that fails. */
long *course_map(void);
void course_unmap(long *buffer);
/*
 * The monitor: from the first long that is not -1 on, take four and set them to -1, until
 * one is -1.  Returns how many groups it took.
 */
size_t course_monitor(long *buffer, struct course_group groups[COURSE_GROUPS]);
/* How many of the longs from @first to before @end are not -1. */
size_t course_filled(const long *buffer, size_t first, size_t end);

/* Write this text into the status file in one write; 0 or an errno. */
int course_write(const char *text);
int course_register(pid_t pid);
int course_unregister(pid_t pid);
/* All that there is to read in it. */
const char *course_read(void);
/* Is there a line of this pid? */
bool course_lists(pid_t pid);

#endif /* TESTS_COURSE_H */
