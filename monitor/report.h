/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is said of a recorded run: as text, or as a page for a browser.
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "recording.h"
#include "timeline.h"

enum { REPORT_CELL_BYTES = 128 };

/**
 * struct report - a run that was read
 * @recording: what it was read from
 * @timeline: the run, in the order of the tree of forks
 * @total: all processes as if they were one: counters summed up, and known if all are
 */
struct report {
	const struct recording *recording;
	struct timeline timeline;
	struct timeline_process total;
};

/**
 * struct report_cell - a column of a table of processes
 * @title: what stands above it, with its unit
 * @hint: the same in a sentence
 * @column: the column that it shows of a process's last record, or NULL
 * @put: otherwise, writes what it says of a process; "n/a" if it is not known
 */
struct report_cell {
	const char *title;
	const char *hint;
	const char *column;
	void (*put)(const struct report *report, const struct timeline_process *process,
		    char text[REPORT_CELL_BYTES]);
};

/**
 * struct report_table - a table of processes, a row each, and one of all of them
 * @title: what it is about
 * @absent: what stands there instead if none of the cells is known
 * @cells: ends with one without a title
 */
struct report_table {
	const char *title;
	const char *absent;
	const struct report_cell *cells;
};

/* Ends with one without a title; the first one is never absent. */
extern const struct report_table report_tables[];

/**
 * report_known() - can a column be told of a process?
 * @report: a report
 * @process: one of its own, or all of them as one
 * @name: of the column
 *
 * Return: false if it is to be shown as n/a.
 */
bool report_known(const struct report *report, const struct timeline_process *process,
		  const char *name);

/**
 * report_cell_put() - what a table says of a process
 * @report: a report
 * @cell: a column of one of report_tables
 * @process: one of its own, or all of them as one
 * @text: filled in; "n/a" if it is not known
 */
void report_cell_put(const struct report *report, const struct report_cell *cell,
		     const struct timeline_process *process, char text[REPORT_CELL_BYTES]);

/**
 * report_table_known() - is there a figure in it?
 * @report: a report
 * @table: one of report_tables
 *
 * Return: false if all are n/a.
 */
bool report_table_known(const struct report *report, const struct report_table *table);

/**
 * report_text() - for people, without a browser
 * @report: a report
 * @file: written to
 */
void report_text(const struct report *report, FILE *file);

/**
 * report_page() - one page of HTML that needs nothing else
 * @report: a report
 * @file: written to
 */
void report_page(const struct report *report, FILE *file);

#endif /* REPORT_H */
