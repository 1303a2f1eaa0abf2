/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Makes a compiled trace of accesses, in memory for its distinct pages only.
 *
 * begin -> add ... -> end, or abandon
 */
#ifndef COMPILER_H
#define COMPILER_H

#include <stdbool.h>
#include <stdint.h>

#include "page_ids.h"
#include "source.h"
#include "trace.h"

enum { COMPILER_RUNS = 8192 };

/**
 * struct compiler - a compiled trace being written
 * @fd: the file, which can be read back
 * @header: as it will be
 * @ids: the pages
 * @runs: those that are not written yet; the last may become longer
 * @pending: how many
 * @events: all
 * @room: for how many of these
 */
struct compiler {
	int fd;
	struct trace_header header;
	struct page_ids ids;
	struct run runs[COMPILER_RUNS];
	uint32_t pending;
	struct event *events;
	uint32_t room;
};

/**
 * compiler_begin() - start
 * @compiler: filled in
 * @fd: an empty file, open for reading and writing
 * @page_shift: log2 of the page size; 0 if pages are objects
 *
 * Return: true, or false with errno.
 */
bool compiler_begin(struct compiler *compiler, int fd, uint32_t page_shift);

/**
 * compiler_add() - the next access or event
 * @compiler: begun
 * @access: it; one that spans several pages is one access to each
 *
 * Return: true, or false with errno; ERANGE if it goes beyond the last address.
 */
bool compiler_add(struct compiler *compiler, const struct access *access);

/**
 * compiler_end() - complete the file, and free
 * @compiler: begun
 *
 * Return: true, or false with errno; ENODATA if there was no access at all.
 */
bool compiler_end(struct compiler *compiler);

/**
 * compiler_abandon() - free, and leave half a file
 * @compiler: begun
 */
void compiler_abandon(struct compiler *compiler);

#endif /* COMPILER_H */
