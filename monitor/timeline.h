/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A run in memory: who took part, and how each one's counters grew over time, in steps
 * that are coarse enough for a figure.
 *
 * begin -> add ... -> end; free
 */
#ifndef TIMELINE_H
#define TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "uapi/faultline.h"

enum {
	TIMELINE_STEPS_MAX	= 600,		/* over the whole run */
	TIMELINE_POINTS_MAX	= 48000,	/* of all processes together */
};

/**
 * struct timeline_point - a process at the end of a step
 * @step: its number
 * @time_ns: of the record
 * @minor: faults since registration
 * @major: likewise
 * @cow: likewise; 0 if not known
 * @user_ns: CPU time since registration
 * @system_ns: likewise
 * @rss_bytes: then
 * @used: pre-copied pages found used since registration; 0 if not known
 * @wasted: found unused
 */
struct timeline_point {
	uint64_t step;
	uint64_t time_ns;
	uint64_t minor;
	uint64_t major;
	uint64_t cow;
	uint64_t user_ns;
	uint64_t system_ns;
	uint64_t rss_bytes;
	uint64_t used;
	uint64_t wasted;
};

/**
 * struct timeline_process - one registration
 * @first: its first record
 * @last: its last one
 * @rss_max: the most of rss_bytes
 * @points: in the order of time, one per step in which it had a record
 * @count: of @points
 * @room: for so many there is memory
 * @depth: in the tree of forks, 0 for who was registered by hand
 */
struct timeline_process {
	struct faultline_record first;
	struct faultline_record last;
	uint64_t rss_max;
	struct timeline_point *points;
	size_t count;
	size_t room;
	unsigned int depth;
};

/**
 * struct timeline - a run
 * @processes: in the order of their first records, and after timeline_end() in that of
 *	the tree of forks: children behind their parent, by id
 * @count: of @processes
 * @room: for so many there is memory
 * @places: hash table of what is in @processes, by id: its number + 1
 * @places_count: of @places, a power of two
 * @points: of all processes
 * @step_ns: length of a step
 * @start_ns: the earliest first record's time
 * @end_ns: the latest time
 * @records: how many there were
 */
struct timeline {
	struct timeline_process *processes;
	size_t count;
	size_t room;
	uint32_t *places;
	size_t places_count;
	size_t points;
	uint64_t step_ns;
	uint64_t start_ns;
	uint64_t end_ns;
	uint64_t records;
};

/**
 * timeline_begin() - an empty run
 * @timeline: filled in
 */
void timeline_begin(struct timeline *timeline);

/**
 * timeline_add() - add a record
 * @timeline: a run
 * @record: the record
 *
 * Return: true, or false without memory.
 */
bool timeline_add(struct timeline *timeline, const struct faultline_record *record);

/**
 * timeline_end() - bring the processes into the order of the tree of forks
 * @timeline: a run to which nothing will be added
 *
 * Return: true, or false without memory.
 */
bool timeline_end(struct timeline *timeline);

/**
 * timeline_free() - free
 * @timeline: a run
 */
void timeline_free(struct timeline *timeline);

#endif /* TIMELINE_H */
