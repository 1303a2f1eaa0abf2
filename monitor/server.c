// SPDX-License-Identifier: GPL-2.0
/*
 * faultline-serve, which faultline serve becomes: counters by command name, for Prometheus.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "follow.h"
#include "http.h"
#include "textfile.h"

/**
 * struct request - what the command line asks for
 * @device: the ring
 * @where: [ADDRESS:]PORT as it was given, or NULL
 * @address: of these, cut out
 * @port: likewise
 * @textfile: file to write instead of serving, or NULL
 * @interval_s: how often; 0 if nothing was said
 * @groups: how many names at most
 */
struct request {
	const char *device;
	const char *where;
	char address[256];
	const char *port;
	const char *textfile;
	unsigned int interval_s;
	unsigned int groups;
};

enum {
	KEY_DEVICE = 256, /* beyond characters: long options only */
	KEY_TEXTFILE,
	KEY_INTERVAL,
	KEY_GROUPS,
};

enum { INTERVAL_S_DEFAULT = 15, INTERVAL_S_MAX = 3600, GROUPS_MOST = 100000 };

/* An address of IPv6 stands in brackets. */
static void parse_where(struct request *request, const char *where)
{
	const char *colon = strrchr(where, ':');
	size_t length = colon ? (size_t)(colon - where) : 0;

	request->where = where;
	request->port = colon ? colon + 1 : where;
	arguments_integer("port", request->port, 0, 65535);
	if (length >= 2 && *where == '[' && where[length - 1] == ']')
		where++, length -= 2;
	if (length >= sizeof(request->address))
		errx(EXIT_USAGE, "address: expected a shorter one");
	if (length)
		snprintf(request->address, sizeof(request->address), "%.*s", (int)length, where);
}

static void check(const struct request *request)
{
	if (request->textfile && request->where)
		errx(EXIT_USAGE, "textfile: expected either a file or an address, not '%s'",
		     request->where);
	if (request->interval_s && !request->textfile)
		errx(EXIT_USAGE, "interval: expected with --textfile only");
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct request *request = state->input;

	switch (key) {
	case KEY_DEVICE:
		request->device = text;
		return 0;
	case KEY_TEXTFILE:
		request->textfile = text;
		return 0;
	case KEY_INTERVAL:
		request->interval_s = arguments_integer("interval", text, 1, INTERVAL_S_MAX);
		return 0;
	case KEY_GROUPS:
		request->groups = arguments_integer("groups", text, 1, GROUPS_MOST);
		return 0;
	case ARGP_KEY_ARG:
		if (request->where)
			return EINVAL;
		parse_where(request, text);
		return 0;
	case ARGP_KEY_END:
		check(request);
		return 0;
	default:
		return arguments_common(key, state);
	}
}

static const struct argp_option options[] = {
	{ "textfile", KEY_TEXTFILE, "FILE", 0,
	  "Instead of serving, write FILE for node_exporter's textfile collector", 0 },
	{ "interval", KEY_INTERVAL, "SECONDS", 0, "Write it every so often (15)", 0 },
	{ "groups", KEY_GROUPS, "N", 0,
	  "Tell at most so many command names apart (1000); what comes later counts as "
	  GROUPS_OTHERS, 0 },
	{ "device", KEY_DEVICE, "PATH", 0, "Read this ring (" FAULTLINE_DEVICE ")", 0 },
	ARGUMENTS_COMMON,
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "[[ADDRESS:]PORT]",
	.doc = "Serve http://ADDRESS:PORT/metrics to Prometheus: what registered processes have "
	       "done since this was started, by command name.  Without an address it is this "
	       "machine alone that can ask (127.0.0.1); the port is 9423, and 0 takes any."
	       "\v"
	       "Clients get OpenMetrics if they accept it, and Prometheus's older text otherwise.  "
	       "64 may be connected; from 48 on each new one ends the oldest.  Who says nothing "
	       "for 10 s is let go, and a request has at most 8 KB.  There is no encryption and "
	       "no password: put a proxy in front where others can reach the address.\n\n"
	       "SIGTERM and Ctrl-C end it in good order.  While it runs the module cannot be "
	       "removed.  The exit status is 0, 1 without a ring, an address or a file, or 2 "
	       "after a bad option.\n\n"
	       "Examples:\n"
	       "  faultline serve                     http://127.0.0.1:9423/metrics\n"
	       "  faultline serve 0.0.0.0:9423        for other machines, too\n"
	       "  faultline serve --textfile /var/lib/prometheus/node-exporter/faultline.prom\n",
};

static struct http *serve(const struct request *request, struct live *live)
{
	char text[512];
	int fd = http_listen(request->address, request->port, text, sizeof(text));

	if (fd < 0)
		errx(EXIT_FAILURE, "%s", text);
	fprintf(stderr, "%s: http://%s/metrics\n", program_invocation_short_name, text);
	return http_start(fd, live);
}

/* Until a signal comes. */
static bool count(struct live *live)
{
	while (!follow_interrupted()) {
		live_catch_up(live);
		if (!follow_wait(&live->reader))
			return false;
	}
	return true;
}

/* Signals are for the thread that counts: others start with them held back. */
static void hold_back_signals(sigset_t *before)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, before);
}

/* Read the ring, answer. */
int main(int argc, char **argv)
{
	struct request request = {
		.device = FAULTLINE_DEVICE, .groups = GROUPS_MAX_DEFAULT,
		.address = "127.0.0.1", .port = "9423",
	};
	struct textfile *textfile = NULL;
	struct http *http = NULL;
	sigset_t before;
	struct live live;
	char why[512];
	int status = EXIT_SUCCESS;

	arguments_parse(&argp, argc, argv, &request);
	follow_catch_signals();
	if (!live_open(&live, request.device, request.groups, why, sizeof(why)))
		errx(EXIT_FAILURE, "%s", why);
	hold_back_signals(&before);
	if (request.textfile)
		textfile = textfile_start(request.textfile,
					  request.interval_s ?: INTERVAL_S_DEFAULT, &live);
	else
		http = serve(&request, &live);
	if (!textfile && !http)
		err(EXIT_FAILURE, "%s", request.textfile ?: "http");
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!count(&live)) {
		warn("%s", request.device);
		status = EXIT_FAILURE;
	}
	if (textfile)
		textfile_stop(textfile);
	else
		http_stop(http);
	live_close(&live);
	return status;
}
