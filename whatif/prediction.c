// SPDX-License-Identifier: GPL-2.0
#include <math.h>
#include <stdlib.h>

#include "prediction.h"
#include "simulation.h"

enum {
	PARENT	= 1,
	CHILD	= 2,
	/* The kernel's MIN_LRU_BATCH. */
	BATCH	= 64,
};

double prediction_major(const struct trace *trace, const struct policy *policy, uint64_t frames)
{
	struct simulation simulation = {
		.trace = trace,
		.policy = policy,
		.frames = frames,
		.batch = BATCH,
	};

	if (!simulation_all(&simulation, 1, 1))
		return NAN;
	return simulation.faults - (double)trace->header.pages;
}

static double count_tables(const struct arena *arena, const struct span *span)
{
	uint64_t begin = ((span->begin - 1) >> arena->table_shift) + 1;
	uint64_t end = span->end >> arena->table_shift;

	return end > begin ? (double)(end - begin) : 0;
}

static bool is_whole(const struct arena *arena, const struct span *span, uint64_t place)
{
	uint64_t begin = place >> arena->table_shift << arena->table_shift;

	return begin >= span->begin && begin + (1ULL << arena->table_shift) <= span->end;
}

static const struct span *find_span(const struct arena *arena, uint64_t place)
{
	uint64_t first = 0, last = arena->spans_count - 1, middle;

	while (first < last) {
		middle = first + (last - first + 1) / 2;
		if (arena->spans[middle].begin <= place)
			first = middle;
		else
			last = middle - 1;
	}
	return &arena->spans[first];
}

/* In a span no whole table is without a page that is used. */
double prediction_minor(const struct arena *arena, bool huge)
{
	double faults = 0;

	for (uint64_t i = 0; i < arena->trace->header.pages; i++)
		faults += !huge || !is_whole(arena, find_span(arena, arena->place[i]),
					     arena->place[i]);
	for (uint64_t i = 0; huge && i < arena->spans_count; i++)
		faults += count_tables(arena, &arena->spans[i]);
	return faults;
}

/*
 * The trace of a process that writes all of its pages, forks, and does what the trace did.  Its
 * pages stay numbered in the order of their first use.
 */
static bool fill_and_fork(const struct arena *arena, struct trace *shared, struct event *event)
{
	uint64_t pages = arena->trace->header.pages, runs = arena->trace->header.runs;
	struct page *where = calloc(pages, sizeof(*where));
	struct run *all = malloc((pages + runs) * sizeof(*all));

	*event = (struct event){ .run = pages, .kind = EVENT_FORK, .pid = PARENT, .other = CHILD };
	*shared = (struct trace){
		.header = arena->trace->header,
		.runs = all,
		.pages = where,
		.events = event,
	};
	shared->header.page_shift = (uint16_t)arena->page_shift;
	shared->header.runs = pages + runs;
	shared->header.events = 1;
	if (!where || !all)
		return false;
	for (uint32_t i = 0; i < pages; i++) {
		where[i] = (struct page){ .number = arena->place[i], .pid = PARENT };
		all[i] = (struct run){ i, 1 | RUN_WRITTEN };
	}
	for (uint64_t i = 0; i < runs; i++)
		all[pages + i] = arena->trace->runs[i];
	return true;
}

static double replay_shared(const struct trace *shared, uint32_t depth)
{
	struct layout layout;
	struct simulation simulation = {
		.trace = shared,
		.policy = &policy_lru,
		/* All fits. */
		.frames = TRACE_PAGES_MAX,
		.layout = &layout,
		.options.precopy = depth,
	};
	bool good = layout_init(&layout, shared) && simulation_all(&simulation, 1, 1);

	layout_free(&layout);
	return good ? (double)simulation.memory[MEMORY_COW] : NAN;
}

double prediction_copies(const struct arena *arena, uint32_t depth)
{
	struct event event;
	struct trace shared;
	double copies = NAN;

	if (fill_and_fork(arena, &shared, &event))
		copies = replay_shared(&shared, depth);
	free((void *)shared.runs);
	free((void *)shared.pages);
	return copies;
}
