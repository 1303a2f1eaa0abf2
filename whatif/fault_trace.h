/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A fault trace, as `faultline record --faults` writes it.  It is not a trace of accesses: of
 * a page that is there it does not say whether it is used.
 *
 * read -> free
 */
#ifndef FAULT_TRACE_H
#define FAULT_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * enum fault_deed - what a fault did to its page
 * @FAULT_FIRST: mapped it: there was none before
 * @FAULT_COPY: copied it, as it was shared
 * @FAULT_OTHER: made it writable, or nothing that is asked for
 */
enum fault_deed { FAULT_FIRST, FAULT_COPY, FAULT_OTHER };

/**
 * struct fault - one, in numbers of pages
 * @page: it
 * @begin: of its mapping
 * @end: behind that
 * @pid: whose memory
 * @deed: what it did
 * @anon: it copied what fork() had left shared
 * @major: it waited for I/O
 * @reads: it did not write
 * @of_file: its mapping is of a file, or shared as one
 * @grows_down: its mapping does
 */
struct fault {
	uint64_t page;
	uint64_t begin;
	uint64_t end;
	uint32_t pid;
	enum fault_deed deed;
	bool anon;
	bool major;
	bool reads;
	bool of_file;
	bool grows_down;
};

/**
 * struct fault_trace - all of them
 * @faults: in the order in which they ended; none that came again, failed, or is of hugetlbfs
 * @count: how many
 * @page_shift: log2 of the page size
 * @around: pages that a fault on a file mapped when it was recorded; 0 if that is not known
 * @copies_known: it tells copies
 * @lost: so many are missing, at most
 * @lost_unknown: and others may be, which could not be counted
 */
struct fault_trace {
	struct fault *faults;
	size_t count;
	uint32_t page_shift;
	uint64_t around;
	bool copies_known;
	uint64_t lost;
	bool lost_unknown;
};

/**
 * fault_trace_read() - read a file
 * @trace: filled in
 * @path: the file; "-" is standard input
 *
 * Return: true, or false having said why.
 */
bool fault_trace_read(struct fault_trace *trace, const char *path);

/**
 * fault_trace_free() - forget it
 * @trace: which was read
 */
void fault_trace_free(struct fault_trace *trace);

#endif /* FAULT_TRACE_H */
