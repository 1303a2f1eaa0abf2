/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A policy of replacement that rules over real memory: a buffer, to which is done what a trace did.
 * What repeats on the same page nobody sees, and so only policies to which that means nothing can
 * be enforced.
 */
#ifndef ENFORCEMENT_H
#define ENFORCEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "pager.h"
#include "policy.h"
#include "trace.h"

/**
 * struct enforcement - a policy, and what came of it
 * @trace: what the program accesses, in this order
 * @policy: who goes
 * @frames: how many pages may be in memory
 * @counts: filled in
 * @damaged: filled in; pages without what was written to them last
 */
struct enforcement {
	const struct trace *trace;
	const struct policy *policy;
	uint32_t frames;
	struct pager_counts counts;
	uint64_t damaged;
};

/**
 * enforcement_can() - can faults alone tell a policy what it has to know?
 * @policy: it
 */
bool enforcement_can(const struct policy *policy);

/**
 * enforcement_run() - have a program access memory
 * @enforcement: what is asked for, and filled in
 *
 * Return: true, or false with errno where the kernel lets nobody handle faults, or without memory.
 * Where handling one fails the program ends, as the access that waits for it could never.
 */
bool enforcement_run(struct enforcement *enforcement);

#endif /* ENFORCEMENT_H */
