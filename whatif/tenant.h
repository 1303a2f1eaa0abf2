/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A command whose heap is ruled by a policy of replacement.
 *
 * It has one thread and does not fork.  It reads nothing from standard input, its standard error is
 * the caller's, and its addresses are the same each time, so that it does the same each time.
 */
#ifndef TENANT_H
#define TENANT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "pager.h"
#include "policy.h"
#include "trace.h"

/**
 * struct tenant - it, and what came of it
 * @argv: the command, searched for in PATH
 * @library: libfaultline-heap.so
 * @policy: who goes
 * @frames: how many pages of the heap may be in memory
 * @output: filled in; what it wrote to standard output, for fclose(3)
 * @counts: filled in
 */
struct tenant {
	char **argv;
	const char *library;
	const struct policy *policy;
	uint64_t frames;
	FILE *output;
	struct pager_counts counts;
};

/**
 * tenant_run_free() - run it without anybody who rules
 * @tenant: its command; only @tenant->output is filled in
 * @why: of WHY_BYTES
 *
 * Return: true, or false with @why, and no @tenant->output, if it fails.
 */
bool tenant_run_free(struct tenant *tenant, char *why);

/**
 * tenant_run() - run it where the policy rules
 * @tenant: what is asked for, and filled in
 * @trace: filled in; what faulted: all uses of a page after another, if the policy sees hits;
 *         its runs are for free(3).  NULL if nobody asks
 * @why: of WHY_BYTES
 *
 * Return: likewise.
 */
bool tenant_run(struct tenant *tenant, struct trace *trace, char *why);

#endif /* TENANT_H */
