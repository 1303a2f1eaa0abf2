/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A compiled trace: what a program did to its memory, page by page, in a file that is
 * mapped read-only and shared by all simulations.
 *
 *	struct trace_header
 *	struct run   runs[header.runs]		in the order in which they happened
 *	uint64_t     next[header.runs]		the next run of the same page
 *	struct page  pages[header.pages]	what is behind a page's number
 *	struct event events[header.events]	what happened besides, in order
 *	uint64_t     sums[]			a checksum of each TRACE_BLOCK of all above
 *	uint64_t     seal			a checksum of the sums
 *
 * Numbers are those of the machine that wrote it.  Pages are numbered densely, in the
 * order of their first use, so that a simulation knows each by an index.
 *
 * open -> runs, next, pages -> close
 */
#ifndef TRACE_H
#define TRACE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "why.h"

#define TRACE_MAGIC	"FLTRACE\n"
/* Of a page that is not used again. */
#define TRACE_NEVER	UINT64_MAX
/* In struct run's count: the first access of the run writes; else none does. */
#define RUN_WRITTEN	0x80000000u

enum {
	TRACE_VERSION		= 1,
	TRACE_ENDIAN		= 0x01020304,
	TRACE_BLOCK		= 1 << 20,
	/* log2 of page sizes: of 64 bytes, to 1 TB. */
	TRACE_SHIFT_MIN		= 6,
	TRACE_SHIFT_MAX		= 40,
	/* Accesses of a run; more of them are several runs. */
	RUN_COUNT_MAX		= 0x7fffffff,
};

/* Numbers beyond them are left for the heads of lists. */
#define TRACE_PAGES_MAX	0xfffffff0u

/**
 * struct trace_header - the start of the file
 * @magic: TRACE_MAGIC
 * @version: TRACE_VERSION
 * @endian: TRACE_ENDIAN, in the byte order of all numbers
 * @page_shift: log2 of the page size in bytes; 0 if the pages are objects, without a size
 * @events: how many
 * @sampled: 1 if only some accesses are in it, as somebody looked now and then; or 0
 * @accesses: how many there were
 * @runs: accesses in succession to one page
 * @pages: distinct ones
 * @bytes: of the whole file
 */
struct trace_header {
	char magic[8];
	uint32_t version;
	uint32_t endian;
	uint16_t page_shift;
	uint16_t sampled;
	uint32_t events;
	uint64_t accesses;
	uint64_t runs;
	uint64_t pages;
	uint64_t bytes;
};

static_assert(sizeof(struct trace_header) == 56, "it is in files");

/**
 * struct run - accesses in succession to one page
 * @page: its number
 * @count: how many, at least 1, and RUN_WRITTEN
 */
struct run {
	uint32_t page;
	uint32_t count;
};

static_assert(sizeof(struct run) == 8, "it is in files");

/**
 * struct page - what is behind a page's number
 * @number: its address without the offset in the page
 * @pid: whose it is
 * @zero: 0
 */
struct page {
	uint64_t number;
	uint32_t pid;
	uint32_t zero;
};

static_assert(sizeof(struct page) == 16, "it is in files");

/**
 * enum event_kind - what happens besides accesses
 * @EVENT_NONE: nothing
 * @EVENT_FORK: a process has a child, which gets all of its memory
 * @EVENT_EXIT: a process leaves its memory
 * @EVENT_ANONYMOUS: addresses are private memory of no file, as all are of which nothing is said
 * @EVENT_SHARED: addresses are memory that processes share, and that goes to swap
 * @EVENT_FILE: addresses are a file, which what is written reaches
 * @EVENT_PRIVATE: addresses are a file, of which what is written is a private copy
 * @EVENT_NODE: a process runs on another NUMA node from now on
 */
enum event_kind {
	EVENT_NONE,
	EVENT_FORK,
	EVENT_EXIT,
	EVENT_ANONYMOUS,
	EVENT_SHARED,
	EVENT_FILE,
	EVENT_PRIVATE,
	EVENT_NODE,
};

/**
 * struct event - something that happens besides accesses
 * @run: before this run
 * @address: of a mapping, the first
 * @bytes: of a mapping, at least 1, and no more than there are behind @address
 * @offset: of the file, what is at @address
 * @pid: whose memory
 * @kind: of enum event_kind
 * @other: the child; or the number of the file, the shared memory or the node
 * @zero: 0
 */
struct event {
	uint64_t run;
	uint64_t address;
	uint64_t bytes;
	uint64_t offset;
	uint32_t pid;
	uint32_t kind;
	uint32_t other;
	uint32_t zero;
};

static_assert(sizeof(struct event) == 48, "it is in files");

/* Does it say what is at some addresses? */
static inline bool event_maps(const struct event *event)
{
	return event->kind >= EVENT_ANONYMOUS && event->kind <= EVENT_PRIVATE;
}

/**
 * struct trace - a trace that can be replayed
 * @header: its counts
 * @runs: see above
 * @next: see above
 * @pages: see above
 * @events: see above
 * @map: the mapped file
 */
struct trace {
	struct trace_header header;
	const struct run *runs;
	const uint64_t *next;
	const struct page *pages;
	const struct event *events;
	void *map;
};

/* Accesses of a run. */
static inline uint32_t run_accesses(struct run run)
{
	return run.count & ~RUN_WRITTEN;
}

/**
 * trace_sums() - how many checksums a trace of this size has
 * @bytes: of what stands before them
 */
static inline uint64_t trace_sums(uint64_t bytes)
{
	return (bytes + TRACE_BLOCK - 1) / TRACE_BLOCK;
}

/**
 * trace_checksum() - tells altered bytes from those that were written
 * @data: some
 * @bytes: how many
 */
uint64_t trace_checksum(const void *data, size_t bytes);

/**
 * trace_body() - how many bytes stand before the checksums
 * @header: the counts
 *
 * Return: 0 if no file is that large.
 */
uint64_t trace_body(const struct trace_header *header);

/**
 * trace_is_compiled() - does a file start as a compiled trace does?
 * @start: its first bytes
 * @bytes: how many
 */
bool trace_is_compiled(const void *start, size_t bytes);

/**
 * trace_open() - map a file, having seen that it is whole
 * @trace: filled in
 * @fd: the file, which may be closed then
 * @why: of WHY_BYTES; if it is no good, what is wrong and at which byte
 *
 * Return: true, or false with @why.
 */
bool trace_open(struct trace *trace, int fd, char *why);

/**
 * trace_close() - unmap it
 * @trace: the trace
 */
void trace_close(struct trace *trace);

#endif /* TRACE_H */
