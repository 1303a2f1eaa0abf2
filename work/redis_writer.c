// SPDX-License-Identifier: GPL-2.0
/*
 * redis_writer: write to a Redis server at a steady rate, and tell what each request took
 *
 * Requests are due at equal distances, whatever the server does, and what a request
 * takes counts from when it was due: what piles up while the server is busy with
 * something else is in the figures, as users would feel it.  One connection, one
 * request at a time.  The keys are random, from glibc's rand() without a seed, so that
 * every run writes the same keys in the same order.
 */
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "arguments.h"

enum {
	PORT = 6379,
	KEYS_MAX = RAND_MAX,
	BYTES_MAX = 1 << 20,
	RATE_MAX = 100000,
	SECONDS_MAX = 3600,
	HEAD_BYTES = 128,
	NS_PER_S = 1000000000,
};

struct job {
	int keys;
	int bytes;
	int rate;
	int seconds;
};

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

static int connect_to_server(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(PORT),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int server = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	if (server < 0 || connect(server, (struct sockaddr *)&address, sizeof(address)) ||
	    setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)))
		err(EXIT_FAILURE, "127.0.0.1:%d", PORT);
	return server;
}

/* The request is sent in one piece, so that the server can read it in one. */
static void set(int server, int key, int bytes, char *request)
{
	static const char ok[] = "+OK\r\n";
	char reply[sizeof(ok)] = "";
	ssize_t got = 0, here;
	int length;

	length = sprintf(request, "*3\r\n$3\r\nSET\r\n$16\r\nkey:%012d\r\n$%d\r\n", key, bytes);
	memset(request + length, 'y', bytes);
	memcpy(request + length + bytes, "\r\n", 2);
	if (send(server, request, length + bytes + 2, MSG_NOSIGNAL) != length + bytes + 2)
		err(EXIT_FAILURE, "sending to the server");
	while (got < (ssize_t)strlen(ok)) {
		here = TEMP_FAILURE_RETRY(read(server, reply + got, strlen(ok) - got));
		if (here < 0)
			err(EXIT_FAILURE, "reading from the server");
		if (!here)
			errx(EXIT_FAILURE, "the server closed the connection");
		got += here;
	}
	if (strcmp(reply, ok) != 0)
		errx(EXIT_FAILURE, "the server refused to SET: %s", reply);
}

static long long ns(const struct timespec *time)
{
	return (long long)time->tv_sec * NS_PER_S + time->tv_nsec;
}

static void run(const struct job *job, int server)
{
	char *request = malloc(HEAD_BYTES + job->bytes);
	struct timespec due, now, date;
	long long start;

	if (!request)
		err(EXIT_FAILURE, "a request");
	clock_gettime(CLOCK_MONOTONIC, &now);
	clock_gettime(CLOCK_REALTIME, &date);
	start = ns(&now);
	printf("# SETs of %d bytes to %d random keys, due %d times a second\n"
	       "# realtime_minus_monotonic_s: %.6f\n"
	       "# columns: due_s latency_s\n", job->bytes, job->keys, job->rate,
	       (ns(&date) - start) / 1e9);
	for (long long i = 0; i < (long long)job->rate * job->seconds && !stopped; i++) {
		due.tv_sec = (start + i * NS_PER_S / job->rate) / NS_PER_S;
		due.tv_nsec = (start + i * NS_PER_S / job->rate) % NS_PER_S;
		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) == EINTR &&
		       !stopped)
			;
		if (stopped)
			break;
		set(server, rand() % job->keys, job->bytes, request);
		clock_gettime(CLOCK_MONOTONIC, &now);
		printf("%.6f %.6f\n", ns(&due) / 1e9, (ns(&now) - ns(&due)) / 1e9);
	}
	free(request);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct job *job = state->input;

	if (key == ARGP_KEY_ARG && state->arg_num == 0)
		job->keys = arguments_integer("keys", argument, 1, KEYS_MAX);
	else if (key == ARGP_KEY_ARG && state->arg_num == 1)
		job->bytes = arguments_integer("bytes", argument, 1, BYTES_MAX);
	else if (key == ARGP_KEY_ARG && state->arg_num == 2)
		job->rate = arguments_integer("rate", argument, 1, RATE_MAX);
	else if (key == ARGP_KEY_ARG && state->arg_num == 3)
		job->seconds = arguments_integer("seconds", argument, 1, SECONDS_MAX);
	else if (key == ARGP_KEY_END && state->arg_num < 4)
		return EINVAL;
	else
		return arguments_common(key, state);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct argp_option options[] = { ARGUMENTS_COMMON, { 0 } };
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "<keys> <bytes> <rate> <seconds>",
		.doc = "Write to the Redis server on this machine, and print for each request "
		       "when it was due (CLOCK_MONOTONIC) and how long after that the answer "
		       "came, both in seconds."
		       "\v<keys> keys, key:000000000000 and on, values of <bytes>, <rate> "
		       "requests per second for <seconds>, or until SIGTERM.\n\n"
		       "Example:\n  redis_writer 60000 2000 500 60 > latency.dat",
	};
	struct job job = { 0 };
	int server;

	arguments_parse(&argp, argc, argv, &job);
	signal(SIGTERM, stop);
	signal(SIGINT, stop);
	server = connect_to_server();
	run(&job, server);
	close(server);
	if (fflush(stdout) || ferror(stdout))
		err(EXIT_FAILURE, "standard output");
	return EXIT_SUCCESS;
}
