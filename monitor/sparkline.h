/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A minute in a line of characters, as high as the rate was.
 */
#ifndef SPARKLINE_H
#define SPARKLINE_H

#include <stdbool.h>
#include <stddef.h>

#include "rates.h"

/**
 * sparkline_draw() - the last minute of a process
 * @text: filled in, NUL terminated; three bytes to a cell at most
 * @process: of whom
 * @rate: of what
 * @now_s: the second that is not over yet
 * @cells: how many characters; RATES_SECONDS is a multiple of it
 * @utf8: in blocks, and in ASCII otherwise
 *
 * The highest cell is the process's own maximum, the lowest is none at all, and what is
 * not known is blank.
 */
void sparkline_draw(char *text, const struct rates_process *process, enum rate rate,
		    uint64_t now_s, unsigned int cells, bool utf8);

#endif /* SPARKLINE_H */
