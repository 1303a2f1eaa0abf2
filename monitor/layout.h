/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which columns a line of the screen has room for.
 */
#ifndef LAYOUT_H
#define LAYOUT_H

#include "cells.h"
#include "table.h"

enum { LAYOUT_COLUMNS_MIN = 40 };	/* characters of a line; with less there is no layout */

#define LAYOUT_TOTAL "total"	/* where the others have their pid */

/**
 * struct layout - what there is room for
 * @widths: of the columns, 0 for one without room
 * @sparkline: its cells, or 0
 * @command: characters of the last column
 */
struct layout {
	int widths[CELLS_COLUMNS];
	unsigned int sparkline;
	int command;
};

/**
 * layout_make() - divide a line
 * @layout: filled in
 * @table: the rows
 * @columns: of the screen, LAYOUT_COLUMNS_MIN at least
 *
 * Columns go until the rest has room, then what is left is divided.
 */
void layout_make(struct layout *layout, const struct table *table, int columns);

#endif /* LAYOUT_H */
