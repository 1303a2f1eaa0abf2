/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters that follow the ring for as long as the program runs: one thread reads records,
 * any thread renders.
 *
 * open -> catch_up, wait ... -> close
 */
#ifndef LIVE_H
#define LIVE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "groups.h"
#include "openmetrics.h"
#include "processes.h"
#include "ring_reader.h"

/**
 * struct live - counters that begin with 0 when they are opened
 * @reader: of the ring
 * @processes: with their last records
 * @lock: guards what follows
 * @groups: by command name
 * @lost: records lost since
 * @version: grows with each of all these changes
 * @suspect_seq: processes without a record from this one on may have gone unnoticed, for
 *	records were lost; 0 if there are none
 * @suspect_ticks: of the ring when that was found
 */
struct live {
	struct ring_reader reader;
	struct processes processes;
	pthread_mutex_t lock;
	struct groups groups;
	uint64_t lost;
	uint64_t version;
	uint64_t suspect_seq;
	uint64_t suspect_ticks;
};

/**
 * live_open() - open a ring, and learn who is there
 * @live: filled in
 * @device: the ring
 * @groups: how many names there may be
 * @why: on failure, one line of what is wrong, without a newline
 * @why_size: bytes of @why
 *
 * What the ring holds already is not counted: a server that is started again would
 * count it twice.
 *
 * Return: true, or false with @why.
 */
bool live_open(struct live *live, const char *device, unsigned int groups, char *why,
	       size_t why_size);

/**
 * live_catch_up() - read all records that there are
 * @live: open counters
 */
void live_catch_up(struct live *live);

/**
 * live_version() - has anything changed?
 * @live: open counters
 *
 * Context: any thread.
 * Return: another number than last time if so.
 */
uint64_t live_version(struct live *live);

/**
 * live_render() - the counters as text
 * @live: open counters
 * @dialect: of the text
 * @bytes: its length
 *
 * Context: any thread.
 * Return: the text, for free(3); NULL without memory.
 */
char *live_render(struct live *live, enum openmetrics_dialect dialect, size_t *bytes);

/**
 * live_close() - close the ring and forget the counters
 * @live: open counters that nobody renders any more
 */
void live_close(struct live *live);

#endif /* LIVE_H */
