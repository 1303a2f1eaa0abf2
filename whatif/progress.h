/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How far a long run has come, on standard error, if that is a terminal.
 *
 * show; begin -> add ... -> end; any thread may add
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdint.h>

/**
 * progress_show() - from now on a person may see it; a library's caller has the terminal to itself
 */
void progress_show(void);

/**
 * progress_begin() - start to count, and to show after a while
 * @what: is counted
 * @all: how many there will be, or 0 if nobody knows
 */
void progress_begin(const char *what, uint64_t all);

/**
 * progress_add() - so many more are done
 * @more: how many
 */
void progress_add(uint64_t more);

/**
 * progress_end() - leave nothing on the screen
 */
void progress_end(void);

#endif /* PROGRESS_H */
