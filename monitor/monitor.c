// SPDX-License-Identifier: GPL-2.0
/*
 * monitor: writes what the module records to standard output, as profile.dat.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arguments.h"
#include "profile.h"
#include "ring_reader.h"

enum {
	OPTION_DEVICE = 256, /* beyond characters: long options only */
	OPTION_ALL,
	OPTION_DUMP,
	OPTION_FOLLOW,
};

/* When to stop reading. */
enum stop {
	STOP_AT_RUN_END,
	STOP_AT_RING_END,
	STOP_NEVER,
};

struct options {
	const char *device;
	enum stop stop;
	bool all;
};

static volatile sig_atomic_t interrupted;

static void interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

static const struct argp_option argp_options[] = {
	{ "dump", OPTION_DUMP, NULL, 0, "Write what the ring holds and leave", 0 },
	{ "follow", OPTION_FOLLOW, NULL, 0, "Wait for further runs for ever", 0 },
	{ "all", OPTION_ALL, NULL, 0, "Begin with the oldest record, of whatever run", 0 },
	{ "device", OPTION_DEVICE, "PATH", 0, "Read this ring (" FAULTLINE_DEVICE ")", 0 },
	ARGUMENTS_COMMON,
	{ 0 }
};

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case OPTION_DUMP:
		options->stop = STOP_AT_RING_END;
		return 0;
	case OPTION_FOLLOW:
		options->stop = STOP_NEVER;
		return 0;
	case OPTION_ALL:
		options->all = true;
		return 0;
	case OPTION_DEVICE:
		options->device = text;
		return 0;
	default:
		return arguments_common(key, state);
	}
}

static const struct argp argp = {
	.options = argp_options,
	.parser = parse,
	.doc = "Write what Faultline has recorded of the current run, and follow it until no "
	       "registered process is left.  A run begins when a process is registered while "
	       "none is."
	       "\v"
	       "Ctrl-C ends the profile in good order.  The exit status is 0, 1 without a ring "
	       "or without room for the profile, or 2 after a bad option.\n\n"
	       "Examples:\n"
	       "  monitor > profile.dat          a whole run\n"
	       "  monitor --dump | tail          what there is by now\n"
	       "  monitor --follow | grep -v '^#'\n",
};

static void catch_signals(void)
{
	struct sigaction ending = { .sa_handler = interrupt };

	sigaction(SIGINT, &ending, NULL);
	sigaction(SIGTERM, &ending, NULL);
	/* A reader of ours that leaves shows as EPIPE. */
	signal(SIGPIPE, SIG_IGN);
}

static void drain(struct ring_reader *reader, struct profile *profile)
{
	struct faultline_record record;

	while (!interrupted && !profile->error && ring_reader_next(reader, &record))
		profile_row(profile, reader->header, &record, reader->lost);
	profile_flush(profile);
}

/*
 * Signals are let in while the program reads, and held back from looking at
 * @interrupted until it sleeps, so that none slips in between the two.
 */
static bool wait_for_more(const struct ring_reader *reader)
{
	sigset_t ending, open;
	bool good;

	sigemptyset(&ending);
	sigaddset(&ending, SIGINT);
	sigaddset(&ending, SIGTERM);
	sigprocmask(SIG_BLOCK, &ending, &open);
	good = interrupted || ring_reader_wait(reader, &open) || errno == EINTR;
	sigprocmask(SIG_SETMASK, &open, NULL);
	return good;
}

static bool follow(struct ring_reader *reader, struct profile *profile, enum stop stop)
{
	bool last;

	while (!interrupted && !profile->error) {
		last = stop == STOP_AT_RING_END ||
		       (stop == STOP_AT_RUN_END && ring_reader_run_over(reader));
		drain(reader, profile);
		if (last)
			break;
		if (!wait_for_more(reader))
			return false;
	}
	return true;
}

/* Says what came of it; false if the profile is not whole though someone wants it. */
static bool report(const struct ring_reader *reader, const struct profile *profile)
{
	fprintf(stderr, "monitor: %" PRIu64 " records of %" PRIu64 " processes, %" PRIu64 " lost\n",
		profile->row_count, profile->process_count, reader->lost);
	if (!profile->error || profile->error == EPIPE)
		return true;
	fprintf(stderr, "monitor: standard output: %s\n", strerror(profile->error));
	return false;
}

int main(int argc, char **argv)
{
	struct options options = { .device = FAULTLINE_DEVICE };
	struct ring_reader reader;
	struct profile profile;
	char why[256];
	int status = EXIT_SUCCESS;

	arguments_parse(&argp, argc, argv, &options);
	catch_signals();
	if (!ring_reader_open(&reader, options.device, why, sizeof(why))) {
		fprintf(stderr, "monitor: %s\n", why);
		return EXIT_FAILURE;
	}
	if (options.all)
		ring_reader_rewind(&reader);
	profile_begin(&profile, STDOUT_FILENO, reader.header);
	if (!follow(&reader, &profile, options.stop)) {
		fprintf(stderr, "monitor: %s: %s\n", options.device, strerror(errno));
		status = EXIT_FAILURE;
	}
	profile_end(&profile, reader.lost);
	if (!report(&reader, &profile))
		status = EXIT_FAILURE;
	ring_reader_close(&reader);
	return status;
}
