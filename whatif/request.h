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

#include "costs.h"
#include "policy.h"
#include "result.h"
#include "sample.h"
#include "settings.h"
#include "source.h"

enum { REQUEST_PAGES_MAX = 16, REQUEST_POLICIES_MAX = 64 };

/* Of 4 KB they are more than addresses of 57 bits tell apart. */
#define REQUEST_FRAMES_MAX	(1ULL << 48)

/**
 * struct request - it, and the traces
 * @path: the trace
 * @from: what it is written in, or NULL to see by itself
 * @frames: how many there are, each to be tried
 * @frames_count: how many of these
 * @frames_least: of each, that make sense
 * @frames_most: likewise
 * @policies: each to be tried
 * @policies_count: how many of these
 * @page_shifts: page sizes, each to be tried
 * @pages_count: how many of these, at least 1
 * @share: of the pages that is looked at
 * @format: of what is written
 * @costs: of faults
 * @memory: processes share memory, where the trace tells that they do
 * @nodes: of several NUMA nodes
 * @huge_shifts: log2 of the sizes of huge pages, from the smallest on
 * @huge_count: how many of these
 * @ahead: some of it is read or copied ahead
 * @traces: one for each page size, once loaded
 * @samples: of each, where @share is less than 1
 */
struct request {
	const char *path;
	const struct source_format *from;
	uint64_t frames[SETTINGS_MAX];
	uint32_t frames_count;
	uint64_t frames_least;
	uint64_t frames_most;
	const struct policy *policies[REQUEST_POLICIES_MAX];
	uint32_t policies_count;
	uint32_t page_shifts[REQUEST_PAGES_MAX];
	uint32_t pages_count;
	double share;
	enum results_format format;
	struct costs costs;
	bool memory;
	bool nodes;
	uint32_t huge_shifts[HUGE_SIZES_MAX];
	uint32_t huge_count;
	bool ahead;
	struct trace traces[REQUEST_PAGES_MAX];
	struct sample samples[REQUEST_PAGES_MAX];
};

/* The only one. */
extern struct request request;

#define REQUEST_FRAMES_OPTION							\
	{ "frames", 'n', "LIST", 0, "Physical memory, in pages", 0 }

#define REQUEST_FORMAT_OPTION							\
	{ "format", 'F', "FORMAT", 0, "Write a table, csv or json", 0 }

#define REQUEST_OPTIONS								\
	REQUEST_FRAMES_OPTION,							\
	{ "page", 'p', "LIST", 0, "Page sizes (that of a compiled trace, or 4k)", 0 }, \
	{ "sample", 's', "SHARE", 0, "Look at a share of the pages only, such as 0.01", 0 }, \
	SOURCE_FORMAT_OPTION,							\
	{ "costs", 'c', "LIST", 0, "What faults cost, as measured: files of Faultline's", 0 }, \
	{ "cost", 'C', "LIST", 0, "Constants instead, in ns, such as minor:500", 0 }, \
	REQUEST_FORMAT_OPTION

/**
 * request_parse() - handle REQUEST_OPTIONS or some of them, the trace, and what all programs have
 * @key: as argp says
 * @text: as argp says
 * @state: as argp says
 */
error_t request_parse(int key, char *text, struct argp_state *state);

/**
 * request_policy() - the policy of this name, or end the program
 * @name: as on the command line
 */
const struct policy *request_policy(const char *name);

/**
 * request_add_policy() - try this one, too
 * @policy: it
 */
void request_add_policy(const struct policy *policy);

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
 * request_columns() - which columns a table has, of those that have to be asked for
 */
unsigned int request_columns(void);

/**
 * request_row() - write a row of results, having worked out what its faults cost
 * @row: it, without @row->costs and what depends on them
 *
 * Without shared memory, each page's first fault is a minor one, as nothing is known of files; any
 * other must read what went.
 */
void request_row(struct result *row);

/**
 * request_free() - forget the traces
 */
void request_free(void);

#endif /* REQUEST_H */
