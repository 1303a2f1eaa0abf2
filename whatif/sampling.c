// SPDX-License-Identifier: GPL-2.0
/*
 * faultline-whatif sample: a trace of a process that runs already, from samples.
 */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "arguments.h"
#include "command.h"
#include "replacement.h"
#include "sampler.h"
#include "settings.h"

/**
 * struct request - what the command line asks for
 * @pid: whose memory
 * @epoch: seconds of an epoch
 * @epochs: at most so many
 * @out: the file to write, or NULL for standard output
 */
struct request {
	uint32_t pid;
	double epoch;
	uint64_t epochs;
	const char *out;
};

static volatile sig_atomic_t interrupted;

static void interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct request *request = state->input;

	switch (key) {
	case 'p':
		request->pid = (uint32_t)settings_number("pid", text, 1, INT32_MAX);
		return 0;
	case 'e':
		request->epoch = arguments_decimal("epoch", text, 0.001, 3600);
		return 0;
	case 'c':
		request->epochs = settings_number("epochs", text, 1, UINT32_MAX);
		return 0;
	case 'o':
		request->out = text;
		return 0;
	default:
		return arguments_common(key, state);
	}
}

static const struct argp_option options[] = {
	{ "pid", 'p', "PID", 0, "Of this process", 0 },
	{ "epoch", 'e', "SECONDS", 0, "See so often which pages were written (0.1)", 0 },
	{ "epochs", 'c', "N", 0, "So many times at most (100)", 0 },
	{ "output", 'o', "FILE", 0, "Write this file (standard output)", 0 },
	ARGUMENTS_COMMON,
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Make a trace of what a process that runs already writes, epoch by epoch: until "
	       "there were so many, it ends, or Ctrl-C."
	       "\v"
	       "It is a sample: in each epoch the pages that were written, once each, in the order of "
	       "their addresses.  Reads are not in it, but how much was read or written is told for "
	       "each epoch.  A trace says that it was sampled, and so does what is made of it.\n\n"
	       "Examples:\n"
	       "  faultline-whatif sample -p 1234 --epoch=0.5 -o server.txt\n"
	       "  faultline-whatif server.txt --frames=1k,4k\n",
};

static void wait_for(double seconds)
{
	struct timespec span = { .tv_sec = (time_t)seconds };

	span.tv_nsec = (long)((seconds - floor(seconds)) * 1e9);
	nanosleep(&span, NULL);
}

static bool sample(struct sampler *sampler, const struct request *request, FILE *file)
{
	fprintf(file, "# sampled: pages that process %u wrote in each of at most %" PRIu64
		" epochs of %g s, in the order of their addresses; no reads\n", request->pid,
		request->epochs, request->epoch);
	for (uint64_t i = 0; i < request->epochs && !interrupted && !ferror(file); i++) {
		if (!sampler_begin(sampler))
			break;
		wait_for(request->epoch);
		fprintf(file, "# epoch %" PRIu64 "\n", i + 1);
		if (!sampler_end(sampler, file))
			break;
		fprintf(file, "# %" PRIu64 " pages written, %" PRIu64
			" KB read or written\n", sampler->written, sampler->referenced_bytes / 1024);
	}
	if (*sampler->why)
		warnx("%s", sampler->why);
	return !*sampler->why;
}

int command_sample(int argc, char **argv)
{
	struct request request = { .epoch = 0.1, .epochs = 100 };
	struct sigaction action = { .sa_handler = interrupt };
	struct replacement out;
	struct sampler sampler;
	FILE *file;
	bool good;

	arguments_parse(&argp, argc, argv, &request);
	if (!request.pid)
		errx(EXIT_USAGE, "pid: expected whose memory is looked at, such as --pid=1234");
	if (!sampler_open(&sampler, request.pid))
		errx(EXIT_FAILURE, "%s", sampler.why);
	/* Where a process has its memory is nobody else's business. */
	if (!replacement_begin(&out, request.out, 0600))
		err(EXIT_FAILURE, "%s", request.out);
	file = fdopen(out.fd, "w");
	if (!file)
		err(EXIT_FAILURE, "memory");
	/* What there is until then is kept. */
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	good = sample(&sampler, &request, file);
	if (fflush(file) || ferror(file)) {
		warn("%s", request.out ?: "standard output");
		good = false;
	}
	sampler_close(&sampler);
	if (!replacement_end(&out, good))
		err(EXIT_FAILURE, "%s", request.out);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
