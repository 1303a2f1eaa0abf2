// SPDX-License-Identifier: GPL-2.0
#include <assert.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "groups.h"
#include "processes.h"
#include "text.h"

static_assert(sizeof(GROUPS_OTHERS) > FAULTLINE_COMM_LEN + 1, "no process has this name");
static_assert(GROUP_COUNTERS <= 32, "a bit each in struct group's known");

static const char * const names[GROUP_COUNTERS] = {
	[GROUP_MINOR]		= "minor",
	[GROUP_MAJOR]		= "major",
	[GROUP_COW]		= "cow",
	[GROUP_COW_KIND + FAULTLINE_ANON]	= "cow_anon",
	[GROUP_COW_KIND + FAULTLINE_ZERO]	= "cow_zero",
	[GROUP_COW_KIND + FAULTLINE_FILE]	= "cow_file",
	[GROUP_COW_KIND + FAULTLINE_FILE_FIRST]	= "cow_file_first",
	[GROUP_COW_KIND + FAULTLINE_KSM]	= "cow_ksm",
	[GROUP_COW_KIND + FAULTLINE_HUGETLB]	= "cow_hugetlb",
	[GROUP_COW_KIND + FAULTLINE_REMOTE]	= "cow_remote",
	[GROUP_USER_NS]		= "user_s",
	[GROUP_SYSTEM_NS]	= "system_s",
	[GROUP_PRECOPIED]	= "precopied",
	[GROUP_PRECOPY_USED]	= "precopy_used",
	[GROUP_PRECOPY_WASTED]	= "precopy_wasted",
	[GROUP_PRECOPY_REFUSED]	= "precopy_refused",
};

/* The columns of these names, once there are groups. */
static const struct column *counters[GROUP_COUNTERS];

static bool is_known(const struct faultline_record *record, int counter)
{
	return column_known(counters[counter], record, 0);
}

static uint64_t value(const struct faultline_record *record, int counter)
{
	return column_value(counters[counter], record);
}

static void make_name(const char comm[FAULTLINE_COMM_LEN], char name[GROUP_NAME_BYTES])
{
	const char *end = comm + strnlen(comm, FAULTLINE_COMM_LEN);
	size_t bytes;

	strcpy(name, comm < end ? "" : "\\x00");
	for (; comm < end; comm += bytes ? bytes : 1) {
		bytes = text_character(comm, (size_t)(end - comm));
		if (bytes)
			name = mempcpy(name, comm, bytes);
		else
			name += sprintf(name, "\\x%02x", (unsigned char)*comm);
		*name = '\0';
	}
}

static int compare_names(const void *a, const void *b)
{
	const struct group *left = a, *right = b;

	return strcmp(left->name, right->name);
}

static struct group *find(const struct groups *groups, const char comm[FAULTLINE_COMM_LEN])
{
	struct group wanted, **found;

	make_name(comm, wanted.name);
	found = tfind(&wanted, &groups->tree, compare_names);
	return found ? *found : NULL;
}

/* Where a name was placed: one that came too late never gets a group. */
static struct group *home_of(struct groups *groups, const char comm[FAULTLINE_COMM_LEN])
{
	return find(groups, comm) ?: &groups->others;
}

static struct group *find_or_add(struct groups *groups, const char comm[FAULTLINE_COMM_LEN])
{
	struct group *group = find(groups, comm);

	if (group)
		return group;
	if (groups->count == groups->max)
		return &groups->others;
	group = calloc(1, sizeof(*group));
	if (group)
		make_name(comm, group->name);
	if (!group || !tsearch(group, &groups->tree, compare_names)) {
		/* For good: who was placed among the others is looked for there. */
		groups->max = groups->count;
		free(group);
		return &groups->others;
	}
	groups->all[groups->count++] = group;
	return group;
}

bool groups_init(struct groups *groups, unsigned int max)
{
	for (int i = 0; i < GROUP_COUNTERS; i++)
		counters[i] = columns_find(names[i], strlen(names[i]));
	*groups = (struct groups){ .max = max, .others.name = GROUPS_OTHERS };
	groups->all = calloc(max, sizeof(*groups->all));
	return groups->all;
}

void groups_count(struct groups *groups, const struct faultline_record *record,
		  const struct faultline_record *before)
{
	struct group *group = find_or_add(groups, record->comm);
	uint64_t now, then;

	for (int i = 0; i < GROUP_COUNTERS; i++) {
		if (!is_known(record, i))
			continue;
		now = value(record, i);
		then = before && is_known(before, i) ? value(before, i) : 0;
		/* In a ring that is none of ours anything may stand. */
		if (now > then)
			group->counters[i] += now - then;
	}
}

static void join(struct group *group, const struct faultline_record *record)
{
	group->processes++;
	group->rss_bytes += record->rss_bytes;
	group->swap_bytes += record->swap_bytes;
	for (int i = 0; i < GROUP_COUNTERS; i++)
		group->lacking[i] += !is_known(record, i);
}

static void leave(struct group *group, const struct faultline_record *record)
{
	group->processes--;
	group->rss_bytes -= record->rss_bytes;
	group->swap_bytes -= record->swap_bytes;
	for (int i = 0; i < GROUP_COUNTERS; i++)
		group->lacking[i] -= !is_known(record, i);
}

void groups_place(struct groups *groups, const struct faultline_record *record,
		  const struct faultline_record *before)
{
	struct group *home = before ? home_of(groups, before->comm) : NULL;
	struct group *group = find_or_add(groups, record->comm);

	if (group == &groups->others && group != home)
		groups->folded++;
	for (int i = 0; i < GROUP_COUNTERS; i++)
		group->known |= (uint32_t)is_known(record, i) << i;
	if (home)
		leave(home, before);
	if (!processes_ended(record))
		join(group, record);
}

void groups_remove(struct groups *groups, const struct faultline_record *before)
{
	leave(home_of(groups, before->comm), before);
}

const struct group *groups_at(const struct groups *groups, unsigned int number)
{
	if (number < groups->count)
		return groups->all[number];
	return number == groups->count && groups->folded ? &groups->others : NULL;
}

bool group_knows(const struct group *group, enum group_counter counter)
{
	return group->known & 1u << counter && !group->lacking[counter];
}

static void forget(void *group)
{
	free(group);
}

void groups_free(struct groups *groups)
{
	tdestroy(groups->tree, forget);
	free(groups->all);
}
