/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pages to fault on, and what a fault on each of them costs.  What goes wrong ends the
 * program.
 */
#ifndef BENCH_PAGES_H
#define BENCH_PAGES_H

enum {
	PAGE_BYTES	= 4096,
	FAULT_AROUND	= 16,	/* pages of a file that a read fault maps at once */
};

/* Private memory that nothing is in yet. */
volatile char *pages_map(int pages);
/* A private mapping of the start of a file. */
volatile char *pages_map_file(int fd, int pages);
void pages_unmap(volatile char *memory, int pages);

/* A file of so many pages, in the page cache. */
int pages_create_file(int pages);

/* Write to each page; instructions per page. */
double pages_write(volatile char *memory, int pages);
/* Read where a fault maps FAULT_AROUND pages; instructions per fault. */
double pages_read(volatile char *memory, int pages);

static inline double smaller(double a, double b)
{
	return a < b ? a : b;
}

#endif /* BENCH_PAGES_H */
