/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is predicted of a process that does what a trace did, as verification.h has it.
 *
 * Each is a number of faults, or NAN without memory.
 */
#ifndef PREDICTION_H
#define PREDICTION_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "policy.h"
#include "trace.h"

/**
 * prediction_major() - major faults in so many frames: first uses are none
 * @trace: what it does
 * @policy: who goes; of mglru a batch at a time, as in the kernel
 * @frames: how many
 */
double prediction_major(const struct trace *trace, const struct policy *policy, uint64_t frames);

/**
 * prediction_minor() - first uses
 * @arena: the process's memory, which nobody has used yet
 * @huge: a huge page comes at once, wherever a mapping has room for all of it
 */
double prediction_minor(const struct arena *arena, bool huge);

/**
 * prediction_copies() - faults that copy
 * @arena: the process's memory, all of which it shares with a child
 * @depth: so many pages behind each that is copied are copied, too
 */
double prediction_copies(const struct arena *arena, uint32_t depth);

#endif /* PREDICTION_H */
