// SPDX-License-Identifier: GPL-2.0
/*
 * faultline record: writes what the module records into a file.
 */
#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arguments.h"
#include "command.h"
#include "recorder.h"

/**
 * struct request - what the command line asks for
 * @recorder: first, for recorder_option() finds it here
 * @path: the file, "-" for standard output
 */
struct request {
	struct recorder recorder;
	const char *path;
};

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct request *request = state->input;

	if (key == 'o') {
		request->path = text;
		return 0;
	}
	return recorder_option(key, text, state);
}

static const struct argp_option options[] = {
	{ "output", 'o', "FILE", 0, "Write this file (profile.dat); - is standard output", 0 },
	RECORDER_OPTIONS,
	ARGUMENTS_COMMON,
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Write what Faultline records of the current run into a file, until no registered "
	       "process is left."
	       "\v"
	       "Ctrl-C ends the file in good order.  A file that exists is replaced.  The exit "
	       "status is 0, 1 without a ring or without room for the file, or 2 after a bad "
	       "option.\n\n"
	       "Examples:\n"
	       "  faultline record                        into profile.dat\n"
	       "  faultline record -F json -o run.json\n"
	       "  faultline record --follow -o all.dat    run after run\n",
};

/**
 * command_record() - read the ring, write a file
 */
int command_record(int argc, char **argv)
{
	struct request request = { .recorder = RECORDER_DEFAULTS, .path = "profile.dat" };
	int fd, status;

	arguments_parse(&argp, argc, argv, &request);
	if (strcmp(request.path, "-") == 0)
		return recorder_run(&request.recorder, STDOUT_FILENO, "standard output");
	fd = open(request.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		err(EXIT_FAILURE, "%s", request.path);
	status = recorder_run(&request.recorder, fd, request.path);
	if (close(fd)) {
		warn("%s", request.path);
		status = EXIT_FAILURE;
	}
	return status;
}
