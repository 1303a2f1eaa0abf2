// SPDX-License-Identifier: GPL-2.0
/*
 * faultline register, unregister, precopy: what is asked of the module for processes that
 * run already.
 */
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "command.h"
#include "control.h"

enum { PID_MAX = 1 << 22 };

/**
 * struct request - what the command line asks for
 * @children: of -c
 * @words: the arguments
 * @count: how many there are
 */
struct request {
	bool children;
	char **words;
	int count;
};

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct request *request = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		request->words = calloc((size_t)state->argc, sizeof(*request->words));
		return request->words ? 0 : ENOMEM;
	case 'c':
		request->children = true;
		return 0;
	case ARGP_KEY_ARG:
		request->words[request->count++] = text;
		return 0;
	case ARGP_KEY_NO_ARGS:
		return EINVAL;
	default:
		return arguments_common(key, state);
	}
}

static pid_t pid_of(const char *word)
{
	return arguments_integer("PID", word, 1, PID_MAX);
}

/*
 * Do it for each pid among the words from @first on; a process that is refused is named,
 * and the others are done all the same.
 */
static int for_each(const struct request *request, int first,
		    int (*act)(const struct request *request, pid_t pid))
{
	int error, status = EXIT_SUCCESS;

	for (int i = first; i < request->count; i++)
		pid_of(request->words[i]);
	for (int i = first; i < request->count; i++) {
		error = act(request, pid_of(request->words[i]));
		if (!error)
			continue;
		warnx("process %s: %s", request->words[i], control_explain(error));
		status = EXIT_FAILURE;
	}
	return status;
}

#define EXIT_STATUS "The exit status is 0, 1 if a process was refused, or 2 after a bad option."

static const struct argp_option register_options[] = {
	{ "children", 'c', NULL, 0, "Follow who is forked, too, to any depth", 0 },
	ARGUMENTS_COMMON,
	{ 0 }
};

static const struct argp register_argp = {
	.options = register_options,
	.parser = parse,
	.args_doc = "PID...",
	.doc = "Register processes: from now on they are counted."
	       "\v" EXIT_STATUS "\n\n"
	       "Examples:\n"
	       "  faultline register 4711 4712\n"
	       "  faultline register -c $(pidof redis-server)\n",
};

static int do_register(const struct request *request, pid_t pid)
{
	return control_register(pid, request->children);
}

/**
 * command_register() - register processes
 */
int command_register(int argc, char **argv)
{
	struct request request = {};

	arguments_parse(&register_argp, argc, argv, &request);
	return for_each(&request, 0, do_register);
}

static const struct argp_option plain_options[] = {
	ARGUMENTS_COMMON,
	{ 0 }
};

static const struct argp unregister_argp = {
	.options = plain_options,
	.parser = parse,
	.args_doc = "PID...",
	.doc = "Unregister processes: what they did is in the ring, and nothing is added to it."
	       "\v" EXIT_STATUS "\n\n"
	       "Examples:\n"
	       "  faultline unregister 4711\n",
};

static int do_unregister(const struct request *unused, pid_t pid)
{
	(void)unused;
	return control_unregister(pid);
}

/**
 * command_unregister() - unregister processes
 */
int command_unregister(int argc, char **argv)
{
	struct request request = {};

	arguments_parse(&unregister_argp, argc, argv, &request);
	return for_each(&request, 0, do_unregister);
}

static const struct argp precopy_argp = {
	.options = plain_options,
	.parser = parse,
	.args_doc = "auto|off|PAGES PID...",
	.doc = "Say how far ahead of their writes a registered process's pages are copied."
	       "\v"
	       "auto: as far as runs and history foretell; PAGES: so many behind each fault, 1 to "
	       "64; off: not at all.  Children that are followed inherit it.  " EXIT_STATUS "\n\n"
	       "Examples:\n"
	       "  faultline precopy auto $(pidof redis-server)\n"
	       "  faultline precopy 16 4711\n",
};

static int do_precopy(const struct request *request, pid_t pid)
{
	return control_precopy(pid, request->words[0]);
}

/**
 * command_precopy() - set how far ahead is copied
 */
int command_precopy(int argc, char **argv)
{
	struct request request = {};

	arguments_parse(&precopy_argp, argc, argv, &request);
	if (strcmp(request.words[0], "auto") != 0 && strcmp(request.words[0], "off") != 0)
		arguments_integer("PAGES", request.words[0], 1, 64);
	if (request.count < 2)
		errx(EXIT_USAGE, "expected at least one PID behind %s", request.words[0]);
	return for_each(&request, 1, do_precopy);
}
