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
#include "result.h"
#include "simulation.h"

enum { TLBS_MAX = 64, DEPTHS_MAX = 64, NODES_SHAPES_MAX = 64 };

/* What only this command is asked for. */
static struct tlb_shape tlbs[TLBS_MAX];
static uint32_t tlbs_count;
static enum page_table_kind tables[PAGE_TABLE_KINDS];
static uint32_t tables_count;
static uint32_t prefetches[DEPTHS_MAX], prefetches_count;
static uint32_t precopies[DEPTHS_MAX], precopies_count;
static struct nodes_shape nodes[NODES_SHAPES_MAX];
static uint32_t nodes_count;
static struct layout layouts[REQUEST_PAGES_MAX];
static uint64_t window;
static uint32_t threads;

static void add_policy(const char *item)
{
	const struct policy *policy = policy_called(item);

	if (strcmp(item, "all") == 0)
		for (unsigned int i = 0; policy_at(i); i++)
			request_add_policy(policy_at(i));
	else if (policy)
		request_add_policy(policy);
	else
		errx(EXIT_USAGE, "policy: expected some of all, %s, not '%s'", policy_names(), item);
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

static void add_depth(const char *name, const char *item, uint32_t *depths, uint32_t *count)
{
	if (*count == DEPTHS_MAX)
		errx(EXIT_USAGE, "%s: expected at most %d of them", name, DEPTHS_MAX);
	depths[(*count)++] = (uint32_t)settings_number(name, item, 0, MEMORY_DEPTH_MAX);
	request.memory = request.ahead = true;
}

static void add_prefetch(const char *item)
{
	add_depth("prefetch", item, prefetches, &prefetches_count);
}

static void add_precopy(const char *item)
{
	add_depth("precopy", item, precopies, &precopies_count);
}

static void add_nodes(const char *item)
{
	if (nodes_count == NODES_SHAPES_MAX)
		errx(EXIT_USAGE, "nodes: expected at most %d of them", NODES_SHAPES_MAX);
	nodes[nodes_count++] = settings_nodes(item);
	request.memory = request.nodes = true;
}

/* All of them at once. */
static void add_huge(const char *item)
{
	uint32_t shift = settings_page_shift(item), count = request.huge_count;

	if (count == HUGE_SIZES_MAX)
		errx(EXIT_USAGE, "huge: expected at most %d sizes", HUGE_SIZES_MAX);
	if (count && shift <= request.huge_shifts[count - 1])
		errx(EXIT_USAGE, "huge: expected sizes from the smallest on, not '%s' behind a larger "
		     "one", item);
	request.huge_shifts[request.huge_count++] = shift;
	request.memory = true;
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
	case 'm':
		request.memory = true;
		return 0;
	case 'r':
		settings_each("prefetch", text, add_prefetch);
		return 0;
	case 'y':
		settings_each("precopy", text, add_precopy);
		return 0;
	case 'H':
		settings_each("huge", text, add_huge);
		return 0;
	case 'N':
		settings_each("nodes", text, add_nodes);
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
	{ "memory", 'm', NULL, 0, "Processes share memory, as the trace tells; frames, files, swap", 0 },
	{ "prefetch", 'r', "LIST", 0, "After a major fault, read so many pages behind it, too", 0 },
	{ "precopy", 'y', "LIST", 0, "After a copy, copy so many pages behind it, too", 0 },
	{ "nodes", 'N', "LIST", 0, "NUMA nodes, such as 2, 2:interleave, 2:first:4", 0 },
	{ "huge", 'H', "SIZES", 0, "Pages become huge ones where all are mapped, such as 2m,1g", 0 },
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
	       "  animate     a page of HTML that shows a trace being replayed\n"
	       "  compile     a trace into the form in which it is replayed\n"
	       "  costs       what faults cost on this machine\n"
	       "  enforce     a policy over real memory: are there as many faults?\n"
	       "  faults      what a fault trace answers, which has no accesses\n"
	       "  gen         accesses of a known pattern\n"
	       "  mrc         faults under LRU with any number of frames, in one pass\n"
	       "  sample      a trace of a process that runs already\n"
	       "  verify      the kernel's own faults in less memory, and the predicted ones\n\n"
	       "Examples:\n"
	       "  valgrind --tool=lackey --trace-mem=yes --log-file=ls.txt ls\n"
	       "  faultline-whatif ls.txt --frames=16,32,64 --policy=lru,clock,opt\n"
	       "  faultline-whatif ls.txt --frames=16 --page=4k,2m -F csv\n",
};

/* Who is read or copied ahead must not drive out whoever it is for. */
static void check_depth(const char *name, uint32_t depth, uint64_t frames)
{
	if (depth >= frames)
		errx(EXIT_USAGE, "%s: expected fewer than the %ju frames, not %u", name,
		     (uintmax_t)frames, depth);
}

/* What makes no sense is said before any time is spent on it. */
static void check_sense(void)
{
	uint64_t frames;

	if (tlbs[0].entries && request.share < 1)
		errx(EXIT_USAGE, "tlb: expected no sample, as a TLB's sets are not one");
	if (request.memory && request.share < 1)
		errx(EXIT_USAGE, "memory: expected no sample, as pages that share frames are not one");
	if (tables[0] && !tlbs[0].entries)
		errx(EXIT_USAGE, "table: expected a TLB, such as --tlb=64x4: it is walked when that misses");
	if (!request.frames_count)
		errx(EXIT_USAGE, "frames: expected how many there are, such as --frames=64,128");
	for (uint32_t i = 0; i < request.frames_count; i++) {
		frames = request.frames[i];
		for (uint32_t j = 0; j < request.policies_count; j++)
			if (frames < request.policies[j]->frames_least)
				errx(EXIT_USAGE, "%s: expected at least %u frames, not %ju",
				     request.policies[j]->name, request.policies[j]->frames_least,
				     (uintmax_t)frames);
		for (uint32_t j = 0; j < prefetches_count; j++)
			check_depth("prefetch", prefetches[j], frames);
		for (uint32_t j = 0; j < precopies_count; j++)
			check_depth("precopy", precopies[j], frames);
		if ((double)frames * request.share < SIMULATION_SAMPLE_LEAST && request.share < 1)
			errx(EXIT_USAGE, "sample: %g of %ju frames are fewer than %d; expected a "
			     "larger share", request.share, (uintmax_t)frames,
			     SIMULATION_SAMPLE_LEAST);
	}
}

static uint32_t combinations(void)
{
	uint64_t count = (uint64_t)request.pages_count * request.policies_count *
			 request.frames_count * tlbs_count * tables_count * prefetches_count *
			 precopies_count * nodes_count;

	if (count > UINT32_MAX)
		errx(EXIT_USAGE, "expected at most %u combinations, not %ju", UINT32_MAX,
		     (uintmax_t)count);
	return (uint32_t)count;
}

static void show(const struct simulation *simulations, uint32_t count)
{
	const struct simulation *one;

	results_begin(request.format, result_columns, request_columns());
	for (uint32_t i = 0; i < count; i++) {
		one = &simulations[i];
		request_row(&(struct result){
			.policy = one->policy->name,
			.frames = one->frames,
			.trace = one->trace,
			.share = one->sample ? one->sample->share : 1,
			.faults = one->faults,
			.tlb = one->tlb,
			.counts = one->counts,
			.table = one->table,
			.table_bytes = one->table_bytes,
			.memory = one->layout ? one->memory : NULL,
			.options = one->options,
		});
	}
}

/* The last of what is asked for changes from row to row. */
static struct simulation combination(uint32_t number)
{
	struct simulation one = { .window = window };
	uint32_t page;

	one.options.nodes = nodes[number % nodes_count];
	number /= nodes_count;
	one.options.precopy = precopies[number % precopies_count];
	number /= precopies_count;
	one.options.prefetch = prefetches[number % prefetches_count];
	number /= prefetches_count;
	one.table = tables[number % tables_count];
	number /= tables_count;
	one.tlb = tlbs[number % tlbs_count];
	number /= tlbs_count;
	one.frames = request.frames[number % request.frames_count];
	number /= request.frames_count;
	one.policy = request.policies[number % request.policies_count];
	page = number / request.policies_count;
	one.trace = &request.traces[page];
	one.options.huge.count = request.huge_count;
	for (uint32_t i = 0; i < request.huge_count; i++)
		one.options.huge.shift[i] = request.huge_shifts[i] - one.trace->header.page_shift;
	one.layout = request.memory ? &layouts[page] : NULL;
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

/* Of what is used next, a trace with events does not tell: pages come to hold something else. */
static bool check_opt(void)
{
	for (uint32_t i = 0; request.memory && i < request.policies_count; i++) {
		if (request.policies[i] != &policy_opt ||
		    (!request.traces[0].header.events && !request.ahead))
			continue;
		warnx("opt: expected a trace without forks or mappings, and nothing done ahead, as it "
		      "must know who is used when");
		return false;
	}
	return true;
}

/* A page is of one mapping. */
static bool check_mappings(void)
{
	const struct trace *trace;
	const struct event *event;
	uint64_t within;

	for (uint32_t page = 0; request.memory && page < request.pages_count; page++) {
		trace = &request.traces[page];
		within = (1ULL << trace->header.page_shift) - 1;
		for (uint32_t i = 0; i < trace->header.events; i++) {
			event = &trace->events[i];
			if (!event_maps(event) || !((event->address | event->offset) & within))
				continue;
			warnx("page: the mapping at 0x%jx is not of whole pages of %ju bytes",
			      (uintmax_t)event->address, (uintmax_t)within + 1);
			return false;
		}
	}
	return true;
}

/* A huge page has at least two, and is a page that the table could have. */
static bool check_huge_size(uint32_t shift, uint32_t huge_shift)
{
	if (!shift || huge_shift <= shift || huge_shift - shift > HUGE_SHIFT_MAX) {
		warnx("huge: expected larger pages than those of the trace, of %ju bytes, and at most %ju "
		      "of them", (uintmax_t)1 << shift, (uintmax_t)1 << HUGE_SHIFT_MAX);
		return false;
	}
	for (uint32_t i = 0; i < tables_count && tables[i]; i++) {
		if (tables[i] <= PAGE_TABLE_LEVELS_5 && page_table_fits(tables[i], huge_shift))
			continue;
		warnx("huge: a table of %s cannot have pages of several sizes, or not of these",
		      page_table_names[tables[i]]);
		return false;
	}
	return true;
}

static bool check_huge(void)
{
	bool good = true;

	for (uint32_t page = 0; good && page < request.pages_count; page++)
		for (uint32_t i = 0; good && i < request.huge_count; i++)
			good = check_huge_size(request.traces[page].header.page_shift,
					       request.huge_shifts[i]);
	return good;
}

static void make_layouts(void)
{
	for (uint32_t i = 0; request.memory && i < request.pages_count; i++)
		if (!layout_init(&layouts[i], &request.traces[i]))
			err(EXIT_FAILURE, "memory");
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
	if (!request.policies_count)
		request_add_policy(&policy_lru);
	/* One of no entries, and none. */
	if (!tlbs_count)
		tlbs_count = 1;
	if (!tables_count)
		tables_count = 1;
	if (!prefetches_count)
		prefetches_count = 1;
	if (!precopies_count)
		precopies_count = 1;
	if (!nodes_count)
		nodes_count = 1;
	if (!threads)
		threads = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
	check_sense();
	count = combinations();
	if (!request_load() || !check_tables() || !check_opt() || !check_mappings() || !check_huge())
		return EXIT_FAILURE;
	make_samples();
	make_layouts();
	simulations = calloc(count, sizeof(*simulations));
	if (!simulations)
		err(EXIT_FAILURE, "memory");
	for (uint32_t i = 0; i < count; i++)
		simulations[i] = combination(i);
	if (!simulation_all(simulations, count, threads))
		err(EXIT_FAILURE, "memory");
	show(simulations, count);
	free(simulations);
	for (uint32_t i = 0; request.memory && i < request.pages_count; i++)
		layout_free(&layouts[i]);
	request_free();
	return results_end() ? EXIT_SUCCESS : EXIT_FAILURE;
}
