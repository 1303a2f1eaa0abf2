/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The processes of a stream of records, with the last record of each.
 */
#ifndef PROCESSES_H
#define PROCESSES_H

#include <stdbool.h>
#include <stdint.h>

#include "uapi/faultline.h"

/**
 * struct processes - those seen and not ended
 * @tree: a tsearch(3) tree
 * @seen: processes ever seen
 */
struct processes {
	void *tree;
	uint64_t seen;
};

/**
 * processes_ended() - is this its process's last record?
 * @record: a record
 *
 * Return: true if so.
 */
static inline bool processes_ended(const struct faultline_record *record)
{
	return record->flags & (FAULTLINE_EXITED | FAULTLINE_UNREGISTERED);
}

/**
 * processes_last() - the record before this one, of the same process
 * @processes: the processes
 * @record: a new record
 *
 * Return: that record, good until processes_update(); NULL if this is the first.
 */
const struct faultline_record *processes_last(const struct processes *processes,
					      const struct faultline_record *record);

/**
 * processes_update() - remember a record, or forget its process if it is the last
 * @processes: the processes
 * @record: the record
 *
 * Without memory a process is not remembered: each of its records looks like a first.
 */
void processes_update(struct processes *processes, const struct faultline_record *record);

/**
 * processes_forget_before() - forget those that have had no record for long
 * @processes: the processes
 * @seq: number of a record; who has had this one or a later one stays
 * @gone: is told of each one's last record
 * @context: for @gone
 */
void processes_forget_before(struct processes *processes, uint64_t seq,
			     void (*gone)(void *context, const struct faultline_record *last),
			     void *context);

/**
 * processes_free() - forget all but how many there were
 * @processes: the processes
 */
void processes_free(struct processes *processes);

#endif /* PROCESSES_H */
