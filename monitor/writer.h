/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records on their way into a file, in one of the formats.
 *
 * begin -> record ... -> end
 */
#ifndef WRITER_H
#define WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "format.h"
#include "output.h"
#include "processes.h"

/**
 * struct writer - a file being written
 * @format: in which
 * @state: the format's
 * @output: where to; its error tells that the file is not whole
 * @origin: where the records come from
 * @processes: of the records so far
 * @records: written so far
 */
struct writer {
	const struct format *format;
	void *state;
	struct output output;
	struct origin origin;
	struct processes processes;
	uint64_t records;
};

/**
 * writer_begin() - write what stands above the records
 * @writer: filled in
 * @format: a format
 * @fd: an open file
 * @origin: where the records will come from; copied, but its header stays where it is
 */
void writer_begin(struct writer *writer, const struct format *format, int fd,
		  const struct origin *origin);

/**
 * writer_record() - write a record
 * @writer: a writer that has begun
 * @record: the record
 * @lost: records lost before it, in total
 */
void writer_record(struct writer *writer, const struct faultline_record *record,
		   uint64_t lost);

/**
 * writer_flush() - hand over the lines that are ready
 * @writer: a writer that has begun
 */
void writer_flush(struct writer *writer);

/**
 * writer_end() - write what stands below, flush, free
 * @writer: a writer that has begun
 * @lost: records lost in total
 */
void writer_end(struct writer *writer, uint64_t lost);

#endif /* WRITER_H */
