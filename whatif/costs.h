/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What faults cost: as it was measured on a machine, or constants that somebody asks for.
 *
 * init -> read, set ... -> ns, time
 */
#ifndef COSTS_H
#define COSTS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Measured costs are of pages of this size, 4 KB, and tell nothing of others. */
enum { COSTS_PAGE_SHIFT = 12 };

/* Eleven days: more than that is a mistake, and times stay numbers. */
#define COSTS_NS_MAX	1e15

/**
 * enum cost - of what
 * @COST_MINOR: a fault without I/O that copies nothing
 * @COST_MAJOR: a fault that waits for I/O
 * @COST_COW: a fault without I/O that copies a page
 * @COST_COPY: copying a page, alone
 * @COST_READ: reading a page along with one before it
 */
enum cost { COST_MINOR, COST_MAJOR, COST_COW, COST_COPY, COST_READ, COSTS };

/* Of each, as on the command line. */
extern const char * const cost_names[COSTS];

/**
 * struct costs - they
 * @ns: of each, NAN where nobody knows
 * @constant: it is not measured, but was asked for
 */
struct costs {
	double ns[COSTS];
	bool constant[COSTS];
};

/**
 * costs_init() - nothing is known
 * @costs: filled in
 */
void costs_init(struct costs *costs);

/**
 * costs_read() - take what was measured from a file
 * @costs: those that were not asked for as constants are overwritten by what it has
 * @path: a profile.dat, /proc/faultline/histogram, or what costs_write() wrote
 *
 * Return: true, or false having said why: it is damaged, has none, or one beyond COSTS_NS_MAX.
 */
bool costs_read(struct costs *costs, const char *path);

/**
 * costs_set() - a constant: NAME:NS, or end the program
 * @costs: in which it is set
 * @text: such as minor:500
 */
void costs_set(struct costs *costs, const char *text);

/**
 * costs_write() - as costs_read() takes them
 * @costs: they
 * @file: written to
 */
void costs_write(const struct costs *costs, FILE *file);

/**
 * costs_ns() - what one costs with pages of a size
 * @costs: they
 * @cost: of what
 * @page_shift: log2 of the page size
 *
 * Return: ns, or NAN if nobody knows.
 */
double costs_ns(const struct costs *costs, enum cost cost, uint32_t page_shift);

/**
 * costs_time() - what so many cost in all
 * @costs: they
 * @counts: of each; NAN where it is not known
 * @page_shift: log2 of the page size
 *
 * Return: ns, or NAN where one is not known of which there are some.
 */
double costs_time(const struct costs *costs, const double counts[COSTS], uint32_t page_shift);

#endif /* COSTS_H */
