/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /proc/PID/stat, read as a poller reads it.
 */
#ifndef BENCH_STAT_H
#define BENCH_STAT_H

#include <stdbool.h>
#include <sys/types.h>

struct stat_counters {
	unsigned long minor, major, user, system;
};

/* Ends the program if there is no such process. */
int stat_open(pid_t pid);
/* False if it has gone. */
bool stat_read(int fd, struct stat_counters *counters);

#endif /* BENCH_STAT_H */
