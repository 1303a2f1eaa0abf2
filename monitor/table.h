/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The rows of faultline top: processes in order, or as the tree of their forks.
 */
#ifndef TABLE_H
#define TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "cells.h"
#include "rates.h"

/**
 * struct table_order - how rows stand
 * @column: sorted by it
 * @reverse: the other way round than it usually is
 * @tree: children below their parents, in that order among each other
 */
struct table_order {
	enum cells_column column;
	bool reverse;
	bool tree;
};

/**
 * struct table_row - a row
 * @process: of whom
 * @parent: the row above it in the tree, or NULL
 * @child: first of those below it
 * @sibling: next with the same parent
 * @depth: rows above it in the tree
 */
struct table_row {
	const struct rates_process *process;
	struct table_row *parent;
	struct table_row *child;
	struct table_row *sibling;
	unsigned int depth;
};

/**
 * struct table - all rows
 * @rows: in the order in which they were registered
 * @shown: in the order in which they are shown
 * @count: how many
 * @room: for how many there is memory
 */
struct table {
	struct table_row *rows;
	struct table_row **shown;
	size_t count;
	size_t room;
};

/**
 * table_make() - rows of the processes as they are now
 * @table: 0 at first; filled in
 * @rates: the processes, none of which may be forgotten while the rows are in use
 * @order: the order
 *
 * Return: true, or false without memory: there are no rows then.
 */
bool table_make(struct table *table, const struct rates *rates, const struct table_order *order);

/**
 * table_free() - give back the memory
 * @table: the rows
 */
void table_free(struct table *table);

#endif /* TABLE_H */
