/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A page of HTML that shows a trace being replayed: what its page tables, TLB and frames have
 * in them, step by step.
 */
#ifndef ANIMATION_H
#define ANIMATION_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "policy.h"
#include "tlb.h"
#include "trace.h"

enum {
	/* Each is drawn. */
	ANIMATION_FRAMES_MAX	= 1024,
	ANIMATION_ENTRIES_MAX	= 1024,
	ANIMATION_STEPS_MAX	= 100000,
};

/**
 * struct animation - what is shown
 * @path: of the trace, for the title
 * @trace: what is replayed
 * @policy: who goes
 * @frames: how many pages fit
 * @tlb: of the processor
 * @levels: of the page tables; 0 if none are shown
 * @steps: at most so many; each is several runs if there are more of these
 */
struct animation {
	const char *path;
	const struct trace *trace;
	const struct policy *policy;
	uint32_t frames;
	struct tlb_shape tlb;
	uint32_t levels;
	uint64_t steps;
};

/**
 * animation_write() - write the page
 * @animation: what is shown
 * @file: where to
 *
 * Return: true, or false with errno without memory.  Whether all has arrived, the file knows.
 */
bool animation_write(const struct animation *animation, FILE *file);

#endif /* ANIMATION_H */
