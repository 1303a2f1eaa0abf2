/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a command line asks for, where several commands ask for the same: a trace, with pages of
 * these sizes, in so much memory, told in this format.
 */
#ifndef REQUEST_H
#define REQUEST_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#include "results.h"
#include "sample.h"
#include "settings.h"
#include "source.h"

enum { REQUEST_PAGES_MAX = 16 };

/* Of 4 KB they are more than addresses of 57 bits tell apart. */
#define REQUEST_FRAMES_MAX	(1ULL << 48)

/**
 * struct request - it, and the traces
 * @path: the trace
 * @from: what it is written in, or NULL to see by itself
 * @frames: how many there are, each to be tried
 * @frames_count: how many of these
 * @page_shifts: page sizes, each to be tried
 * @pages_count: how many of these, at least 1
 * @share: of the pages that is looked at
 * @format: of what is written
 * @traces: one for each page size, once loaded
 * @samples: of each, where @share is less than 1
 */
struct request {
	const char *path;
	const struct source_format *from;
	uint64_t frames[SETTINGS_MAX];
	uint32_t frames_count;
	uint32_t page_shifts[REQUEST_PAGES_MAX];
	uint32_t pages_count;
	double share;
	enum results_format format;
	struct trace traces[REQUEST_PAGES_MAX];
	struct sample samples[REQUEST_PAGES_MAX];
};

/* The only one. */
extern struct request request;

#define REQUEST_OPTIONS								\
	{ "frames", 'n', "LIST", 0, "Physical memory, in pages", 0 },		\
	{ "page", 'p', "LIST", 0, "Page sizes (that of a compiled trace, or 4k)", 0 }, \
	{ "sample", 's', "SHARE", 0, "Look at a share of the pages only, such as 0.01", 0 }, \
	{ "from", 'f', "FORMAT", 0, "What the trace is written in: pid, lackey, " \
	  "drmemtrace or oracleGeneral", 0 },					\
	{ "format", 'F', "FORMAT", 0, "Write a table, csv or json", 0 }

/**
 * request_parse() - handle REQUEST_OPTIONS, the trace, and what all programs have
 * @key: as argp says
 * @text: as argp says
 * @state: as argp says
 */
error_t request_parse(int key, char *text, struct argp_state *state);

/**
 * request_load() - the traces, and samples of them
 *
 * Return: true, or false having said why.
 */
bool request_load(void);

/**
 * request_sample() - the sample of a trace, if one is asked for
 * @page: which of the page sizes
 *
 * Return: it, or NULL.
 */
const struct sample *request_sample(uint32_t page);

/**
 * request_free() - forget the traces
 */
void request_free(void);

#endif /* REQUEST_H */
