// SPDX-License-Identifier: GPL-2.0
#include <search.h>
#include <stdlib.h>

#include "processes.h"

static int compare_ids(const void *a, const void *b)
{
	const struct faultline_record *left = a, *right = b;

	return (left->id > right->id) - (left->id < right->id);
}

const struct faultline_record *processes_last(const struct processes *processes,
					      const struct faultline_record *record)
{
	struct faultline_record **found = tfind(record, &processes->tree, compare_ids);

	return found ? *found : NULL;
}

static void add(struct processes *processes, const struct faultline_record *record)
{
	struct faultline_record *added = malloc(sizeof(*added));

	processes->seen++;
	if (!added)
		return;
	*added = *record;
	if (!tsearch(added, &processes->tree, compare_ids))
		free(added);
}

void processes_update(struct processes *processes, const struct faultline_record *record)
{
	struct faultline_record *last = (void *)processes_last(processes, record);

	if (!last) {
		add(processes, record);
		last = (void *)processes_last(processes, record);
	} else {
		*last = *record;
	}
	if (last && record->flags & (FAULTLINE_EXITED | FAULTLINE_UNREGISTERED)) {
		tdelete(last, &processes->tree, compare_ids);
		free(last);
	}
}

void processes_free(struct processes *processes)
{
	tdestroy(processes->tree, free);
	processes->tree = NULL;
}
