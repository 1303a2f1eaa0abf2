/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What faultline top shows of a process: columns, and the text of each cell.
 */
#ifndef CELLS_H
#define CELLS_H

#include <stdbool.h>
#include <stddef.h>

#include "rates.h"

/* The order is that of the screen. */
enum cells_column {
	CELLS_PID,
	CELLS_THREADS,
	CELLS_MINOR,
	CELLS_MAJOR,
	CELLS_COW,
	CELLS_CPU,
	CELLS_P99,
	CELLS_HITS,
	CELLS_PRECOPIED,
	CELLS_RSS,
	CELLS_COMMAND,
	CELLS_COLUMNS,
};

enum {
	CELLS_TEXT_MAX	= 24,
	CELLS_NAME_MAX	= 256,	/* of 63 bytes, if all of them read \xNN */
};

/**
 * struct cells_column_info - a column
 * @name: on the command line
 * @title: above it
 * @key: on the keyboard
 * @width: in characters; the command has what is left
 * @keep: of two columns for which there is no room, the one with less goes first
 * @rising: is the least on top, unless reversed?
 * @history: of what the sparkline is when sorted by it
 */
struct cells_column_info {
	const char *name;
	const char *title;
	char key;
	int width;
	int keep;
	bool rising;
	enum rate history;
};

extern const struct cells_column_info cells_columns[CELLS_COLUMNS];

/**
 * cells_value() - the figure in a cell
 * @process: the row
 * @column: any but the command
 *
 * Return: the figure, NAN where it is not known.
 */
double cells_value(const struct rates_process *process, enum cells_column column);

/**
 * cells_text() - a cell as it is shown
 * @text: filled in; as wide as the column at most
 * @process: the row
 * @column: any but the command
 */
void cells_text(char text[CELLS_TEXT_MAX], const struct rates_process *process,
		enum cells_column column);

/**
 * cells_name() - text of unknown make, such that no terminal takes it for a command
 * @text: filled in; what does not print in ASCII reads \xNN
 * @name: NUL padded
 * @size: of @name, 63 at most
 */
void cells_name(char text[CELLS_NAME_MAX], const char *name, size_t size);

/**
 * cells_column_find() - the column of a name
 * @name: as on the command line
 *
 * Return: the column, or CELLS_COLUMNS.
 */
enum cells_column cells_column_find(const char *name);

/**
 * cells_column_names() - all names, for help and error messages
 *
 * Return: "pid, threads, ...".
 */
const char *cells_column_names(void);

#endif /* CELLS_H */
