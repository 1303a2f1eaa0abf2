/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Has processes traced, and writes their faults into an open file.
 */
#ifndef FAULT_RECORDER_H
#define FAULT_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { FAULT_RECORDER_PIDS_MAX = 256 };

/**
 * struct fault_recorder - whose faults
 * @device: where the rings are
 * @children: follow those who are forked, too
 * @argv: a command to run, or NULL
 * @pids: or processes that run already
 * @count: of @pids
 */
struct fault_recorder {
	const char *device;
	bool children;
	char **argv;
	pid_t pids[FAULT_RECORDER_PIDS_MAX];
	size_t count;
};

/**
 * fault_recorder_run() - record, until they have ended or a signal comes
 * @recorder: whose faults
 * @fd: the open file
 * @name: of the file, for messages
 *
 * Says on standard error what came of it.
 *
 * Return: the exit status of the command, or of the program.
 */
int fault_recorder_run(struct fault_recorder *recorder, int fd, const char *name);

#endif /* FAULT_RECORDER_H */
