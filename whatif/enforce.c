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
#include "companion.h"
#include "comparison.h"
#include "enforcement.h"
#include "request.h"
#include "simulation.h"
#include "tenant.h"
#include "why.h"

static char **command;

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
	case ARGP_KEY_ARG:
		if (!state->quoted || request.path)
			return request_parse(key, text, state);
		/* Its own options are none of ours. */
		command = &state->argv[state->next - 1];
		state->next = state->argc;
		return 0;
	case ARGP_KEY_END:
		return command ? 0 : request_parse(key, text, state);
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
	.args_doc = "FILE | -- COMMAND [ARGUMENT...]",
	.doc = "Do what a trace did to a buffer of this program, of which no more pages than there "
	       "are frames may be in memory, and those that a policy says: by userfaultfd(2), with "
	       "a file for the others.  Does the kernel have as many faults as the simulation?  With a "
	       "COMMAND, its heap is ruled so, and the trace is what it did when it had all the "
	       "frames it wanted."
	       "\v"
	       "Each page of the trace is one of this machine's.  The exit status is 1 if the faults "
	       "differ, or a page came back with something else in it, or the kernel lets nobody "
	       "handle faults.  A COMMAND has one thread and does not fork; as the kernel accesses its "
	       "heap, too, it takes root, or the right to handle all faults.\n\n"
	       "Examples:\n"
	       "  faultline-whatif enforce ls.trace --frames=16,64 --policy=fifo,lru,clock\n"
	       "  faultline-whatif enforce --frames=64,128 --policy=fifo,lru -- sort --parallel=1 words\n",
};

static uint64_t simulate(const struct trace *trace, const struct policy *policy, uint64_t frames)
{
	struct simulation simulation = { .trace = trace, .policy = policy, .frames = frames };

	if (!simulation_all(&simulation, 1, 1))
		err(EXIT_FAILURE, "memory");
	return (uint64_t)simulation.faults;
}

/* One row, where @counts are NULL if there are none; true if all is as it should be. */
static bool show(const struct trace *trace, const char *question, const struct policy *policy,
		 uint64_t frames, const struct pager_counts *counts, uint64_t damaged)
{
	uint64_t predicted = simulate(trace, policy, frames);
	struct comparison row = {
		.trace = trace,
		.question = question,
		.policy = policy->name,
		.kind = "all",
		.predicted = (double)predicted,
		.real = counts ? (double)counts->faults : NAN,
		.minor = NAN,
		.in_memory = counts ? (double)counts->most : NAN,
		.damaged = counts ? (double)damaged : NAN,
	};

	snprintf(row.setting, sizeof(row.setting), "%" PRIu64, frames);
	results_row(&row);
	return counts && predicted == counts->faults && !counts->unforeseen &&
	       counts->most <= frames && !damaged;
}

/* ---- What a trace did ---- */

static bool enforce_one(const struct trace *trace, const struct policy *policy, uint64_t frames)
{
	struct enforcement enforcement = {
		.trace = trace,
		.policy = policy,
		.frames = (uint32_t)frames,
	};

	if (!enforcement_run(&enforcement))
		err(EXIT_FAILURE, "userfaultfd");
	return show(trace, "frames", policy, frames, &enforcement.counts, enforcement.damaged);
}

static bool enforce_trace(void)
{
	const struct trace *trace = request.traces;
	bool good = true;

	if (!request_load())
		return false;
	results_begin(request.format, comparison_columns, COMPARISON_MEMORY);
	for (uint32_t i = 0; i < request.policies_count; i++)
		for (uint32_t j = 0; j < request.frames_count; j++)
			good &= enforce_one(trace, request.policies[i], request.frames[j]);
	request_free();
	if (!good)
		warnx("real memory did not do what was simulated");
	return results_end() && good;
}

/* ---- What a command does ---- */

/* Bytes of an output that are not as they should be, or missing, or too many. */
static uint64_t count_different(FILE *expected, FILE *output)
{
	uint64_t different = 0;
	int one, other;

	rewind(expected);
	rewind(output);
	do {
		one = getc(expected);
		other = getc(output);
		different += one != other;
	} while (one != EOF || other != EOF);
	return different;
}

static bool rule_one(struct tenant *tenant, const struct trace *trace, FILE *expected)
{
	char why[WHY_BYTES];
	uint64_t damaged;

	if (!tenant_run(tenant, NULL, why)) {
		warnx("%s", why);
		return show(trace, "heap", tenant->policy, tenant->frames, NULL, 0);
	}
	damaged = count_different(expected, tenant->output);
	fclose(tenant->output);
	return show(trace, "heap", tenant->policy, tenant->frames, &tenant->counts, damaged);
}

static bool rule_each(struct tenant *tenant, const struct trace *trace, FILE *expected)
{
	bool good = true;

	results_begin(request.format, comparison_columns, COMPARISON_MEMORY);
	for (uint32_t i = 0; i < request.policies_count; i++)
		for (uint32_t j = 0; j < request.frames_count; j++) {
			tenant->policy = request.policies[i];
			tenant->frames = request.frames[j];
			good &= rule_one(tenant, trace, expected);
			fflush(stdout);
		}
	return results_end() && good;
}

/* Its output without us, and what it accesses with as many frames as it wants, come first. */
static bool enforce_command(void)
{
	static const char * const folders[] = { ".", "../lib/faultline", NULL };
	struct tenant tenant = { .argv = command, .policy = &policy_lru, .frames = UINT32_MAX };
	char library[PATH_MAX], why[WHY_BYTES];
	struct trace trace;
	FILE *expected;
	bool good;

	companion_find(folders, "libfaultline-heap.so", library);
	tenant.library = library;
	if (!tenant_run_free(&tenant, why)) {
		warnx("%s", why);
		return false;
	}
	expected = tenant.output;
	good = tenant_run(&tenant, &trace, why);
	if (good) {
		fclose(tenant.output);
		good = rule_each(&tenant, &trace, expected);
		if (!good)
			warnx("real memory did not do what was simulated, or the command did something "
			      "else each time");
		free((void *)trace.runs);
	} else {
		warnx("%s", why);
	}
	fclose(expected);
	return good;
}

int command_enforce(int argc, char **argv)
{
	request.frames_most = UINT32_MAX;
	arguments_parse(&argp, argc, argv, NULL);
	if (command && request.from)
		errx(EXIT_USAGE, "from: expected no COMMAND, which is in no format");
	if (!request.frames_count)
		errx(EXIT_USAGE, "frames: expected how many there are, such as --frames=64,128");
	if (!request.policies_count)
		request_add_policy(&policy_fifo);
	return (command ? enforce_command() : enforce_trace()) ? EXIT_SUCCESS : EXIT_FAILURE;
}
