// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "arguments.h"
#include "loading.h"
#include "request.h"

struct request request = {
	.share = 1,
	.frames_least = 1,
	.frames_most = REQUEST_FRAMES_MAX,
};

static void add_frames(const char *item)
{
	if (request.frames_count == SETTINGS_MAX)
		errx(EXIT_USAGE, "frames: expected at most %d of them", SETTINGS_MAX);
	request.frames[request.frames_count++] = settings_number("frames", item, request.frames_least,
								 request.frames_most);
}

const struct policy *request_policy(const char *name)
{
	const struct policy *policy = policy_called(name);

	if (!policy)
		errx(EXIT_USAGE, "policy: expected some of %s, not '%s'", policy_names(), name);
	return policy;
}

void request_add_policy(const struct policy *policy)
{
	if (request.policies_count == REQUEST_POLICIES_MAX)
		errx(EXIT_USAGE, "policy: expected at most %d of them", REQUEST_POLICIES_MAX);
	request.policies[request.policies_count++] = policy;
}

static void add_page(const char *item)
{
	if (request.pages_count == REQUEST_PAGES_MAX)
		errx(EXIT_USAGE, "page: expected at most %d of them", REQUEST_PAGES_MAX);
	request.page_shifts[request.pages_count++] = settings_page_shift(item);
}

static void read_costs(const char *item)
{
	if (!costs_read(&request.costs, item))
		exit(EXIT_FAILURE);
}

static void set_cost(const char *item)
{
	costs_set(&request.costs, item);
}

error_t request_parse(int key, char *text, struct argp_state *state)
{
	switch (key) {
	case ARGP_KEY_INIT:
		costs_init(&request.costs);
		return 0;
	case 'c':
		settings_each("costs", text, read_costs);
		return 0;
	case 'C':
		settings_each("cost", text, set_cost);
		return 0;
	case 'n':
		settings_each("frames", text, add_frames);
		return 0;
	case 'p':
		settings_each("page", text, add_page);
		return 0;
	case 's':
		request.share = settings_share("sample", text);
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
		/* Without one, that which the trace has. */
		if (!request.pages_count)
			request.pages_count = 1;
		return request.path ? 0 : EINVAL;
	default:
		return arguments_common(key, state);
	}
}

/* Read once, with the smallest pages. */
static bool load_traces(char *why)
{
	uint32_t smallest = 0, i;

	for (i = 1; i < request.pages_count; i++)
		if (request.page_shifts[i] < request.page_shifts[smallest])
			smallest = i;
	if (!loading_trace(&request.traces[smallest], request.path, request.from,
			   request.page_shifts[smallest], why))
		return false;
	for (i = 0; i < request.pages_count; i++)
		if (i != smallest && !loading_enlarge(&request.traces[i],
						      &request.traces[smallest],
						      request.page_shifts[i], why))
			return false;
	return true;
}

bool request_load(void)
{
	const struct trace *trace;
	char why[WHY_BYTES];

	if (!load_traces(why)) {
		warnx("%s", why);
		return false;
	}
	for (uint32_t i = 0; request.share < 1 && i < request.pages_count; i++) {
		trace = &request.traces[i];
		if (!sample_init(&request.samples[i], trace, request.share))
			err(EXIT_FAILURE, "memory");
		if (!request.samples[i].pages) {
			warnx("sample: none of %ju pages is in a share of %g",
			      (uintmax_t)trace->header.pages, request.share);
			return false;
		}
	}
	return true;
}

const struct sample *request_sample(uint32_t page)
{
	return request.share < 1 ? &request.samples[page] : NULL;
}

unsigned int request_columns(void)
{
	unsigned int columns = request.memory ? RESULT_FAULTS | RESULT_MEMORY : 0;

	if (request.huge_count)
		columns |= RESULT_HUGE;
	if (request.nodes)
		columns |= RESULT_NODES;
	if (request.ahead)
		columns |= RESULT_AHEAD;
	for (int i = 0; i < COSTS; i++)
		if (!isnan(request.costs.ns[i]))
			columns |= RESULT_FAULTS | RESULT_COSTS;
	return columns;
}

static void count_faults(struct result *row, double counts[COSTS])
{
	const uint64_t *memory = row->memory;

	if (memory) {
		row->minor = (double)memory[MEMORY_MINOR];
		row->major = (double)memory[MEMORY_MAJOR];
		counts[COST_COW] = (double)memory[MEMORY_COW_MINOR];
		counts[COST_COPY] = (double)(memory[MEMORY_COW] - memory[MEMORY_COW_MINOR] +
					     memory[MEMORY_PRECOPIED]);
		counts[COST_READ] = (double)memory[MEMORY_PREFETCHED];
	} else {
		row->minor = isnan(row->faults) ? NAN :
			     fmin(row->faults, (double)row->trace->header.pages);
		row->major = row->faults - row->minor;
	}
	counts[COST_MINOR] = row->minor - counts[COST_COW];
	counts[COST_MAJOR] = row->major;
}

void request_row(struct result *row)
{
	double counts[COSTS] = { 0 };

	count_faults(row, counts);
	row->costs = &request.costs;
	row->time = costs_time(row->costs, counts, row->trace->header.page_shift);
	results_row(row);
}

void request_free(void)
{
	for (uint32_t i = 0; i < request.pages_count; i++) {
		sample_free(&request.samples[i]);
		trace_close(&request.traces[i]);
	}
}
