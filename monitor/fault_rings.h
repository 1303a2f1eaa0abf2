/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The rings of the fault trace, a CPU each, as one: their faults in the order in which they
 * ended.
 *
 * open -> next ... -> close
 */
#ifndef FAULT_RINGS_H
#define FAULT_RINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ring_reader.h"
#include "uapi/faultline.h"

/* Whatever there is, however new. */
#define FAULT_RINGS_ALL	UINT64_MAX

/**
 * struct fault_ring - a CPU's
 * @reader: of its ring
 * @cpu: whose
 * @first: the fault that comes next, if @has
 * @has: it has been read already
 */
struct fault_ring {
	struct ring_reader reader;
	unsigned int cpu;
	struct faultline_fault first;
	bool has;
};

/**
 * struct fault_rings - all of them
 * @rings: of CPUs that have one
 * @count: how many
 */
struct fault_rings {
	struct fault_ring *rings;
	size_t count;
};

/**
 * fault_rings_open() - map them, and stand behind the newest fault of each
 * @rings: filled in
 * @path: the device
 * @why: on failure, one line of what is wrong, without a newline
 * @why_size: bytes of @why
 *
 * Somebody must have been traced since the module was loaded.
 *
 * Return: true, or false with @why.
 */
bool fault_rings_open(struct fault_rings *rings, const char *path, char *why, size_t why_size);

/**
 * fault_rings_next() - the fault that ended first, of those that have not been read
 * @rings: open
 * @before_ns: it must have ended before, in the rings' time: what is newer than all that a CPU
 *	may be about to write cannot be put in order yet
 *
 * Return: it, until the next call; NULL if there is none.
 */
const struct faultline_fault *fault_rings_next(struct fault_rings *rings, uint64_t before_ns);

/**
 * fault_rings_lost() - faults that were overwritten before they were read
 * @rings: open
 *
 * Return: how many, of all CPUs.
 */
uint64_t fault_rings_lost(const struct fault_rings *rings);

/**
 * fault_rings_close() - unmap them
 * @rings: open
 */
void fault_rings_close(struct fault_rings *rings);

#endif /* FAULT_RINGS_H */
