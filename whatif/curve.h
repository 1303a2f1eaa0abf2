/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Miss-ratio curves under LRU in one pass over a trace: exact ones, or by SHARDS of a sample.
 */
#ifndef CURVE_H
#define CURVE_H

#include <stdbool.h>
#include <stdint.h>

#include "distances.h"
#include "sample.h"
#include "trace.h"

/**
 * curve_make() - the distances of all accesses
 * @distances: filled in, to be freed
 * @trace: the accesses
 * @sample: those that are looked at, or NULL for all
 *
 * Return: true, or false without memory.
 */
bool curve_make(struct distances *distances, const struct trace *trace,
		const struct sample *sample);

/**
 * curve_faults() - how many of the trace's accesses fault
 * @distances: made
 * @sample: as they were made
 * @frames: with so many frames
 *
 * Return: NAN if the sample has no frame for so few.
 */
double curve_faults(const struct distances *distances, const struct sample *sample,
		    uint64_t frames);

#endif /* CURVE_H */
