/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reads Faultline's ring: the only code in user space that touches the shared
 * memory.  uapi/faultline.h is the protocol.
 *
 * open -> next, wait ... -> close
 *
 * It is a library of its own: it needs libc and uapi/faultline.h, and nothing of the
 * program's.  A reader belongs to one thread; any number of them read one ring.
 *
 *	struct faultline_record record;
 *	struct ring_reader reader;
 *	char why[256];
 *	bool last;
 *
 *	if (!ring_reader_open(&reader, FAULTLINE_DEVICE, why, sizeof(why)))
 *		errx(1, "%s", why);
 *	do {
 *		last = ring_reader_run_over(&reader);
 *		while (ring_reader_next(&reader, &record))
 *			printf("%d: %llu\n", record.pid, record.minor_faults);
 *	} while (!last && ring_reader_wait(&reader, NULL));
 *	ring_reader_close(&reader);
 *
 *	cc -D_GNU_SOURCE -I../module -c ring_reader.c, and link with ring_reader.o
 */
#ifndef RING_READER_H
#define RING_READER_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "uapi/faultline.h"

/**
 * struct ring_reader - one reader's place in the ring
 * @fd: the open device
 * @header: the mapped ring
 * @mapped_bytes: length of the mapping
 * @next: number of the record that comes next
 * @lost: records that were overwritten before this reader came to them
 * @file: it is not the device but a file, which wakes nobody
 */
struct ring_reader {
	int fd;
	const struct faultline_header *header;
	size_t mapped_bytes;
	uint64_t next;
	uint64_t lost;
	bool file;
};

/**
 * ring_reader_open() - map the ring and stand at the first record of its run
 * @reader: filled in
 * @path: the device
 * @why: on failure, one line of what is wrong, without a newline
 * @why_size: bytes of @why
 *
 * Return: true, or false with @why.
 */
bool ring_reader_open(struct ring_reader *reader, const char *path, char *why, size_t why_size);

/**
 * ring_reader_open_faults() - the same of a CPU's ring of the fault trace
 * @reader: filled in
 * @path: the device
 * @cpu: whose
 * @why: as above
 * @why_size: as above
 *
 * It is read by ring_reader_next_fault(), and never told that there is more.
 *
 * Return: true; false with @why, and ENXIO in errno if there is no such ring.
 */
bool ring_reader_open_faults(struct ring_reader *reader, const char *path, unsigned int cpu,
			     char *why, size_t why_size);

/**
 * ring_reader_rewind() - stand at the first record ever instead
 * @reader: an open reader; what the ring no longer holds will count as lost
 */
void ring_reader_rewind(struct ring_reader *reader);

/**
 * ring_reader_skip() - stand behind the newest record instead
 * @reader: an open reader
 */
void ring_reader_skip(struct ring_reader *reader);

/**
 * ring_reader_next() - copy the next record, without a system call
 * @reader: an open reader; @reader->lost grows when the writer was faster
 * @record: filled in
 *
 * Return: true, or false when the reader has seen everything there is.
 */
bool ring_reader_next(struct ring_reader *reader, struct faultline_record *record);

/**
 * ring_reader_next_fault() - copy the next fault, without a system call
 * @reader: an open reader of faults; @reader->lost grows when the writer was faster
 * @fault: filled in
 *
 * Return: true, or false when the reader has seen everything there is.
 */
bool ring_reader_next_fault(struct ring_reader *reader, struct faultline_fault *fault);

/**
 * ring_reader_run_over() - is no registered process left?
 * @reader: an open reader
 *
 * Ask before reading: when it says yes, ring_reader_next() until it says false
 * gives everything that the run will ever have.
 *
 * Return: true if so.
 */
bool ring_reader_run_over(const struct ring_reader *reader);

/**
 * ring_reader_wait() - sleep until there may be more
 * @reader: an open reader that has seen everything
 * @signals: signal mask while asleep, as in ppoll(2); NULL leaves it as it is
 *
 * Return: true, or false with errno, EINTR after a signal.
 */
bool ring_reader_wait(const struct ring_reader *reader, const sigset_t *signals);

/**
 * ring_reader_close() - unmap and close
 * @reader: an open reader
 */
void ring_reader_close(struct ring_reader *reader);

#endif /* RING_READER_H */
