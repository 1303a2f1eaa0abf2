/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reads a profile.dat back, in one pass and in as much memory as its processes need:
 * columns that it does not have yet, or no longer, are n/a, and lines and columns that
 * this program does not know are left out.
 *
 * open -> next ... -> close
 */
#ifndef RECORDING_H
#define RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "columns.h"
#include "format.h"
#include "histogram.h"

enum {
	RECORDING_FIELDS_MAX	= 256,
	RECORDING_WHY_BYTES	= 512,
};

/**
 * struct recording - a file being read
 * @path: its name, for messages
 * @origin: where its records come from; the header's settings change as the file tells
 * @lost: records lost until now
 * @histograms: times of copies and faults, known where the file has ended
 * @why: empty, or one line of what is wrong: "path:line: what", without a newline
 *
 * And for recording.c alone:
 * @header: what @origin points to
 * @fd: the open file
 * @buffer: what was read of it
 * @begin: of @buffer, what comes next
 * @end: of @buffer, behind what was read
 * @line: number of the line that was read last, from 1
 * @order: the column of each field of a row, or NULL where it is not known
 * @fields: of a row; 0 until the line of columns
 * @flags: for which @unknown was worked out
 * @unknown: columns that are n/a with these flags
 * @seq: of the last record
 * @ended: the line that ends a recording has come
 * @names: a tsearch(3) tree of the names of processes
 */
struct recording {
	const char *path;
	struct origin origin;
	uint64_t lost;
	struct histogram histograms[HISTOGRAM_MEASURES];
	char why[RECORDING_WHY_BYTES];

	struct faultline_header header;
	int fd;
	char *buffer;
	size_t begin;
	size_t end;
	uint64_t line;
	const struct column *order[RECORDING_FIELDS_MAX];
	int fields;
	uint32_t flags;
	uint64_t unknown;
	uint64_t seq;
	bool ended;
	void *names;
};

/**
 * recording_open() - open a file, and read up to its line of columns
 * @recording: filled in; stays where it is
 * @path: the file; "-" is standard input
 *
 * Return: true, or false with @recording->why and nothing to close.
 */
bool recording_open(struct recording *recording, const char *path);

/**
 * recording_next() - the next record
 * @recording: an open recording
 * @record: filled in
 *
 * Return: true; false at the end, or with @recording->why where the file is damaged:
 * everything before that is good.
 */
bool recording_next(struct recording *recording, struct faultline_record *record);

/**
 * recording_close() - close, and free
 * @recording: an open recording
 */
void recording_close(struct recording *recording);

#endif /* RECORDING_H */
