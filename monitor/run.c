// SPDX-License-Identifier: GPL-2.0
/*
 * faultline run: runs a command and says what it did, as time(1) does.
 */
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "arguments.h"
#include "clock.h"
#include "command.h"
#include "control.h"
#include "launch.h"
#include "observer.h"

/**
 * struct request - what the command line asks for
 * @observer: first, for observer_option() finds it here
 * @argv: the command
 */
struct request {
	struct observer observer;
	char **argv;
};

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct request *request = state->input;

	if (key == ARGP_KEY_ARG) {
		/* The command's own options are none of ours. */
		request->argv = &state->argv[state->next - 1];
		state->next = state->argc;
		return 0;
	}
	if (key == ARGP_KEY_NO_ARGS)
		return EINVAL;
	return observer_option(key, text, state);
}

static const struct argp_option options[] = {
	OBSERVER_OPTIONS,
	ARGUMENTS_COMMON,
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "[--] COMMAND [ARGUMENT...]",
	.doc = "Run a command, registered from before its first instruction, and say on standard "
	       "error what it did, as time(1) does."
	       "\v"
	       "Signals that other processes send to faultline go to the command.  The exit status "
	       "is the command's, 128 and the signal that ended it, 127 if there is no such "
	       "command, 126 if it cannot be executed, 125 if faultline itself fails, or 2 after "
	       "a bad option.  With -c, children that outlive the command are counted up to "
	       "their last sample, and the end takes up to two sampling periods longer.\n\n"
	       "Examples:\n"
	       "  faultline run -- sort -u words\n"
	       "  faultline run -c -- make -j4            with all that it forks\n"
	       "  faultline run -c -o build.dat -- make   and every sample in a file\n",
};

/* Until the command is a zombie; reads along only if somebody wants every sample. */
static void wait_for(const struct launch *launch, struct observer *observer)
{
	struct pollfd news[] = {
		{ .fd = launch->signals, .events = POLLIN },
		{ .fd = observer_wants_all(observer) ? observer->reader.fd : -1,
		  .events = POLLIN },
	};

	while (!launch_has_ended(launch)) {
		if (poll(news, 2, -1) < 0 && errno != EINTR)
			return;
		if (news[0].revents)
			launch_pass_on(launch);
		if (news[1].revents && ring_reader_wait(&observer->reader, NULL))
			observer_read(observer);
	}
}

static int run(struct launch *launch, struct observer *observer)
{
	unsigned long long begun = clock_now_ns(), elapsed_ns;
	uint64_t id = control_id(launch->pid);
	int status;

	/* The command is there to be run, even where nothing can be said of it. */
	if (!id || !observer_add(observer, id))
		warnx("process %d cannot be watched", (int)launch->pid);
	launch_let_go(launch);
	wait_for(launch, observer);
	elapsed_ns = clock_now_ns() - begun;
	/* The sampler may have come first, which is just as good. */
	control_unregister(launch->pid);
	status = launch_reap(launch);
	if (observer->children)
		observer_wait_tick(observer);
	observer_read(observer);
	if (!observer_end(observer, elapsed_ns) && status == EXIT_SUCCESS)
		status = LAUNCH_FAILED;
	return status;
}

/**
 * command_run() - run a command, say what it did
 */
int command_run(int argc, char **argv)
{
	struct request request = { .observer = OBSERVER_DEFAULTS };
	struct launch launch;
	int error;

	arguments_parse(&argp, argc, argv, &request);
	if (!observer_begin(&request.observer))
		return LAUNCH_FAILED;
	if (!launch_fork(&launch, request.argv))
		err(LAUNCH_FAILED, "fork");
	error = control_register(launch.pid, request.observer.children);
	if (error) {
		launch_call_off(&launch);
		errx(LAUNCH_FAILED, "%s: not run, as it cannot be registered: %s", request.argv[0],
		     control_explain(error));
	}
	return run(&launch, &request.observer);
}
