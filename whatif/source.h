/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A file of accesses, in any of the formats that there are, one access after the other.
 *
 * open -> next ... -> close
 */
#ifndef SOURCE_H
#define SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace.h"

enum {
	SOURCE_WHY_BYTES	= 512,
	/* Of the longest line; more of them are no trace. */
	SOURCE_LINE_MAX		= 1 << 16,
	/* No instruction touches more. */
	ACCESS_BYTES_MAX	= 1 << 16,
};

/**
 * struct access - somebody touches memory; or something else happens
 * @address: of the first byte; of an object, which it is
 * @bytes: how many, at least 1; an object is not split
 * @pid: whose memory
 * @write: does the first of them write?
 * @count: how often in succession
 * @event: what happens instead, if that is not EVENT_NONE; without its run
 */
struct access {
	uint64_t address;
	uint32_t bytes;
	uint32_t pid;
	bool write;
	uint64_t count;
	struct event event;
};

struct source;

/**
 * struct source_format - a way to write accesses down
 * @name: on the command line
 * @objects: are they to objects, of which each is a page by itself?
 * @recognizes: does a file start so?  NULL if nobody can tell
 * @next: as source_next()
 */
struct source_format {
	const char *name;
	bool objects;
	bool (*recognizes)(const char *start, size_t bytes);
	bool (*next)(struct source *source, struct access *access);
};

extern const struct source_format source_drmemtrace, source_faults, source_lackey, source_oracle_general,
	source_pid_text;

/**
 * struct source - a file being read
 * @path: its name, for messages
 * @format: what it is written in
 * @pid: whose accesses come next, where lines do not say
 * @sampled: until now, did it say that not all accesses are in it?
 * @why: empty, or one line of what is wrong and at which byte
 *
 * And for source.c alone:
 * @fd: the open file
 * @buffer: what was read of it
 * @begin: of @buffer, what comes next
 * @end: of @buffer, behind what was read
 * @offset: of the file, what @begin is
 * @last: of the file, where the last item began
 * @whole: nothing comes after @buffer
 */
struct source {
	const char *path;
	const struct source_format *format;
	uint32_t pid;
	bool sampled;
	char why[SOURCE_WHY_BYTES];

	int fd;
	char *buffer;
	size_t begin;
	size_t end;
	uint64_t offset;
	uint64_t last;
	bool whole;
};

/**
 * source_format_called() - the format of this name
 * @name: as on the command line
 *
 * Return: it, or NULL.
 */
const struct source_format *source_format_called(const char *name);

/* The option whose text source_format_chosen() takes. */
#define SOURCE_FORMAT_OPTION							\
	{ "from", 'f', "FORMAT", 0, "What the trace is written in: pid, lackey, drmemtrace or " \
	  "oracleGeneral", 0 }

/**
 * source_format_chosen() - the format of this name, or end the program
 * @name: as on the command line
 */
const struct source_format *source_format_chosen(const char *name);

/**
 * source_open() - open a file
 * @source: filled in
 * @path: the file; "-" is standard input
 * @format: what it is written in, or NULL to see by how it starts
 *
 * Return: true, or false with @source->why and nothing to close.
 */
bool source_open(struct source *source, const char *path, const struct source_format *format);

/**
 * source_next() - the next access
 * @source: an open source
 * @access: filled in
 *
 * Return: true; false at the end, or with @source->why where it is damaged.
 */
bool source_next(struct source *source, struct access *access);

/**
 * source_close() - close, and free
 * @source: an open source
 */
void source_close(struct source *source);

/* ---- For the formats ---- */

/**
 * source_bytes() - the next so many bytes
 * @source: an open source
 * @bytes: how many, at most SOURCE_LINE_MAX
 *
 * Return: them; NULL at the end, or with @source->why where it is in the midst of them.
 */
const char *source_bytes(struct source *source, size_t bytes);

/**
 * source_line() - the next line
 * @source: an open source
 * @end: behind its last character, where its newline is or would be
 *
 * Return: its first character; NULL at the end, or with @source->why.
 */
const char *source_line(struct source *source, const char **end);

/**
 * source_refuse() - say what is wrong with the bytes or the line that came last
 * @source: an open source
 * @format: what, as in printf(3)
 *
 * Return: false.
 */
bool source_refuse(struct source *source, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * source_number() - a number at the start of a text
 * @at: the text; set behind the number
 * @end: of the text
 * @base: 10 or 16
 * @number: filled in
 *
 * Return: false if there is none, or none that 64 bits hold.
 */
bool source_number(const char **at, const char *end, int base, uint64_t *number);

/**
 * source_blanks() - behind the blanks of a text
 * @at: the text
 * @end: of the text
 */
const char *source_blanks(const char *at, const char *end);

/**
 * source_skips() - behind a word that the text starts with
 * @at: the text; set behind the word if it is there
 * @end: of the text
 * @word: what is looked for
 */
bool source_skips(const char **at, const char *end, const char *word);

#endif /* SOURCE_H */
