// SPDX-License-Identifier: GPL-2.0
/*
 * faultline attach: watches processes that run already.
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "clock.h"
#include "command.h"
#include "control.h"
#include "follow.h"
#include "observer.h"

enum { TARGETS_MAX = 4096 };

/**
 * struct target - a process
 * @pid: its number
 * @id: its registration, 0 if it could not be registered
 * @ours: it was registered by us, and will be unregistered by us
 */
struct target {
	pid_t pid;
	uint64_t id;
	bool ours;
};

/**
 * struct request - what the command line asks for
 * @observer: first, for observer_option() finds it here
 * @targets: processes
 * @count: how many there are
 */
struct request {
	struct observer observer;
	struct target targets[TARGETS_MAX];
	size_t count;
};

static void add_target(struct request *request, pid_t pid)
{
	if (request->count == TARGETS_MAX)
		errx(EXIT_USAGE, "expected at most %d processes", TARGETS_MAX);
	request->targets[request->count++] = (struct target){ .pid = pid };
}

static bool is_named(const char *pid, const char *name)
{
	char path[64], comm[64] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (!fgets(comm, sizeof(comm), file))
		*comm = '\0';
	fclose(file);
	comm[strcspn(comm, "\n")] = '\0';
	/* The kernel keeps 15 bytes of a name. */
	return strncmp(comm, name, 15) == 0;
}

static void add_named(struct request *request, const char *name)
{
	size_t before = request->count;
	DIR *processes = opendir("/proc");
	struct dirent *entry;

	while (processes && (entry = readdir(processes)))
		if (strspn(entry->d_name, "0123456789") == strlen(entry->d_name) &&
		    is_named(entry->d_name, name))
			add_target(request, atoi(entry->d_name));
	if (processes)
		closedir(processes);
	if (request->count == before)
		errx(EXIT_FAILURE, "no process is called %s", name);
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct request *request = state->input;

	switch (key) {
	case 'n':
		add_named(request, text);
		return 0;
	case ARGP_KEY_ARG:
		add_target(request, arguments_integer("PID", text, 1, 1 << 22));
		return 0;
	case ARGP_KEY_END:
		return request->count ? 0 : EINVAL;
	default:
		return observer_option(key, text, state);
	}
}

static const struct argp_option options[] = {
	{ "name", 'n', "NAME", 0, "Attach to every process of this name", 0 },
	OBSERVER_OPTIONS,
	ARGUMENTS_COMMON,
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "PID...",
	.doc = "Register processes that run already, watch them until they end or until Ctrl-C, "
	       "and say on standard error what they did meanwhile."
	       "\v"
	       "Who was registered before stays so, and is counted from then on.  With -c, children that are forked from now on "
	       "are followed.  The exit status is 0, 1 if a process cannot be registered or "
	       "the file is not whole, or 2 after a bad option.\n\n"
	       "Examples:\n"
	       "  faultline attach 4711\n"
	       "  faultline attach -c --name postgres      and the backends to come\n"
	       "  faultline attach -o redis.dat --name redis-server\n",
};

/* A process that cannot be registered is named; the others are watched all the same. */
static size_t register_all(struct request *request)
{
	size_t good = 0;

	for (size_t i = 0; i < request->count; i++) {
		struct target *target = &request->targets[i];
		int error = control_adopt(target->pid, request->observer.children, &target->ours);

		if (!error)
			target->id = control_id(target->pid);
		if (target->id && observer_add(&request->observer, target->id))
			good++;
		else
			warnx("process %d: %s", (int)target->pid,
			      control_explain(error ?: ESRCH));
	}
	return good;
}

static void unregister_all(const struct request *request)
{
	for (size_t i = 0; i < request->count; i++)
		if (request->targets[i].ours &&
		    !watch_ended(&request->observer.watch, request->targets[i].id))
			control_unregister(request->targets[i].pid);
}

/**
 * command_attach() - watch processes, say what they did
 */
int command_attach(int argc, char **argv)
{
	static struct request request = { .observer = OBSERVER_DEFAULTS };
	struct observer *observer = &request.observer;
	unsigned long long begun;
	size_t good;

	arguments_parse(&argp, argc, argv, &request);
	if (!observer_begin(observer))
		return EXIT_FAILURE;
	follow_catch_signals();
	begun = clock_now_ns();
	good = register_all(&request);
	while (good && !follow_interrupted() && observer->watch.open) {
		observer_read(observer);
		if (observer->watch.open && !follow_wait(&observer->reader))
			err(EXIT_FAILURE, "%s", observer->device);
	}
	unregister_all(&request);
	observer_read(observer);
	if (!good)
		return EXIT_FAILURE;
	return observer_end(observer, clock_now_ns() - begun) && good == request.count ?
	       EXIT_SUCCESS : EXIT_FAILURE;
}
