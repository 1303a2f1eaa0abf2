// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "cells.h"
#include "layout.h"
#include "screen.h"
#include "settings.h"
#include "sparkline.h"
#include "terminal.h"

enum {
	HEAD_LINES	= 5,	/* three on the machine, the names of columns, the total */
	HELP_LINES	= 2,
	LINES_MIN	= HEAD_LINES + HELP_LINES + 2,
	NS_PER_S	= 1000000000,
};

/* Text at both ends of a line; that on the left has what room the other leaves. */
static void draw_line(int y, const char *left, const char *right)
{
	int length = (int)strlen(right);

	mvaddnstr(y, 0, left, length ? COLS - length - 2 : COLS);
	mvaddstr(y, COLS - length, right);
}

static void draw_kernel(const struct screen *screen)
{
	char left[256], right[64];

	snprintf(left, sizeof(left), "faultline top: %s", screen->kernel);
	snprintf(right, sizeof(right), "%sby %s, ", screen->order.tree ? "tree, " : "",
		 cells_columns[screen->order.column].name);
	snprintf(right + strlen(right), sizeof(right) - strlen(right),
		 screen->paused ? "PAUSED" : "every %g s", screen->interval_s);
	attrset(screen->paused ? A_REVERSE : A_BOLD);
	draw_line(0, left, right);
	attrset(A_NORMAL);
}

/* Which rows these are, unless all of them are there. */
static void draw_state(const struct screen *screen)
{
	size_t count = screen->table.count, room = screen_room(screen), last;
	char left[128], right[64] = "h help  q quit";

	snprintf(left, sizeof(left), "%u registered, %u ended, %llu records lost",
		 screen->header.registered, screen->rates.ended_count,
		 (unsigned long long)screen->lost);
	last = screen->first + room < count ? screen->first + room : count;
	if (room < count)
		snprintf(right, sizeof(right), "rows %zu-%zu of %zu  h help", screen->first + 1,
			 last, count);
	draw_line(2, left, (int)(strlen(left) + 2 + strlen(right)) <= COLS ? right : "");
}

static void draw_head(const struct screen *screen)
{
	const struct faultline_header *header = &screen->header;
	char method[CELLS_NAME_MAX], line[CELLS_NAME_MAX + 64];

	draw_kernel(screen);
	cells_name(method, header->cow_method, FAULTLINE_METHOD_LEN - 1);
	snprintf(line, sizeof(line), "%u Hz, latency %s, COW: %s", header->hz,
		 settings_latency_name(header->latency), method);
	mvaddnstr(1, 0, line, COLS);
	draw_state(screen);
}

static const char * const histories[RATES] = {
	[RATE_MINOR] = "MIN", [RATE_MAJOR] = "MAJ", [RATE_COW] = "COW", [RATE_PRECOPIED] = "PRE",
	[RATE_CPU] = "CPU",
};

/* The name of a column, to the left or the right of its room. */
static void draw_column_title(const struct screen *screen, enum cells_column column, int width)
{
	bool sorted = column == screen->order.column;

	attrset(sorted ? terminal_look(TERMINAL_SORTED, A_REVERSE | A_BOLD) : terminal_look(TERMINAL_HEADING, A_REVERSE));
	printw("%*s", width, cells_columns[column].title);
	attrset(terminal_look(TERMINAL_HEADING, A_REVERSE));
}

static void draw_titles(const struct screen *screen, const struct layout *layout)
{
	char title[16];

	move(HEAD_LINES - 2, 0);
	for (int i = 0; i < CELLS_COMMAND; i++) {
		if (!layout->widths[i])
			continue;
		draw_column_title(screen, i, layout->widths[i]);
		addch(' ');
	}
	if (layout->sparkline) {
		snprintf(title, sizeof(title), "%s 60 s",
			 histories[cells_columns[screen->order.column].history]);
		printw("%-*s ", (int)layout->sparkline, title);
	}
	draw_column_title(screen, CELLS_COMMAND, -layout->command);
	attrset(A_NORMAL);
}

/* What is none or not known stands back behind what is. */
static void draw_cell(const struct rates_process *process, enum cells_column column, int width)
{
	char text[CELLS_TEXT_MAX];
	bool faint;

	cells_text(text, process, column);
	faint = strcmp(text, "0") == 0 || strcmp(text, "n/a") == 0;
	if (faint)
		attron(A_DIM);
	printw("%*s ", width, text);
	if (faint && !processes_ended(&process->last))
		attroff(A_DIM);
}

static const struct table_row *ancestor(const struct table_row *row, int levels)
{
	while (levels--)
		row = row->parent;
	return row;
}

/* The branches of the tree that lead to a row; as many as leave half of @width. */
static int draw_branches(const struct table_row *row, int width)
{
	static const char * const branches[2][4] = {
		{ "  ", "| ", "`-", "|-" }, { "  ", "│ ", "└─", "├─" },
	};
	int levels = (int)row->depth < width / 4 ? (int)row->depth : width / 4;

	for (int i = levels; i-- > 0;)
		addstr(branches[terminal_utf8()][(i ? 0 : 2) + (ancestor(row, i)->sibling != NULL)]);
	return 2 * levels;
}

static void draw_sparkline(const struct screen *screen, const struct rates_process *process,
			   unsigned int cells)
{
	char text[3 * RATES_SECONDS + 1];

	if (!cells)
		return;
	sparkline_draw(text, process, cells_columns[screen->order.column].history,
		       screen->rates.now_ns / NS_PER_S, cells, terminal_utf8());
	attron(terminal_look(TERMINAL_SPARKLINE, A_NORMAL));
	addstr(text);
	attroff(terminal_look(TERMINAL_SPARKLINE, A_NORMAL));
	addch(' ');
}

static void draw_row(const struct screen *screen, const struct layout *layout, int y,
		     const struct table_row *row)
{
	const struct rates_process *process = row->process;
	char name[CELLS_NAME_MAX];
	int used;

	move(y, 0);
	attrset(processes_ended(&process->last) ? A_DIM : A_NORMAL);
	for (int i = 0; i < CELLS_COMMAND; i++)
		if (layout->widths[i])
			draw_cell(process, i, layout->widths[i]);
	draw_sparkline(screen, process, layout->sparkline);
	used = draw_branches(row, layout->command);
	cells_name(name, process->last.comm, FAULTLINE_COMM_LEN);
	addnstr(name, layout->command - used);
	attrset(A_NORMAL);
}

static void draw_total(const struct screen *screen, const struct layout *layout)
{
	struct rates_process total;
	char text[CELLS_TEXT_MAX];

	rates_total(&screen->rates, &total);
	move(HEAD_LINES - 1, 0);
	attrset(A_BOLD);
	for (int i = 0; i < CELLS_COMMAND; i++) {
		if (!layout->widths[i])
			continue;
		cells_text(text, &total, i);
		printw("%*s ", layout->widths[i], i == CELLS_PID ? LAYOUT_TOTAL :
		       i == CELLS_P99 ? "" : text);
	}
	attrset(A_NORMAL);
}

static void draw_help(void)
{
	char keys[128] = "sort: < >";

	for (int i = 0; i < CELLS_COLUMNS; i++)
		snprintf(keys + strlen(keys), sizeof(keys) - strlen(keys), " %c %.*s",
			 cells_columns[i].key, i == CELLS_COMMAND ? 7 : 3, cells_columns[i].title);
	attrset(terminal_look(TERMINAL_KEY, A_NORMAL));
	mvaddnstr(LINES - 2, 0, keys, COLS);
	mvaddnstr(LINES - 1, 0, "r reverse  t tree  space pause  + - interval  arrows PgUp PgDn "
		  "scroll  q quit", COLS);
	attrset(A_NORMAL);
}

static void draw_nobody(void)
{
	mvaddnstr(HEAD_LINES + 1, 2, "No process is registered.  To register one:", COLS - 2);
	mvaddnstr(HEAD_LINES + 2, 2, "faultline attach PID      until Ctrl-C", COLS - 2);
	mvaddnstr(HEAD_LINES + 3, 2, "faultline register PID    until it ends", COLS - 2);
}

size_t screen_room(const struct screen *screen)
{
	if (COLS < LAYOUT_COLUMNS_MIN || LINES < LINES_MIN)
		return 0;
	return (size_t)(LINES - HEAD_LINES - (screen->help ? HELP_LINES : 0));
}

static void draw_rows(const struct screen *screen)
{
	size_t room = screen_room(screen);
	struct layout layout;

	layout_make(&layout, &screen->table, COLS);
	draw_titles(screen, &layout);
	draw_total(screen, &layout);
	for (size_t i = 0; i < room && screen->first + i < screen->table.count; i++)
		draw_row(screen, &layout, HEAD_LINES + (int)i,
			 screen->table.shown[screen->first + i]);
}

void screen_draw(const struct screen *screen)
{
	char small[64];

	erase();
	if (!screen_room(screen)) {
		snprintf(small, sizeof(small), "too small: %dx%d wanted", LAYOUT_COLUMNS_MIN, LINES_MIN);
		mvaddnstr(0, 0, small, COLS);
	} else {
		draw_head(screen);
		draw_rows(screen);
		if (!screen->table.count)
			draw_nobody();
		if (screen->help)
			draw_help();
	}
	refresh();
}
