/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Text on its way into a file: whole lines only, so that whoever reads along, or looks
 * at what a full disk left, never sees half of one.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

enum {
	OUTPUT_LINE_MAX	= 704,
	OUTPUT_BYTES	= 4096,
};

/**
 * struct output - lines being written
 * @fd: where they go
 * @error: errno of the first write that failed, or 0; nothing is written after it
 * @lines: complete lines on their way out; as many as a pipe takes in one piece
 * @used: bytes of @lines
 */
struct output {
	int fd;
	int error;
	char lines[OUTPUT_BYTES];
	size_t used;
};

/**
 * output_renew() - what a file held goes, as there is something to take its place
 * @fd: of a file; standard output keeps what it has
 *
 * Return: true, or false with errno.
 */
bool output_renew(int fd);

/**
 * output_reserve() - where the next line goes
 * @output: an output
 *
 * Return: room for OUTPUT_LINE_MAX bytes.
 */
char *output_reserve(struct output *output);

/**
 * output_room() - where the next line goes, however long it may be
 * @output: an output
 * @bytes: not more than OUTPUT_BYTES
 *
 * Return: room for @bytes.
 */
char *output_room(struct output *output, size_t bytes);

/**
 * output_commit() - a line stands in what output_reserve() gave
 * @output: the output
 * @end: behind its newline
 */
void output_commit(struct output *output, const char *end);

/**
 * output_line() - one line, as printf(3)
 * @output: an output
 * @format: with its newline; what would not fit in OUTPUT_LINE_MAX is cut
 */
__attribute__((format(printf, 2, 3)))
void output_line(struct output *output, const char *format, ...);

/**
 * output_flush() - hand over the lines that are ready
 * @output: an output
 */
void output_flush(struct output *output);

#endif /* OUTPUT_H */
