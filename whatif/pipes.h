/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two pipes between this process and one that it forks.  Each end has one who holds it, so that who
 * waits for the other learns of its end.
 *
 * open -> fork -> close_other here, close_own there -> close_own here
 */
#ifndef PIPES_H
#define PIPES_H

#include <stdbool.h>

/**
 * struct pipes - they
 * @to: to the process that is forked
 * @from: from it
 */
struct pipes {
	int to[2];
	int from[2];
};

/**
 * pipes_open() - both; they are closed by an exec
 * @pipes: filled in
 *
 * Return: true, or false with errno and nothing open.
 */
bool pipes_open(struct pipes *pipes);

/**
 * pipes_close_own() - the ends of who forks
 * @pipes: open
 */
void pipes_close_own(const struct pipes *pipes);

/**
 * pipes_close_other() - the ends of who is forked
 * @pipes: open
 */
void pipes_close_other(const struct pipes *pipes);

#endif /* PIPES_H */
