// SPDX-License-Identifier: GPL-2.0
/*
 * faultline-whatif FILE: a trace under every combination of what is asked for.
 */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arguments.h"
#include "command.h"
#include "loading.h"
#include "results.h"
#include "settings.h"
#include "simulation.h"

enum { PAGES_MAX = 16, POLICIES_MAX = 64 };

/* What the command line asks for. */
static struct {
	const char *path;
	const struct source_format *from;
	uint64_t frames[SETTINGS_MAX];
	uint32_t frames_count;
	const struct policy *policies[POLICIES_MAX];
	uint32_t policies_count;
	uint32_t page_shifts[PAGES_MAX];
	uint32_t pages_count;
	uint64_t window;
	uint32_t threads;
	enum results_format format;
} request;

static void add_frames(const char *item)
{
	if (request.frames_count == SETTINGS_MAX)
		errx(EXIT_USAGE, "frames: expected at most %d of them", SETTINGS_MAX);
	request.frames[request.frames_count++] = settings_number("frames", item, 1, 1ULL << 62);
}

static void put_policy(const struct policy *policy)
{
	if (request.policies_count == POLICIES_MAX)
		errx(EXIT_USAGE, "policy: expected at most %d of them", POLICIES_MAX);
	request.policies[request.policies_count++] = policy;
}

/* All of them, for a message. */
static const char *policy_names(void)
{
	static char names[256];
	const struct policy *policy;

	strcpy(names, "all");
	for (unsigned int i = 0; (policy = policy_at(i)); i++)
		strcat(strcat(names, ", "), policy->name);
	return names;
}

static void add_policy(const char *item)
{
	const struct policy *policy = policy_called(item);

	if (strcmp(item, "all") == 0)
		for (unsigned int i = 0; policy_at(i); i++)
			put_policy(policy_at(i));
	else if (policy)
		put_policy(policy);
	else
		errx(EXIT_USAGE, "policy: expected some of %s, not '%s'", policy_names(), item);
}

static void add_page(const char *item)
{
	if (request.pages_count == PAGES_MAX)
		errx(EXIT_USAGE, "page: expected at most %d of them", PAGES_MAX);
	request.page_shifts[request.pages_count++] = settings_page_shift(item);
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	switch (key) {
	case 'n':
		settings_each("frames", text, add_frames);
		return 0;
	case 'P':
		settings_each("policy", text, add_policy);
		return 0;
	case 'p':
		settings_each("page", text, add_page);
		return 0;
	case 'w':
		request.window = settings_number("window", text, 1, UINT64_MAX / 2);
		return 0;
	case 'j':
		request.threads = (uint32_t)settings_number("threads", text, 1, 1024);
		return 0;
	case 'f':
		request.from = source_format_chosen(text);
		return 0;
	case 'F':
		request.format = results_format(text);
		return 0;
	case ARGP_KEY_ARG:
		if (request.path)
			return EINVAL;
		request.path = text;
		return 0;
	case ARGP_KEY_END:
		return request.path ? 0 : EINVAL;
	default:
		return arguments_common(key, state);
	}
}

static const struct argp_option options[] = {
	{ "frames", 'n', "LIST", 0, "Physical memory, in pages", 0 },
	{ "policy", 'P', "LIST", 0, "Who goes when it is full (lru), or all", 0 },
	{ "page", 'p', "LIST", 0, "Page sizes (that of a compiled trace, or 4k)", 0 },
	{ "window", 'w', "ACCESSES", 0, "Of ws and wsclock (ten times the frames)", 0 },
	{ "from", 'f', "FORMAT", 0, "What the trace is written in: pid, lackey, drmemtrace or "
	  "oracleGeneral", 0 },
	{ "format", 'F', "FORMAT", 0, "Write a table, csv or json", 0 },
	{ "threads", 'j', "N", 0, "Configurations at once (one for each processor)", 0 },
	ARGUMENTS_COMMON,
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "FILE",
	.doc = "Replay what a program did to its memory under other memory systems: how many "
	       "faults would it have had?"
	       "\v"
	       "Lists have commas: 64,128,4k.  - is standard input.  The exit status is 0, 1 if "
	       "the trace is damaged or memory is missing, or 2 after a bad option.\n\n"
	       "Commands:\n"
	       "  compile     a trace into the form in which it is replayed\n"
	       "  gen         accesses of a known pattern\n\n"
	       "Examples:\n"
	       "  valgrind --tool=lackey --trace-mem=yes --log-file=ls.txt ls\n"
	       "  faultline-whatif ls.txt --frames=16,32,64 --policy=lru,clock,opt\n"
	       "  faultline-whatif ls.txt --frames=16 --page=4k,2m -F csv\n",
};

/* What makes no sense is said before any time is spent on it. */
static void check_sense(void)
{
	const struct policy *policy;

	if (!request.frames_count)
		errx(EXIT_USAGE, "frames: expected how many there are, such as --frames=64,128");
	for (uint32_t i = 0; i < request.policies_count; i++) {
		policy = request.policies[i];
		for (uint32_t j = 0; j < request.frames_count; j++)
			if (request.frames[j] < policy->frames_least)
				errx(EXIT_USAGE, "%s: expected at least %u frames, not %ju",
				     policy->name, policy->frames_least,
				     (uintmax_t)request.frames[j]);
	}
}

static void set_defaults(void)
{
	if (!request.policies_count)
		put_policy(&policy_lru);
	if (!request.pages_count)
		request.pages_count = 1;
	if (!request.threads)
		request.threads = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
}

static void show(const struct simulation *simulations, uint32_t count)
{
	const struct simulation *one;

	results_begin(request.format);
	for (uint32_t i = 0; i < count; i++) {
		one = &simulations[i];
		results_row(&(struct result){
			.policy = one->policy->name,
			.frames = one->frames,
			.trace = one->trace,
			.share = one->share,
			.faults = one->faults,
		});
	}
}

static uint32_t combine(struct simulation *simulations, const struct trace *traces)
{
	struct simulation *one = simulations;

	for (uint32_t page = 0; page < request.pages_count; page++)
		for (uint32_t policy = 0; policy < request.policies_count; policy++)
			for (uint32_t frames = 0; frames < request.frames_count; frames++)
				*one++ = (struct simulation){
					.trace = &traces[page],
					.policy = request.policies[policy],
					.frames = request.frames[frames],
					.window = request.window,
					.share = 1,
				};
	return (uint32_t)(one - simulations);
}

/* Read once, with the smallest pages. */
static bool load(struct trace *traces)
{
	uint32_t smallest = 0, i;

	for (i = 1; i < request.pages_count; i++)
		if (request.page_shifts[i] < request.page_shifts[smallest])
			smallest = i;
	if (!loading_trace(&traces[smallest], request.path, request.from,
			   request.page_shifts[smallest]))
		return false;
	for (i = 0; i < request.pages_count; i++)
		if (i != smallest &&
		    !loading_enlarge(&traces[i], &traces[smallest], request.page_shifts[i]))
			return false;
	return true;
}

int command_replay(int argc, char **argv)
{
	struct simulation *simulations;
	struct trace traces[PAGES_MAX];
	uint32_t count;

	arguments_parse(&argp, argc, argv, NULL);
	set_defaults();
	check_sense();
	if (!load(traces))
		return EXIT_FAILURE;
	simulations = calloc((size_t)request.pages_count * request.policies_count *
			     request.frames_count, sizeof(*simulations));
	if (!simulations)
		err(EXIT_FAILURE, "memory");
	count = combine(simulations, traces);
	if (!simulation_all(simulations, count, request.threads))
		err(EXIT_FAILURE, "memory");
	show(simulations, count);
	free(simulations);
	for (uint32_t i = 0; i < request.pages_count; i++)
		trace_close(&traces[i]);
	return results_end() ? EXIT_SUCCESS : EXIT_FAILURE;
}
