// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "timeline.h"

enum {
	FIRST_STEP_NS	= 1000000,
	NOWHERE		= -1,
};

void timeline_begin(struct timeline *timeline)
{
	*timeline = (struct timeline){ .step_ns = FIRST_STEP_NS };
}

/* ---- Processes by id ---- */

/* Where @id is, or would be. */
static uint32_t *place_of(const struct timeline *timeline, uint64_t id)
{
	size_t mask = timeline->places_count - 1, place = id * 0x9e3779b97f4a7c15ull >> 32;
	uint32_t number;

	for (;; place++) {
		number = timeline->places[place & mask];
		if (!number || timeline->processes[number - 1].first.id == id)
			return &timeline->places[place & mask];
	}
}

/* Twice the room, for what is in there and for places: at most half of these are taken. */
static bool grow(struct timeline *timeline)
{
	size_t room = timeline->room ? 2 * timeline->room : 64;
	struct timeline_process *processes;
	uint32_t *places = calloc(2 * room, sizeof(*places));

	processes = realloc(timeline->processes, room * sizeof(*processes));
	if (processes)
		timeline->processes = processes;
	if (!places || !processes) {
		free(places);
		return false;
	}
	free(timeline->places);
	timeline->room = room;
	timeline->places = places;
	timeline->places_count = 2 * room;
	for (size_t i = 0; i < timeline->count; i++)
		*place_of(timeline, processes[i].first.id) = (uint32_t)i + 1;
	return true;
}

static struct timeline_process *find(struct timeline *timeline,
				     const struct faultline_record *record)
{
	struct timeline_process *process;
	uint32_t *place;

	/* With room for one more there are places to look in. */
	if (timeline->count == timeline->room && !grow(timeline))
		return NULL;
	place = place_of(timeline, record->id);
	if (*place)
		return &timeline->processes[*place - 1];
	process = &timeline->processes[timeline->count++];
	*process = (struct timeline_process){ .first = *record };
	*place = (uint32_t)timeline->count;
	if (timeline->count == 1 || record->time_ns < timeline->start_ns)
		timeline->start_ns = record->time_ns;
	return process;
}

/* ---- Points ---- */

static struct timeline_point *last_point(const struct timeline_process *process)
{
	return process->count ? &process->points[process->count - 1] : NULL;
}

/* Of two points that become one the later one is left: counters lose nothing. */
static void merge_points(struct timeline_process *process)
{
	size_t kept = 0;

	for (size_t i = 0; i < process->count; i++) {
		process->points[i].step /= 2;
		if (kept && process->points[kept - 1].step == process->points[i].step)
			kept--;
		process->points[kept++] = process->points[i];
	}
	process->count = kept;
}

static void double_steps(struct timeline *timeline)
{
	timeline->step_ns *= 2;
	timeline->points = 0;
	for (size_t i = 0; i < timeline->count; i++) {
		merge_points(&timeline->processes[i]);
		timeline->points += timeline->processes[i].count;
	}
}

static bool append_point(struct timeline *timeline, struct timeline_process *process)
{
	size_t room = process->room ? 2 * process->room : 8;
	struct timeline_point *points;

	if (process->count == process->room) {
		points = realloc(process->points, room * sizeof(*points));
		if (!points)
			return false;
		process->points = points;
		process->room = room;
	}
	process->count++;
	timeline->points++;
	return true;
}

/* A process that is born late may lie before the start, and is then at the start. */
static uint64_t step_of(const struct timeline *timeline, uint64_t time_ns)
{
	return time_ns > timeline->start_ns ?
	       (time_ns - timeline->start_ns) / timeline->step_ns : 0;
}

static bool add_point(struct timeline *timeline, struct timeline_process *process,
		      const struct faultline_record *record)
{
	uint64_t step;

	while (step_of(timeline, record->time_ns) >= TIMELINE_STEPS_MAX ||
	       (timeline->points >= TIMELINE_POINTS_MAX && timeline->points > timeline->count))
		double_steps(timeline);
	step = step_of(timeline, record->time_ns);
	if ((!process->count || last_point(process)->step < step) &&
	    !append_point(timeline, process))
		return false;
	*last_point(process) = (struct timeline_point){
		.step = step, .time_ns = record->time_ns, .minor = record->minor_faults,
		.major = record->major_faults, .cow = record->cow_faults,
		.user_ns = record->user_ns, .system_ns = record->system_ns,
		.rss_bytes = record->rss_bytes, .used = record->precopy_used,
		.wasted = record->precopy_wasted,
	};
	return true;
}

bool timeline_add(struct timeline *timeline, const struct faultline_record *record)
{
	struct timeline_process *process = find(timeline, record);

	if (!process)
		return false;
	process->last = *record;
	timeline->records++;
	if (record->rss_bytes > process->rss_max)
		process->rss_max = record->rss_bytes;
	if (record->time_ns > timeline->end_ns)
		timeline->end_ns = record->time_ns;
	return add_point(timeline, process, record);
}

/* ---- The tree of forks ---- */

/**
 * struct family - a process in the tree, each other process by its number or NOWHERE
 * @parent: whom it was followed from
 * @child: its child with the lowest id
 * @sibling: the one with the next id
 */
struct family {
	ssize_t parent;
	ssize_t child;
	ssize_t sibling;
};

static int compare_processes(const void *a, const void *b)
{
	const struct timeline_process *left = a, *right = b;

	return (left->first.id > right->first.id) - (left->first.id < right->first.id);
}

static ssize_t find_parent(const struct timeline *timeline,
			   const struct timeline_process *process)
{
	struct timeline_process wanted = { .first.id = process->first.parent_id };
	struct timeline_process *found;

	/* An id is higher than its parent's: what is not cannot be a tree. */
	if (wanted.first.id >= process->first.id)
		return NOWHERE;
	found = bsearch(&wanted, timeline->processes, timeline->count, sizeof(wanted),
			compare_processes);
	return found ? found - timeline->processes : NOWHERE;
}

/* From the last one on, so that each is put before its next sibling; the first root. */
static ssize_t tie_families(struct timeline *timeline, struct family *families)
{
	ssize_t root = NOWHERE, *first;

	for (size_t i = 0; i < timeline->count; i++)
		families[i] = (struct family){ NOWHERE, NOWHERE, NOWHERE };
	for (size_t i = timeline->count; i-- > 0;) {
		families[i].parent = find_parent(timeline, &timeline->processes[i]);
		first = families[i].parent == NOWHERE ? &root :
							&families[families[i].parent].child;
		families[i].sibling = *first;
		*first = (ssize_t)i;
	}
	return root;
}

/* The next one, depth first. */
static ssize_t walk(const struct family *families, ssize_t at, unsigned int *depth)
{
	if (families[at].child != NOWHERE) {
		++*depth;
		return families[at].child;
	}
	while (families[at].sibling == NOWHERE && families[at].parent != NOWHERE) {
		--*depth;
		at = families[at].parent;
	}
	return families[at].sibling;
}

bool timeline_end(struct timeline *timeline)
{
	struct timeline_process *ordered = calloc(timeline->count + 1, sizeof(*ordered));
	struct family *families = calloc(timeline->count + 1, sizeof(*families));
	unsigned int depth = 0;
	size_t count = 0;

	if (!ordered || !families) {
		free(ordered);
		free(families);
		return false;
	}
	if (timeline->count)
		qsort(timeline->processes, timeline->count, sizeof(*ordered), compare_processes);
	for (ssize_t at = tie_families(timeline, families); at != NOWHERE;
	     at = walk(families, at, &depth)) {
		ordered[count] = timeline->processes[at];
		ordered[count++].depth = depth;
	}
	free(families);
	free(timeline->processes);
	timeline->processes = ordered;
	/* Its numbers were those of the old order. */
	free(timeline->places);
	timeline->places = NULL;
	return true;
}

void timeline_free(struct timeline *timeline)
{
	for (size_t i = 0; i < timeline->count; i++)
		free(timeline->processes[i].points);
	free(timeline->processes);
	free(timeline->places);
}
