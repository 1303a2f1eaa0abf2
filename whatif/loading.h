/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A trace from whatever file: one that is compiled is mapped, any other compiled into a file
 * that nobody sees, and so is one whose pages are to be larger.
 */
#ifndef LOADING_H
#define LOADING_H

#include <stdbool.h>

#include "source.h"
#include "trace.h"

enum {
	/* The page size if nobody says another: 4 KB. */
	LOADING_PAGE_SHIFT	= 12,
};

/**
 * loading_unnamed() - a file without a name, of which nothing is left when the program ends
 * @why: of WHY_BYTES; one line of what is wrong
 *
 * Return: it, or -1 with @why.
 */
int loading_unnamed(char *why);

/**
 * loading_compile() - compile a file
 * @path: the file; "-" is standard input
 * @format: what it is written in, or NULL to see by itself
 * @page_shift: log2 of the page size; taken for none if the file is of objects
 * @fd: an empty file, open for reading and writing
 * @out: its name, for messages
 * @why: of WHY_BYTES; one line of what is wrong
 *
 * Return: true, or false with @why.
 */
bool loading_compile(const char *path, const struct source_format *format, uint32_t page_shift,
		     int fd, const char *out, char *why);

/**
 * loading_trace() - a trace with pages of a size
 * @trace: filled in
 * @path: the file; "-" is standard input
 * @format: what it is written in, or NULL to see by itself
 * @page_shift: log2 of the page size, or 0 for that which the file has, or 4 KB
 * @why: of WHY_BYTES; one line of what is wrong
 *
 * Return: true, or false with @why.
 */
bool loading_trace(struct trace *trace, const char *path, const struct source_format *format,
		   uint32_t page_shift, char *why);

/**
 * loading_enlarge() - the same accesses, to larger pages
 * @trace: filled in
 * @small: a trace
 * @page_shift: log2 of the page size
 * @why: of WHY_BYTES; one line of what is wrong
 *
 * Return: true, or false with @why.
 */
bool loading_enlarge(struct trace *trace, const struct trace *small, uint32_t page_shift,
		     char *why);

/**
 * loading_written() - the accesses to each page from the first one on that writes it
 * @written: filled in; without events
 * @trace: all accesses
 * @why: of WHY_BYTES; one line of what is wrong
 *
 * Until then a page is a file's, or the one of zeros that all share: no frame is the process's own.
 *
 * Return: true, or false with @why.
 */
bool loading_written(struct trace *written, const struct trace *trace, char *why);

#endif /* LOADING_H */
