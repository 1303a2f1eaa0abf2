// SPDX-License-Identifier: GPL-2.0
/*
 * faultline-whatif verify: does the kernel have as many faults as are predicted?
 */
#include <err.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "command.h"
#include "comparison.h"
#include "prediction.h"
#include "loading.h"
#include "program.h"
#include "request.h"
#include "verification.h"

/* What only this command is asked for. */
static const char *cgroup = "/sys/fs/cgroup";
static bool huge[SETTINGS_MAX];
static uint32_t huge_count;
static uint32_t depths[SETTINGS_MAX];
static uint32_t depths_count;
static char **command;

static uint32_t huge_page_shift(void)
{
	return arena_page_shift() + arena_table_shift();
}

static void add_policy(const char *item)
{
	request_add_policy(request_policy(item));
}

static void add_huge(const char *item)
{
	bool on = strcmp(item, "off") != 0;
	char size[SETTINGS_SIZE_BYTES];

	settings_size(1ULL << huge_page_shift(), size);
	if (huge_count == SETTINGS_MAX)
		errx(EXIT_USAGE, "huge: expected at most %d of them", SETTINGS_MAX);
	if (on && strcmp(item, size) != 0)
		errx(EXIT_USAGE, "huge: expected some of off, %s, not '%s'", size, item);
	huge[huge_count++] = on;
}

static void add_depth(const char *item)
{
	if (depths_count == SETTINGS_MAX)
		errx(EXIT_USAGE, "precopy: expected at most %d of them", SETTINGS_MAX);
	depths[depths_count++] = (uint32_t)settings_number("precopy", item, 0,
							   VERIFICATION_DEPTH_MAX);
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	switch (key) {
	case 'P':
		settings_each("policy", text, add_policy);
		return 0;
	case 'H':
		settings_each("huge", text, add_huge);
		return 0;
	case 'y':
		settings_each("precopy", text, add_depth);
		return 0;
	case 'g':
		cgroup = text;
		return 0;
	case ARGP_KEY_ARG:
		if (!request.path)
			return request_parse(key, text, state);
		/* Its own options are none of ours. */
		command = &state->argv[state->next - 1];
		state->next = state->argc;
		return 0;
	default:
		return request_parse(key, text, state);
	}
}

static const struct argp_option options[] = {
	{ "frames", 'n', "LIST", 0, "Major faults in so many frames", 0 },
	{ "huge", 'H', "LIST", 0, "Minor faults without huge pages and with them: off,2m", 0 },
	{ "precopy", 'y', "LIST", 0, "Copies after a fork, so many pages behind each copied, too", 0 },
	{ "policy", 'P', "LIST", 0, "What predicts major faults (mglru,lru,clock)", 0 },
	SOURCE_FORMAT_OPTION,
	REQUEST_FORMAT_OPTION,
	{ "cgroup", 'g', "FOLDER", 0, "Make a cgroup below this one (/sys/fs/cgroup)", 0 },
	ARGUMENTS_COMMON,
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "FILE [-- COMMAND [ARGUMENT...]]",
	.doc = "Predict the faults of what a trace did, have a process do it, and show what was "
	       "predicted, what the kernel counted, and the error in percent of that.  With a "
	       "COMMAND, which the trace is of, this is run itself, where memory.max leaves so many "
	       "frames to it: pages that the trace never writes are files' or zeros, and want none."
	       "\v"
	       "--frames wants swap, cgroup v2 with the memory controller, and the right to make a "
	       "cgroup; swap readahead (vm.page-cluster) brings in pages that nobody asked for, and 0 "
	       "is none.  --huge wants transparent huge pages, and --precopy Faultline's module.  What "
	       "cannot be counted is n/a, and the exit status is 1 then.\n\n"
	       "Examples:\n"
	       "  faultline-whatif verify ls.trace --frames=50,100,200\n"
	       "  faultline-whatif verify ls.trace --huge=off,2m --precopy=0,4,16,64\n"
	       "  faultline-whatif verify xz.trace --frames=800,1600 -- xz -kc words\n",
};

/* One row; what it was, if it could be counted. */
static void show(struct comparison row, bool good, uint64_t real,
		 const struct verification *verification)
{
	row.real = good ? (double)real : NAN;
	row.minor = good ? (double)verification->minor : NAN;
	row.in_memory = row.damaged = NAN;
	if (isnan(row.predicted))
		err(EXIT_FAILURE, "memory");
	results_row(&row);
	fflush(stdout);
}

static bool is_good(bool good, const struct verification *verification)
{
	if (!good)
		warnx("%s", verification->why);
	return good;
}

/* What came of it, by each policy. */
static void show_major(struct comparison row, uint64_t frames, bool good,
		       const struct verification *real)
{
	const struct trace *trace = row.trace;

	row.kind = "major";
	snprintf(row.setting, sizeof(row.setting), "%" PRIu64, frames);
	for (uint32_t i = 0; i < request.policies_count; i++) {
		row.policy = request.policies[i]->name;
		row.predicted = prediction_major(trace, request.policies[i], frames);
		show(row, good, real->major, real);
	}
}

static bool verify_frames(const struct trace *trace, uint64_t frames)
{
	const struct comparison row = { .trace = trace, .question = "frames" };
	struct verification real = { 0 };
	bool good = is_good(verification_frames(&real, trace, cgroup, frames), &real);

	show_major(row, frames, good, &real);
	return good;
}

static bool verify_huge(const struct arena *arena, bool on)
{
	struct verification real = { 0 };
	bool good = is_good(verification_huge(&real, arena, on), &real);
	struct comparison row = {
		.trace = arena->trace,
		.question = "huge",
		.setting = "off",
		.kind = "minor",
		.predicted = prediction_minor(arena, on),
	};

	if (on)
		settings_size(1ULL << huge_page_shift(), row.setting);
	show(row, good, real.minor, &real);
	return good;
}

static bool verify_precopy(const struct arena *arena, uint32_t depth)
{
	struct verification real = { 0 };
	bool good = is_good(verification_precopy(&real, arena, depth), &real);
	struct comparison row = {
		.trace = arena->trace,
		.question = "precopy",
		.kind = "cow",
		.predicted = prediction_copies(arena, depth),
	};

	snprintf(row.setting, sizeof(row.setting), "%" PRIu32, depth);
	show(row, good, real.copies, &real);
	return good;
}

static bool verify_all(void)
{
	struct arena arena;
	bool good = true;

	if (!arena_init(&arena, request.traces))
		err(EXIT_FAILURE, "memory");
	for (uint32_t i = 0; i < request.frames_count; i++)
		good &= verify_frames(request.traces, request.frames[i]);
	for (uint32_t i = 0; i < huge_count; i++)
		good &= verify_huge(&arena, huge[i]);
	for (uint32_t i = 0; i < depths_count; i++)
		good &= verify_precopy(&arena, depths[i]);
	arena_free(&arena);
	return good;
}

/* Only frames are limited; @written: the accesses that want one. */
static bool verify_program(const struct trace *written)
{
	struct program program = { .argv = command, .cgroup = cgroup };
	const struct comparison row = { .trace = written, .question = "program" };
	struct verification real = { 0 };
	bool weighed = is_good(program_weigh(&program, real.why), &real), good = weighed, ran;

	for (uint32_t i = 0; i < request.frames_count; i++) {
		ran = weighed && is_good(program_run(&program, request.frames[i], &real), &real);
		show_major(row, request.frames[i], ran, &real);
		good &= ran;
	}
	return good;
}

static bool load_written(struct trace *written)
{
	const struct program program = { .argv = command };
	const struct trace *trace = request.traces;
	char why[WHY_BYTES];
	bool good = false;

	if (trace->header.page_shift != arena_page_shift())
		snprintf(why, sizeof(why), "%s: expected pages of this machine's size",
			 request.path);
	else
		good = program_rehearse(&program, why) && loading_written(written, trace, why);
	if (!good)
		warnx("%s", why);
	return good;
}

static void check_request(void)
{
	if (command && (huge_count || depths_count))
		errx(EXIT_USAGE, "%s: expected --frames alone with a COMMAND",
		     huge_count ? "huge" : "precopy");
	if (!request.frames_count && !huge_count && !depths_count)
		errx(EXIT_USAGE, "expected what is varied, such as --frames=64,128, --huge=off,2m or "
		     "--precopy=0,16");
}

int command_verify(int argc, char **argv)
{
	struct trace written;
	bool good;

	request.frames_least = 2;
	request.frames_most = UINT32_MAX;
	arguments_parse(&argp, argc, argv, NULL);
	check_request();
	if (!request.policies_count) {
		request_add_policy(&policy_mglru);
		request_add_policy(&policy_lru);
		request_add_policy(&policy_clock);
	}
	/* A process that is killed leaves a pipe that nobody reads. */
	signal(SIGPIPE, SIG_IGN);
	if (!request_load() || (command && !load_written(&written)))
		return EXIT_FAILURE;
	results_begin(request.format, comparison_columns, COMPARISON_PROCESS);
	good = command ? verify_program(&written) : verify_all();
	if (command)
		trace_close(&written);
	request_free();
	return results_end() && good ? EXIT_SUCCESS : EXIT_FAILURE;
}
