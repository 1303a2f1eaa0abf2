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
	if (last && processes_ended(record)) {
		tdelete(last, &processes->tree, compare_ids);
		free(last);
	}
}

/* Those that had their last record before @seq. */
struct stale {
	uint64_t seq;
	struct faultline_record **records;
	size_t count;
	size_t room;
};

static void collect(const void *node, VISIT visit, void *closure)
{
	struct faultline_record *record = *(struct faultline_record **)node, **more;
	struct stale *stale = closure;

	if ((visit != postorder && visit != leaf) || record->seq >= stale->seq)
		return;
	if (stale->count == stale->room) {
		more = reallocarray(stale->records, stale->room + 64, sizeof(*more));
		if (!more)
			return;
		stale->records = more;
		stale->room += 64;
	}
	stale->records[stale->count++] = record;
}

void processes_forget_before(struct processes *processes, uint64_t seq,
			     void (*gone)(void *context, const struct faultline_record *last),
			     void *context)
{
	struct stale stale = { .seq = seq };

	twalk_r(processes->tree, collect, &stale);
	for (size_t i = 0; i < stale.count; i++) {
		gone(context, stale.records[i]);
		tdelete(stale.records[i], &processes->tree, compare_ids);
		free(stale.records[i]);
	}
	free(stale.records);
}

void processes_free(struct processes *processes)
{
	tdestroy(processes->tree, free);
	processes->tree = NULL;
}
