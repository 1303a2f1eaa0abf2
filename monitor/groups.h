/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters by command name, as metrics want them: they never go back, whoever ends, and
 * there are no more names than were agreed on.
 *
 * init -> count, place ... -> free
 */
#ifndef GROUPS_H
#define GROUPS_H

#include <stdbool.h>
#include <stdint.h>

#include "uapi/faultline.h"

/* What the names that came too late have in common: longer than any command name. */
#define GROUPS_OTHERS		"(all other names)"

enum {
	GROUPS_MAX_DEFAULT	= 1000,
	/* Each byte of a name may become \xNN. */
	GROUP_NAME_BYTES	= 4 * FAULTLINE_COMM_LEN + 1,
};

/* What is counted of a group. */
enum group_counter {
	GROUP_MINOR,
	GROUP_MAJOR,
	GROUP_COW,
	GROUP_COW_KIND,
	GROUP_USER_NS = GROUP_COW_KIND + FAULTLINE_KINDS,
	GROUP_SYSTEM_NS,
	GROUP_PRECOPIED,
	GROUP_PRECOPY_USED,
	GROUP_PRECOPY_WASTED,
	GROUP_PRECOPY_REFUSED,
	GROUP_COUNTERS,
};

/**
 * struct group - all processes of one name
 * @name: their command name as valid UTF-8: a byte that is none reads \xNN, no name \x00
 * @counters: what they have done under this name
 * @known: bit by counter: it was counted of one of them at least
 * @lacking: by counter, of how many that are there now it is not counted
 * @processes: how many are there now
 * @rss_bytes: resident memory of these, as of their last records
 * @swap_bytes: likewise
 */
struct group {
	char name[GROUP_NAME_BYTES];
	uint64_t counters[GROUP_COUNTERS];
	uint32_t known;
	uint32_t lacking[GROUP_COUNTERS];
	uint32_t processes;
	uint64_t rss_bytes;
	uint64_t swap_bytes;
};

/**
 * struct groups - all of them
 * @all: in the order in which they came
 * @count: how many
 * @max: how many there may be, beside @others
 * @tree: the same by name, a tsearch(3) tree
 * @others: what came when there were so many
 * @folded: processes that have gone into @others
 */
struct groups {
	struct group **all;
	unsigned int count;
	unsigned int max;
	void *tree;
	struct group others;
	uint64_t folded;
};

/**
 * groups_init() - no group yet
 * @groups: filled in
 * @max: how many there may be, at least 1
 *
 * Return: true, or false without memory.
 */
bool groups_init(struct groups *groups, unsigned int max);

/**
 * groups_count() - add to a group what a process has done since its last record
 * @groups: the groups
 * @record: its new record, whose name says which group
 * @before: its last one, or NULL to add all that it has done since it was registered
 */
void groups_count(struct groups *groups, const struct faultline_record *record,
		  const struct faultline_record *before);

/**
 * groups_place() - have a process be where its new record says
 * @groups: the groups
 * @record: the record; nowhere if it is the last
 * @before: the record that the process was placed by until now, or NULL
 */
void groups_place(struct groups *groups, const struct faultline_record *record,
		  const struct faultline_record *before);

/**
 * groups_remove() - a process has gone, and its last record is lost
 * @groups: the groups
 * @before: the record that the process was placed by
 */
void groups_remove(struct groups *groups, const struct faultline_record *before);

/**
 * groups_at() - the groups in the order in which they came, and @others where it is used
 * @groups: the groups
 * @number: from 0 on
 *
 * Return: the group, or NULL behind the last.
 */
const struct group *groups_at(const struct groups *groups, unsigned int number);

/**
 * group_knows() - does a counter say what all of the group's processes have done?
 * @group: the group
 * @counter: which
 *
 * Return: false if it is to read n/a.
 */
bool group_knows(const struct group *group, enum group_counter counter);

/**
 * groups_free() - forget them
 * @groups: the groups
 */
void groups_free(struct groups *groups);

#endif /* GROUPS_H */
