// SPDX-License-Identifier: GPL-2.0
#include "arguments.h"

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/**
 * arguments_parse - parse a command line, or end the program
 * @argp: its parser hands keys that it does not know to arguments_common()
 * @input: given to the parser as state->input
 *
 * argp's own complaints span two lines and do not say what would be right, so
 * they are off.  ARGP_NO_ERRS silences its --help as well: hence the
 * ARGUMENTS_COMMON options.
 */
void arguments_parse(const struct argp *argp, int argc, char **argv, void *input)
{
	const char *name = program_invocation_short_name;

	if (argp_parse(argp, argc, argv, ARGP_NO_ERRS | ARGP_NO_HELP | ARGP_IN_ORDER,
		       NULL, input))
		errx(EXIT_USAGE, "expected %s [OPTION...]%s%s; see %s --help", name,
		     argp->args_doc ? " " : "", argp->args_doc ?: "", name);
}

/**
 * arguments_common - handle the options that all programs have
 *
 * An argument that comes as far as here is one too many.
 *
 * Return: ARGP_ERR_UNKNOWN for any other key.
 */
error_t arguments_common(int key, struct argp_state *state)
{
	switch (key) {
	case ARGUMENTS_HELP:
		argp_help(state->root_argp, stdout, ARGP_HELP_STD_HELP,
			  program_invocation_short_name);
		exit(EXIT_SUCCESS);
	case ARGUMENTS_VERSION:
		printf("%s (Faultline) %s\n", program_invocation_short_name, VERSION);
		exit(EXIT_SUCCESS);
	case ARGP_KEY_ARG:
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/**
 * arguments_integer - the number that @text spells, or end the program
 * @name: what the number is, for the message
 * @min: not negative
 */
int arguments_integer(const char *name, const char *text, int min, int max)
{
	size_t digits = strspn(text, "0123456789");

	errno = 0;

	long value = strtol(text, NULL, 10);

	if (!digits || text[digits] || errno || value < min || value > max)
		errx(EXIT_USAGE, "%s: expected a whole number from %d to %d, not '%s'", name,
		     min, max, text);
	return value;
}

/**
 * arguments_decimal - the number that @text spells, or end the program
 * @name: what the number is, for the message
 * @min: not negative
 */
double arguments_decimal(const char *name, const char *text, double min, double max)
{
	char *end;
	double value = strtod(text, &end);

	/* Only digits and a point: strtod() would take nan, inf and hex, too. */
	if (end == text || text[strspn(text, "0123456789.")] || *end || value < min ||
	    value > max)
		errx(EXIT_USAGE, "%s: expected a number from %g to %g, not '%s'", name, min, max,
		     text);
	return value;
}
