// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "layout.h"

enum {
	COMMAND_MIN	= 9,	/* characters without which a command says nothing */
	COMMAND_GOOD	= 15,
	SPARKLINE_MIN	= 10,
};

static int width_of(const struct layout *layout)
{
	int width = layout->command + (layout->sparkline ? (int)layout->sparkline + 1 : 0);

	for (int i = 0; i < CELLS_COMMAND; i++)
		width += layout->widths[i] ? layout->widths[i] + 1 : 0;
	return width;
}

/* The longest sparkline that leaves a command its room, or a short one, or 0. */
static unsigned int fit_sparkline(int room)
{
	for (int cells = RATES_SECONDS; cells > SPARKLINE_MIN; cells--)
		if (RATES_SECONDS % cells == 0 && cells + 1 + COMMAND_GOOD <= room)
			return (unsigned int)cells;
	return SPARKLINE_MIN + 1 + COMMAND_MIN <= room ? SPARKLINE_MIN : 0;
}

/* Most pids have less digits than the longest that there may be. */
static int fit_pids(const struct table *table)
{
	char text[CELLS_TEXT_MAX];
	int longest = (int)strlen(LAYOUT_TOTAL), length;

	for (size_t i = 0; i < table->count; i++) {
		cells_text(text, table->rows[i].process, CELLS_PID);
		length = (int)strlen(text);
		longest = length > longest ? length : longest;
	}
	return longest;
}

void layout_make(struct layout *layout, const struct table *table, int columns)
{
	int least;

	*layout = (struct layout){ .command = COMMAND_MIN };
	for (int i = 0; i < CELLS_COMMAND; i++)
		layout->widths[i] = cells_columns[i].width;
	layout->widths[CELLS_PID] = fit_pids(table);
	while (width_of(layout) > columns) {
		least = CELLS_COMMAND;
		for (int i = 0; i < CELLS_COMMAND; i++)
			if (layout->widths[i] && cells_columns[i].keep < cells_columns[least].keep)
				least = i;
		layout->widths[least] = 0;
	}
	layout->command = 0;
	layout->sparkline = fit_sparkline(columns - width_of(layout));
	layout->command = columns - width_of(layout);
}
