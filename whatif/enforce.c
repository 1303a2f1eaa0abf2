// SPDX-License-Identifier: GPL-2.0
/*
 * faultline-whatif enforce: does memory that is ruled by a policy have as many faults as the
 * simulation says?
 */
#include <err.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "arguments.h"
#include "command.h"
#include "comparison.h"
#include "enforcement.h"
#include "request.h"
#include "simulation.h"

static void add_policy(const char *item)
{
	const struct policy *policy = request_policy(item);

	if (!enforcement_can(policy))
		errx(EXIT_USAGE, "%s: expected a policy that faults tell all it knows: fifo, lru, clock, "
		     "2q or mglru", item);
	request_add_policy(policy);
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	switch (key) {
	case 'P':
		settings_each("policy", text, add_policy);
		return 0;
	default:
		return request_parse(key, text, state);
	}
}

static const struct argp_option options[] = {
	REQUEST_FRAMES_OPTION,
	{ "policy", 'P', "LIST", 0, "Who goes when it is full: fifo, lru, clock, 2q, mglru (fifo)", 0 },
	SOURCE_FORMAT_OPTION,
	REQUEST_FORMAT_OPTION,
	ARGUMENTS_COMMON,
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "FILE",
	.doc = "Do what a trace did to a buffer of this program, of which no more pages than there "
	       "are frames may be in memory, and those that a policy says: by userfaultfd(2), with "
	       "a file for the others.  Does the kernel have as many faults as the simulation?"
	       "\v"
	       "Each page of the trace is one of this machine's.  The exit status is 1 if the faults "
	       "differ, or a page came back with something else in it, or the kernel lets nobody "
	       "handle faults.\n\n"
	       "Examples:\n"
	       "  faultline-whatif enforce ls.trace --frames=16,64 --policy=fifo,lru,clock\n",
};

/* One row; true if all is as it should be. */
static bool show(const struct trace *trace, const struct policy *policy, uint64_t count)
{
	struct simulation simulation = { .trace = trace, .policy = policy, .frames = count };
	struct enforcement enforcement = {
		.trace = trace,
		.policy = policy,
		.frames = (uint32_t)count,
	};
	struct comparison row = {
		.trace = trace,
		.question = "frames",
		.policy = policy->name,
		.kind = "all",
		.minor = NAN,
	};

	if (!simulation_all(&simulation, 1, 1))
		err(EXIT_FAILURE, "memory");
	if (!enforcement_run(&enforcement))
		err(EXIT_FAILURE, "userfaultfd");
	snprintf(row.setting, sizeof(row.setting), "%" PRIu64, count);
	row.predicted = simulation.faults;
	row.real = (double)enforcement.faults;
	row.in_memory = (double)enforcement.most;
	row.damaged = (double)enforcement.damaged;
	results_row(&row);
	return (uint64_t)simulation.faults == enforcement.faults && !enforcement.unforeseen &&
	       enforcement.most <= count && !enforcement.damaged;
}

int command_enforce(int argc, char **argv)
{
	const struct trace *trace = request.traces;
	bool good = true;

	request.frames_most = UINT32_MAX;
	arguments_parse(&argp, argc, argv, NULL);
	if (!request.frames_count)
		errx(EXIT_USAGE, "frames: expected how many there are, such as --frames=64,128");
	if (!request.policies_count)
		request_add_policy(&policy_fifo);
	if (!request_load())
		return EXIT_FAILURE;
	results_begin(request.format, comparison_columns, COMPARISON_MEMORY);
	for (uint32_t i = 0; i < request.policies_count; i++)
		for (uint32_t j = 0; j < request.frames_count; j++)
			good &= show(trace, request.policies[i], request.frames[j]);
	request_free();
	if (!good)
		warnx("real memory did not do what was simulated");
	return results_end() && good ? EXIT_SUCCESS : EXIT_FAILURE;
}
