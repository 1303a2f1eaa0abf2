// SPDX-License-Identifier: GPL-2.0
/*
 * How many accesses a second faultline-whatif replays, on one thread, from a compiled trace:
 * its CPU time, so that others on the machine are not in it.
 */
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "compiler.h"
#include "curve.h"
#include "patterns.h"
#include "policy.h"
#include "tlb.h"

enum {
	ACCESSES	= 16 << 20,
	PAGES		= 1 << 20,
	MIXED_PAGES	= 1 << 18,
	/* Accesses of one pattern before the next has its turn. */
	TURN		= 1 << 16,
	/* One in so many pages has a frame. */
	FRAMES		= 8,
	TRIES		= 3,
};

static const double share = 0.01;

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* The patterns in turns. */
static void make(struct trace *trace, const char * const *names, int count, uint64_t pages)
{
	static struct compiler compiler;
	struct generator generators[8];
	char why[WHY_BYTES];
	struct access access;
	int fd = memfd_create("trace", MFD_CLOEXEC), i;

	for (i = 0; i < count; i++)
		patterns_begin(&generators[i], patterns_chosen(names[i]), pages, ACCESSES, 1);
	if (fd < 0 || !compiler_begin(&compiler, fd, 12))
		err(EXIT_FAILURE, "trace");
	for (uint64_t made = 0; made < ACCESSES; made++) {
		patterns_next(&generators[made / TURN % (uint64_t)count], &access);
		if (!compiler_add(&compiler, &access))
			err(EXIT_FAILURE, "trace");
	}
	if (!compiler_end(&compiler))
		err(EXIT_FAILURE, "trace");
	if (!trace_open(trace, fd, why))
		errx(EXIT_FAILURE, "%s", why);
	close(fd);
}

static double replay_policy(const struct trace *trace, const struct policy *policy)
{
	struct policy_options options = {
		.frames = (uint32_t)(trace->header.pages / FRAMES),
		.window = 10 * trace->header.pages / FRAMES,
	};
	double start = cpu_seconds();
	void *memory = policy->create(trace, &options);

	if (!memory)
		err(EXIT_FAILURE, "memory");
	policy->replay(memory, 0, trace->header.runs);
	free(memory);
	return cpu_seconds() - start;
}

static double make_curve(const struct trace *trace, const struct sample *sample)
{
	struct distances distances;
	double start = cpu_seconds();

	if (!curve_make(&distances, trace, sample))
		err(EXIT_FAILURE, "memory");
	distances_free(&distances);
	return cpu_seconds() - start;
}

static void print_rate(const char *name, const struct trace *trace, double seconds)
{
	printf("%-28s %8.1f\n", name, 1e-6 * (double)trace->header.accesses / seconds);
	fflush(stdout);
}

static void measure_policies(const struct trace *trace)
{
	const struct policy *policy;
	double best, one;

	for (unsigned int i = 0; (policy = policy_at(i)); i++) {
		/* Looks at every frame at every fault: it would take all day. */
		if (policy == &policy_aging)
			continue;
		best = replay_policy(trace, policy);
		for (int try = 1; try < TRIES; try++) {
			one = replay_policy(trace, policy);
			best = one < best ? one : best;
		}
		print_rate(policy->name, trace, best);
	}
}

static void measure_curves(const struct trace *trace)
{
	struct sample sample;
	double exact = 1e9, sampled = 1e9, one;

	if (!sample_init(&sample, trace, share))
		err(EXIT_FAILURE, "memory");
	for (int try = 0; try < TRIES; try++) {
		one = make_curve(trace, NULL);
		exact = one < exact ? one : exact;
		one = make_curve(trace, &sample);
		sampled = one < sampled ? one : sampled;
	}
	print_rate("mrc, exact", trace, exact);
	print_rate("mrc, SHARDS, 1% of the pages", trace, sampled);
	sample_free(&sample);
}

/* A TLB alone: with as many frames as pages nothing goes. */
static void measure_tlb(const struct trace *trace, struct tlb_shape shape)
{
	const struct evictions none = { 0 };
	double best = 1e9, start;
	struct tlb *tlb;
	char name[32];

	for (int try = 0; try < TRIES; try++) {
		start = cpu_seconds();
		tlb = tlb_create(trace, shape, NULL);
		if (!tlb)
			err(EXIT_FAILURE, "memory");
		tlb_replay(tlb, 0, trace->header.runs, &none, NULL, NULL);
		free(tlb);
		best = cpu_seconds() - start < best ? cpu_seconds() - start : best;
	}
	snprintf(name, sizeof(name), "tlb %ux%u", shape.entries, shape.ways);
	print_rate(name, trace, best);
}

/*
 * A TLB from which goes what LRU evicts, or nothing: the difference is all that batches of
 * invalidations could spare.
 */
static double replay_invalidated(const struct trace *trace, struct tlb_shape shape, bool invalidated)
{
	struct evictions evictions = { 0 }, none = { 0 };
	struct policy_options options = {
		.frames = (uint32_t)(trace->header.pages / FRAMES),
		.evictions = &evictions,
	};
	void *memory = policy_lru.create(trace, &options);
	struct tlb *tlb = tlb_create(trace, shape, NULL);
	uint64_t runs = trace->header.runs, to;
	double seconds = 0, start;

	if (!memory || !tlb)
		err(EXIT_FAILURE, "memory");
	for (uint64_t from = 0; from < runs; from = to) {
		to = runs - from < TURN ? runs : from + TURN;
		evictions.count = 0;
		policy_lru.replay(memory, from, to);
		start = cpu_seconds();
		tlb_replay(tlb, from, to, invalidated ? &evictions : &none, NULL, NULL);
		seconds += cpu_seconds() - start;
	}
	free(evictions.all);
	free(tlb);
	free(memory);
	return seconds;
}

static void measure_invalidations(const struct trace *trace, struct tlb_shape shape)
{
	double with = 1e9, without = 1e9, one;

	for (int try = 0; try < TRIES; try++) {
		one = replay_invalidated(trace, shape, true);
		with = one < with ? one : with;
		one = replay_invalidated(trace, shape, false);
		without = one < without ? one : without;
	}
	print_rate("tlb 1536x12, with lru", trace, without);
	print_rate("tlb 1536x12, invalidated", trace, with);
}

static void measure(const char *title, const char * const *names, int count, uint64_t pages)
{
	struct trace trace;

	make(&trace, names, count, pages);
	printf("%s: %ju accesses in %ju runs, %ju pages, %ju frames; million accesses/s\n", title,
	       (uintmax_t)trace.header.accesses, (uintmax_t)trace.header.runs,
	       (uintmax_t)trace.header.pages, (uintmax_t)trace.header.pages / FRAMES);
	measure_policies(&trace);
	measure_curves(&trace);
	measure_tlb(&trace, (struct tlb_shape){ 64, 4 });
	measure_tlb(&trace, (struct tlb_shape){ 1536, 12 });
	measure_invalidations(&trace, (struct tlb_shape){ 1536, 12 });
	trace_close(&trace);
}

int main(void)
{
	static const char * const popular[] = { "zipf" };
	static const char * const mixed[] = { "zipf", "sequential", "locality", "working_set",
					      "thrashing", "random" };

	measure("zipf", popular, 1, PAGES);
	measure("mixed", mixed, 6, MIXED_PAGES);
	return EXIT_SUCCESS;
}
