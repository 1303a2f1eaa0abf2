/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The terminal: taken over by curses, and given back whatever happens.
 *
 * begin -> curses -> end
 */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <curses.h>
#include <stdbool.h>

/**
 * enum terminal_part - what has a color of its own
 * @TERMINAL_HEADING: names of columns
 * @TERMINAL_SORTED: that of the one that is sorted by
 * @TERMINAL_KEY: what keys do
 * @TERMINAL_SPARKLINE: bars
 */
enum terminal_part {
	TERMINAL_HEADING = 1,
	TERMINAL_SORTED,
	TERMINAL_KEY,
	TERMINAL_SPARKLINE,
};

/**
 * terminal_begin() - take it over, or end the program with one line of why not
 *
 * It is given back by exit(3) and by signals that kill, too.
 */
void terminal_begin(void);

/**
 * terminal_look() - a part's color
 * @part: of the screen
 * @otherwise: what it has where there is no color, or none is wanted (NO_COLOR)
 *
 * Return: attributes.
 */
attr_t terminal_look(enum terminal_part part, attr_t otherwise);

/**
 * terminal_utf8() - can it show more than ASCII?
 *
 * Return: true if so.
 */
bool terminal_utf8(void);

/**
 * terminal_end() - give it back
 */
void terminal_end(void);

#endif /* TERMINAL_H */
