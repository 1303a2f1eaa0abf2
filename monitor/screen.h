/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What faultline top has on the terminal.
 */
#ifndef SCREEN_H
#define SCREEN_H

#include <stdbool.h>
#include <stdint.h>

#include "rates.h"
#include "table.h"
#include "uapi/faultline.h"

/**
 * struct screen - what is on it
 * @kernel: that counts
 * @header: the ring's, as of the last interval
 * @lost: records lost
 * @interval_s: seconds from one look to the next
 * @paused: is nothing being read?
 * @help: are the keys explained?
 * @rates: the processes
 * @table: their rows
 * @order: the order of these
 * @first: the row on top
 */
struct screen {
	const char *kernel;
	struct faultline_header header;
	uint64_t lost;
	double interval_s;
	bool paused;
	bool help;
	struct rates rates;
	struct table table;
	struct table_order order;
	size_t first;
};

/**
 * screen_room() - how many rows of the table the terminal has room for now
 * @screen: of which the help may take some
 *
 * Return: how many, 0 if it is too small.
 */
size_t screen_room(const struct screen *screen);

/**
 * screen_draw() - show it all
 * @screen: what
 */
void screen_draw(const struct screen *screen);

#endif /* SCREEN_H */
