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
#include "request.h"
#include "simulation.h"

enum { POLICIES_MAX = 64, TLBS_MAX = 64 };

/* What only this command is asked for. */
static const struct policy *policies[POLICIES_MAX];
static uint32_t policies_count;
static struct tlb_shape tlbs[TLBS_MAX];
static uint32_t tlbs_count;
static enum page_table_kind tables[PAGE_TABLE_KINDS];
static uint32_t tables_count;
static uint64_t window;
static uint32_t threads;

static void put_policy(const struct policy *policy)
{
	if (policies_count == POLICIES_MAX)
		errx(EXIT_USAGE, "policy: expected at most %d of them", POLICIES_MAX);
	policies[policies_count++] = policy;
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

static void add_tlb(const char *item)
{
	if (tlbs_count == TLBS_MAX)
		errx(EXIT_USAGE, "tlb: expected at most %d of them", TLBS_MAX);
	tlbs[tlbs_count++] = settings_tlb(item);
}

static void add_table(const char *item)
{
	enum page_table_kind kind;

	for (kind = PAGE_TABLE_LEVELS_1; kind < PAGE_TABLE_KINDS; kind++)
		if (strcmp(page_table_names[kind], item) == 0)
			break;
	if (kind == PAGE_TABLE_KINDS)
		errx(EXIT_USAGE, "table: expected some of 1, 2, 3, 4, 5, hashed, inverted, not '%s'",
		     item);
	if (tables_count == PAGE_TABLE_KINDS)
		errx(EXIT_USAGE, "table: expected each of them once");
	tables[tables_count++] = kind;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	switch (key) {
	case 'P':
		settings_each("policy", text, add_policy);
		return 0;
	case 't':
		settings_each("tlb", text, add_tlb);
		return 0;
	case 'T':
		settings_each("table", text, add_table);
		return 0;
	case 'w':
		window = settings_number("window", text, 1, UINT64_MAX / 2);
		return 0;
	case 'j':
		threads = (uint32_t)settings_number("threads", text, 1, 1024);
		return 0;
	default:
		return request_parse(key, text, state);
	}
}

static const struct argp_option options[] = {
	{ "policy", 'P', "LIST", 0, "Who goes when it is full (lru), or all", 0 },
	{ "tlb", 't', "LIST", 0, "A TLB of ENTRIESxWAYS, such as 64x4", 0 },
	{ "table", 'T', "LIST", 0, "Page tables: 1 to 5 (levels), hashed, inverted", 0 },
	{ "window", 'w', "ACCESSES", 0, "Of ws and wsclock (ten times the frames)", 0 },
	{ "threads", 'j', "N", 0, "Configurations at once (one for each processor)", 0 },
	REQUEST_OPTIONS,
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
	       "  gen         accesses of a known pattern\n"
	       "  mrc         faults under LRU with any number of frames, in one pass\n\n"
	       "Examples:\n"
	       "  valgrind --tool=lackey --trace-mem=yes --log-file=ls.txt ls\n"
	       "  faultline-whatif ls.txt --frames=16,32,64 --policy=lru,clock,opt\n"
	       "  faultline-whatif ls.txt --frames=16 --page=4k,2m -F csv\n",
};

/* What makes no sense is said before any time is spent on it. */
static void check_sense(void)
{
	uint64_t frames;

	if (tlbs[0].entries && request.share < 1)
		errx(EXIT_USAGE, "tlb: expected no sample, as a TLB's sets are not one");
	if (tables[0] && !tlbs[0].entries)
		errx(EXIT_USAGE, "table: expected a TLB, such as --tlb=64x4: it is walked when that misses");
	if (!request.frames_count)
		errx(EXIT_USAGE, "frames: expected how many there are, such as --frames=64,128");
	for (uint32_t i = 0; i < request.frames_count; i++) {
		frames = request.frames[i];
		for (uint32_t j = 0; j < policies_count; j++)
			if (frames < policies[j]->frames_least)
				errx(EXIT_USAGE, "%s: expected at least %u frames, not %ju",
				     policies[j]->name, policies[j]->frames_least,
				     (uintmax_t)frames);
		if ((double)frames * request.share < SIMULATION_SAMPLE_LEAST && request.share < 1)
			errx(EXIT_USAGE, "sample: %g of %ju frames are fewer than %d; expected a "
			     "larger share", request.share, (uintmax_t)frames,
			     SIMULATION_SAMPLE_LEAST);
	}
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
			.share = one->sample ? one->sample->share : 1,
			.faults = one->faults,
			.tlb = one->tlb,
			.counts = one->counts,
			.table = one->table,
			.table_bytes = one->table_bytes,
		});
	}
}

/* The last of what is asked for changes from row to row. */
static struct simulation combination(uint32_t number)
{
	struct simulation one = { .window = window };
	uint32_t page;

	one.table = tables[number % tables_count];
	number /= tables_count;
	one.tlb = tlbs[number % tlbs_count];
	number /= tlbs_count;
	one.frames = request.frames[number % request.frames_count];
	number /= request.frames_count;
	one.policy = policies[number % policies_count];
	page = number / policies_count;
	one.trace = &request.traces[page];
	one.sample = request_sample(page);
	return one;
}

/* Of what only the trace tells. */
static bool check_tables(void)
{
	uint32_t shift;

	for (uint32_t page = 0; page < request.pages_count; page++) {
		for (uint32_t i = 0; i < tables_count && tables[i]; i++) {
			shift = request.traces[page].header.page_shift;
			if (page_table_fits(tables[i], shift))
				continue;
			warnx("table: %s cannot have pages of %ju bytes", page_table_names[tables[i]],
			      shift ? (uintmax_t)1 << shift : 0);
			return false;
		}
	}
	return true;
}

static void make_samples(void)
{
	for (uint32_t i = 0; i < request.pages_count; i++)
		if (request_sample(i) &&
		    !sample_trace_init(&request.samples[i], &request.traces[i]))
			err(EXIT_FAILURE, "memory");
}

int command_replay(int argc, char **argv)
{
	struct simulation *simulations;
	uint32_t count;

	arguments_parse(&argp, argc, argv, NULL);
	if (!policies_count)
		put_policy(&policy_lru);
	/* One of no entries, and none. */
	if (!tlbs_count)
		tlbs_count = 1;
	if (!tables_count)
		tables_count = 1;
	if (!threads)
		threads = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
	check_sense();
	if (!request_load() || !check_tables())
		return EXIT_FAILURE;
	make_samples();
	count = request.pages_count * policies_count * request.frames_count * tlbs_count *
		tables_count;
	simulations = calloc(count, sizeof(*simulations));
	if (!simulations)
		err(EXIT_FAILURE, "memory");
	for (uint32_t i = 0; i < count; i++)
		simulations[i] = combination(i);
	if (!simulation_all(simulations, count, threads))
		err(EXIT_FAILURE, "memory");
	show(simulations, count);
	free(simulations);
	request_free();
	return results_end() ? EXIT_SUCCESS : EXIT_FAILURE;
}
