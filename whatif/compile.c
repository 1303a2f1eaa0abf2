// SPDX-License-Identifier: GPL-2.0
/*
 * faultline-whatif compile: a trace in the form in which it is replayed.
 */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "arguments.h"
#include "command.h"
#include "loading.h"
#include "replacement.h"
#include "settings.h"

/**
 * struct request - what the command line asks for
 * @format: what the trace is written in, or NULL to see by itself
 * @page_shift: log2 of the page size
 * @in: the trace
 * @out: the file to write
 */
struct request {
	const struct source_format *format;
	uint32_t page_shift;
	const char *in;
	const char *out;
};

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct request *request = state->input;

	switch (key) {
	case 'f':
		request->format = source_format_chosen(text);
		return 0;
	case 'p':
		request->page_shift = settings_page_shift(text);
		return 0;
	case ARGP_KEY_ARG:
		if (request->out)
			return EINVAL;
		*(request->in ? &request->out : &request->in) = text;
		return 0;
	case ARGP_KEY_END:
		return request->out ? 0 : EINVAL;
	default:
		return arguments_common(key, state);
	}
}

static const struct argp_option options[] = {
	SOURCE_FORMAT_OPTION,
	{ "page", 'p', "SIZE", 0, "Pages of this size (4k)", 0 },
	ARGUMENTS_COMMON,
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "IN OUT",
	.doc = "Compile a trace into the form in which it is replayed, so that this is done once."
	       "\v"
	       "- is standard input.  OUT takes its place when it is whole.  The exit status is 0, "
	       "1 if the trace is damaged or there is no room, or 2 after a bad option.\n\n"
	       "Examples:\n"
	       "  faultline-whatif compile lackey.txt ls.trace\n"
	       "  faultline-whatif compile --from=oracleGeneral cache.bin cache.trace\n",
};

int command_compile(int argc, char **argv)
{
	struct request request = { .page_shift = LOADING_PAGE_SHIFT };
	struct replacement out;
	char why[WHY_BYTES];
	struct stat status;
	bool good;

	arguments_parse(&argp, argc, argv, &request);
	if (strcmp(request.out, "-") == 0)
		errx(EXIT_USAGE, "OUT: expected a file, as it is written in more than one pass");
	if (stat(request.out, &status) == 0 && !S_ISREG(status.st_mode))
		errx(EXIT_FAILURE, "%s: is no file, and is written in more than one pass",
		     request.out);
	if (!replacement_begin(&out, request.out, 0666))
		err(EXIT_FAILURE, "%s", request.out);
	good = loading_compile(request.in, request.format, request.page_shift, out.fd,
			       request.out, why);
	if (!good)
		warnx("%s", why);
	if (!replacement_end(&out, good))
		err(EXIT_FAILURE, "%s", request.out);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
