/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Page replacement: which page has to go when another one needs its frame.  Each policy is a
 * file of its own.  Pages are indices, and what is known of them stands in arrays.
 *
 * create -> replay, forget ... -> free
 */
#ifndef POLICY_H
#define POLICY_H

#include <stdint.h>

#include "evictions.h"
#include "trace.h"

/* How far ahead of its access a page's entry is fetched into the cache. */
enum { POLICY_AHEAD = 16 };

/**
 * struct policy_options - what policies can be told
 * @frames: how many pages fit, from 1 to the number of pages
 * @window: of the working set, in accesses
 * @evictions: are told there, unless it is NULL
 * @batch: of mglru: so many pages are looked at when one has to go, and all of them go that were
 *         not used; 0 is one
 */
struct policy_options {
	uint32_t frames;
	uint64_t window;
	struct evictions *evictions;
	uint32_t batch;
};

/**
 * struct policy - one of them
 * @name: on the command line
 * @about: what it does, in a line
 * @frames_least: it makes no sense with fewer frames; 0 if it does with one
 * @create: memory that is empty; NULL if there is not enough.  One block, for free(3).
 * @replay: runs of the trace, from one to before another, in order; how many faults
 * @forget: pages that are gone for good, and whose numbers others may get: their frames are
 *          free, and nothing is remembered of them; NULL if it knows what comes
 */
struct policy {
	const char *name;
	const char *about;
	uint32_t frames_least;
	void *(*create)(const struct trace *trace, const struct policy_options *options);
	uint64_t (*replay)(void *memory, uint64_t from, uint64_t to);
	void (*forget)(void *memory, const uint32_t *pages, uint64_t count);
};

extern const struct policy policy_fifo, policy_lru, policy_clock, policy_aging,
	policy_working_set, policy_wsclock, policy_two_queue, policy_arc, policy_lirs,
	policy_clock_pro, policy_s3_fifo, policy_mglru, policy_opt;

/**
 * policy_called() - the policy of this name
 * @name: as on the command line
 *
 * Return: it, or NULL.
 */
const struct policy *policy_called(const char *name);

/**
 * policy_names() - all of them in order, for a message
 */
const char *policy_names(void);

/**
 * policy_at() - all of them in order
 * @number: from 0 on
 *
 * Return: the policy, or NULL behind the last.
 */
const struct policy *policy_at(unsigned int number);

#endif /* POLICY_H */
