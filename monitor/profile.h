/* SPDX-License-Identifier: GPL-2.0 */
/*
 * profile.dat: records as text that gnuplot and numpy read.
 *
 * Lines that start with # tell of the run, of the columns with their units, of
 * each process when it is first seen or renamed, and of lost records where they
 * were lost and in total; all others are one record each.
 *
 * begin -> row ... -> end
 */
#ifndef PROFILE_H
#define PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "uapi/faultline.h"

/**
 * struct profile - a profile being written
 * @fd: where it goes
 * @error: errno of the first write that failed, or 0; nothing is written after it
 * @lines: complete lines on their way out; as many as a pipe takes in one piece
 * @used: bytes of @lines
 * @hz: sampling rate as written last
 * @cow_method: as written last
 * @latency: what is being timed, as written last
 * @copy_cost_ns: as written last
 * @fault_cost_ns: as written last
 * @processes: those seen and not ended, a tsearch(3) tree
 * @process_count: processes ever seen
 * @row_count: rows written
 * @lost: records reported lost so far
 */
struct profile {
	int fd;
	int error;
	char lines[4096];
	size_t used;
	uint32_t hz;
	char cow_method[FAULTLINE_METHOD_LEN];
	uint32_t latency;
	uint64_t copy_cost_ns;
	uint64_t fault_cost_ns;
	void *processes;
	uint64_t process_count;
	uint64_t row_count;
	uint64_t lost;
};

/**
 * profile_begin() - write what stands above the rows
 * @profile: filled in
 * @fd: an open file
 * @header: the ring's header
 */
void profile_begin(struct profile *profile, int fd, const struct faultline_header *header);

/**
 * profile_row() - write a record
 * @profile: a profile that has begun
 * @header: the ring's header, in case that it says something new
 * @record: the record
 * @lost: records lost before it, in total
 */
void profile_row(struct profile *profile, const struct faultline_header *header,
		 const struct faultline_record *record, uint64_t lost);

/**
 * profile_flush() - hand over the lines that are ready
 * @profile: a profile that has begun
 */
void profile_flush(struct profile *profile);

/**
 * profile_end() - write the total of lost records, flush, free
 * @profile: a profile that has begun
 * @lost: records lost in total
 */
void profile_end(struct profile *profile, uint64_t lost);

#endif /* PROFILE_H */
