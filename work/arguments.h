/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Command lines: argp, but every mistake gives one line that says what was
 * expected, and exit status 2
 */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include <argp.h>

enum { EXIT_USAGE = 2 };

enum {
	ARGUMENTS_HELP = '?',
	ARGUMENTS_VERSION = 'V',
};

/* The last entries of a program's option table. */
#define ARGUMENTS_COMMON							\
	{ "help", ARGUMENTS_HELP, NULL, 0, "Show this help", -1 },		\
	{ "version", ARGUMENTS_VERSION, NULL, 0, "Show the version", -1 }

void arguments_parse(const struct argp *argp, int argc, char **argv, void *input);
error_t arguments_common(int key, struct argp_state *state);
int arguments_integer(const char *name, const char *text, int min, int max);
double arguments_decimal(const char *name, const char *text, double min, double max);

#endif /* ARGUMENTS_H */
