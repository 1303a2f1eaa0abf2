/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel itself does: a process does what a trace did, and the kernel counts its faults.
 */
#ifndef VERIFICATION_H
#define VERIFICATION_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "trace.h"
#include "why.h"

/* Pages that the module copies ahead at most. */
enum { VERIFICATION_DEPTH_MAX = 64 };

/**
 * struct verification - what came of it
 * @major: faults that read from swap
 * @minor: the others: first ones, copies, and those whose page was still on its way to swap
 * @copies: pages copied in a fault of their own, where these were counted
 * @why: one line of what is wrong
 */
struct verification {
	uint64_t major;
	uint64_t minor;
	uint64_t copies;
	char why[WHY_BYTES];
};

/**
 * verification_frames() - in a memory cgroup that has room for so many of the trace's pages, and
 * the others go to swap
 * @verification: filled in
 * @trace: what the process does
 * @cgroup: a folder of cgroup v2, below which one is made; its controllers include memory
 * @frames: so many pages more than the process has before it begins
 *
 * Return: true, or false with @verification->why, as do the others.
 */
bool verification_frames(struct verification *verification, const struct trace *trace,
			 const char *cgroup, uint64_t frames);

/**
 * verification_huge() - with huge pages, or without
 * @verification: filled in
 * @arena: the process's memory, and what it does
 * @huge: it asks for huge pages
 */
bool verification_huge(struct verification *verification, const struct arena *arena, bool huge);

/**
 * verification_precopy() - after a fork, with pages copied ahead by Faultline's module
 * @verification: filled in
 * @arena: the process's memory, all of which it shares with a child, and what it does
 * @depth: so many pages behind each that is copied
 */
bool verification_precopy(struct verification *verification, const struct arena *arena,
			  uint32_t depth);

#endif /* VERIFICATION_H */
