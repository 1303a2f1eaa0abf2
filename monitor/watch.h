/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Some registrations and all that were followed from them: which records are theirs, and
 * what they came to.
 */
#ifndef WATCH_H
#define WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "uapi/faultline.h"

/**
 * struct watch - what is watched; all zero before the first
 * @members: a tsearch(3) tree of all that ever were
 * @seen: how many had a record
 * @open: how many have not ended
 * @counts: the sum of those that have ended, with the flags that all of them had
 * @rss_bytes: of all in their last samples
 * @peak_rss_bytes: the most that it was
 */
struct watch {
	void *members;
	size_t seen;
	size_t open;
	struct faultline_record counts;
	uint64_t rss_bytes;
	uint64_t peak_rss_bytes;
};

/**
 * watch_root() - watch a registration and who is followed from it
 * @watch: the watch
 * @id: the registration
 *
 * Return: true, or false without memory.
 */
bool watch_root(struct watch *watch, uint64_t id);

/**
 * watch_record() - look at a record
 * @watch: the watch
 * @record: the next from the ring
 *
 * Return: true if it is one of theirs.
 */
bool watch_record(struct watch *watch, const struct faultline_record *record);

/**
 * watch_ended() - has this registration's last record been seen?
 * @watch: the watch
 * @id: the registration
 *
 * Return: true if so, or if it is not watched.
 */
bool watch_ended(const struct watch *watch, uint64_t id);

/**
 * watch_summary() - write what they came to, as time(1) does
 * @watch: the watch
 * @file: where to
 * @elapsed_ns: how long it took
 * @lost: records that were overwritten unread
 */
void watch_summary(const struct watch *watch, FILE *file, uint64_t elapsed_ns, uint64_t lost);

/**
 * watch_free() - forget all
 * @watch: the watch
 */
void watch_free(struct watch *watch);

#endif /* WATCH_H */
