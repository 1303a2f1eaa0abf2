/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A process that does what a trace did, and waits three times until it is let go on: when it has
 * started, when its memory is there, and when all is done.
 *
 * start -> go -> go -> end
 */
#ifndef PERFORMER_H
#define PERFORMER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "pipes.h"
#include "trace.h"

/**
 * struct part - what it does
 * @trace: the accesses
 * @prepare: called in the process: makes the memory; NULL, with errno, if it cannot
 * @own: @prepare's own
 * @place: by page, where it is in this memory; NULL where it is as the trace numbers it
 * @filled: by @prepare; else the first use of each page is a write, as who only reads has none
 */
struct part {
	const struct trace *trace;
	char *(*prepare)(const void *own);
	const void *own;
	const uint64_t *place;
	bool filled;
};

/**
 * struct counts - what the process tells at its end
 * @major: faults of its accesses
 * @minor: likewise
 */
struct counts {
	uint64_t major;
	uint64_t minor;
};

/**
 * struct performer - the process
 * @pid: of it
 * @pipes: a byte to it has it go on, one from it says that it waits
 * @counts: in memory that it shares
 */
struct performer {
	pid_t pid;
	struct pipes pipes;
	struct counts *counts;
};

/**
 * performer_start() - have it start
 * @performer: filled in
 * @part: what it will do
 *
 * Return: true, or false with errno, and then there is nothing to end.
 */
bool performer_start(struct performer *performer, const struct part *part);

/**
 * performer_go() - let it go on, and wait until it waits again
 * @performer: it
 *
 * Return: true, or false if it has come to its end, or been brought to it.
 */
bool performer_go(const struct performer *performer);

/**
 * performer_end() - let it come to its end
 * @performer: it
 * @good: by itself; otherwise it is killed
 *
 * Return: its status, as wait(2) has it; exit statuses are errnos.
 */
int performer_end(struct performer *performer, bool good);

#endif /* PERFORMER_H */
