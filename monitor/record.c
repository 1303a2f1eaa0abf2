// SPDX-License-Identifier: GPL-2.0
/*
 * faultline record: writes what the module records into a file: samples of whoever is
 * registered, or each fault of those who are named.
 */
#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arguments.h"
#include "command.h"
#include "fault_recorder.h"
#include "launch.h"
#include "recorder.h"

enum {
	RECORD_FAULTS = 512, /* behind recorder.h's */
};

/**
 * struct request - what the command line asks for
 * @recorder: first, for recorder_option() finds it here
 * @path: the file, "-" for standard output; NULL for the usual one
 * @faults: of --faults
 * @fault_recorder: whose
 */
struct request {
	struct recorder recorder;
	const char *path;
	bool faults;
	struct fault_recorder fault_recorder;
};

static void add_pid(struct fault_recorder *recorder, const char *text)
{
	if (recorder->count == FAULT_RECORDER_PIDS_MAX)
		errx(EXIT_USAGE, "expected at most %d processes", FAULT_RECORDER_PIDS_MAX);
	recorder->pids[recorder->count++] = arguments_integer("PID", text, 1, 1 << 22);
}

/* What makes no sense together. */
static void check_sense(const struct request *request)
{
	const struct fault_recorder *recorder = &request->fault_recorder;

	if (!request->faults && (recorder->argv || recorder->count || recorder->children))
		errx(EXIT_USAGE, "expected --faults with --pid, --children or a COMMAND");
	if (request->faults && !recorder->argv == !recorder->count)
		errx(EXIT_USAGE, "faults: expected --pid=PID or a COMMAND");
	if (request->faults && (request->recorder.until != FOLLOW_RUN_END ||
				request->recorder.all ||
				request->recorder.format != &format_dat))
		errx(EXIT_USAGE, "faults: expected none of --dump, --follow, --all and --format");
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct request *request = state->input;

	switch (key) {
	case 'o':
		request->path = text;
		return 0;
	case RECORD_FAULTS:
		request->faults = true;
		return 0;
	case 'p':
		add_pid(&request->fault_recorder, text);
		return 0;
	case 'c':
		request->fault_recorder.children = true;
		return 0;
	case ARGP_KEY_ARG:
		/* The command's own options are none of ours. */
		request->fault_recorder.argv = &state->argv[state->next - 1];
		state->next = state->argc;
		return 0;
	default:
		return recorder_option(key, text, state);
	}
}

static const struct argp_option options[] = {
	{ "output", 'o', "FILE", 0, "Write this file (profile.dat, or faults.dat); - is standard "
	  "output", 0 },
	{ "faults", RECORD_FAULTS, NULL, 0, "Write each fault of a command, or of processes", 0 },
	{ "pid", 'p', "PID", 0, "With --faults: of this process; may be given again", 0 },
	{ "children", 'c', NULL, 0, "With --faults: and of who is forked, to any depth", 0 },
	RECORDER_OPTIONS,
	ARGUMENTS_COMMON,
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "\n--faults [--] COMMAND [ARGUMENT...]",
	.doc = "Write what Faultline records of the current run into a file, until no registered "
	       "process is left.  With --faults, each fault of a command until it has ended, or of "
	       "processes until nobody is traced any more."
	       "\v"
	       "Ctrl-C ends the file in good order.  A file that exists is replaced.  The exit "
	       "status is 0, 1 without a ring or without room for the file, or 2 after a bad "
	       "option; with a command it is as that of run.  --faults takes CAP_PERFMON.\n\n"
	       "Examples:\n"
	       "  faultline record                        into profile.dat\n"
	       "  faultline record -F json -o run.json\n"
	       "  faultline record --follow -o all.dat    run after run\n"
	       "  faultline record --faults -c -- make    each fault, into faults.dat\n",
};

static int record(struct request *request, int fd, const char *name)
{
	return request->faults ? fault_recorder_run(&request->fault_recorder, fd, name) :
				 recorder_run(&request->recorder, fd, name);
}

/**
 * command_record() - read the ring, write a file
 */
int command_record(int argc, char **argv)
{
	struct request request = { .recorder = RECORDER_DEFAULTS };
	mode_t mode;
	int fd, status;

	arguments_parse(&argp, argc, argv, &request);
	check_sense(&request);
	if (!request.path)
		request.path = request.faults ? "faults.dat" : "profile.dat";
	request.fault_recorder.device = request.recorder.device;
	if (strcmp(request.path, "-") == 0)
		return record(&request, STDOUT_FILENO, "standard output");
	/* Where a process has its memory is nobody else's business. */
	mode = request.faults ? 0600 : 0666;
	/* What is in it stays until there is something to record. */
	fd = open(request.path, O_WRONLY | O_CREAT | O_CLOEXEC, mode);
	if (fd < 0)
		err(request.fault_recorder.argv ? LAUNCH_FAILED : EXIT_FAILURE, "%s", request.path);
	status = record(&request, fd, request.path);
	if (close(fd)) {
		warn("%s", request.path);
		status = EXIT_FAILURE;
	}
	return status;
}
