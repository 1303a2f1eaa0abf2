// SPDX-License-Identifier: GPL-2.0
#include "registration.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLANKS		" \t\n"
#define COW_SETTING	"# cow: "

static int open_status(int flags)
{
	int fd = open(FAULTLINE_STATUS, flags | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		warnx("module not loaded: %s: No such file; sudo ./insert.sh, or make demo",
		      FAULTLINE_STATUS);
	else if (fd < 0)
		warn("%s", FAULTLINE_STATUS);
	return fd;
}

/* What a refusal of "R 0" or "U 0" means, where errno's own text would mislead. */
static const char *refusal(int error)
{
	switch (error) {
	case EEXIST:
		return "this process is registered already";
	case ENOENT:
		return "this process is not registered";
	case ENOSPC:
		return "the module's limit of registered processes is reached";
	default:
		return strerror(error);
	}
}

static int send_command(const char *command, const char *purpose)
{
	int fd = open_status(O_WRONLY);
	int error = 0;

	if (fd < 0)
		return -1;
	/* procfs takes a short line whole or not at all. */
	if (write(fd, command, strlen(command)) < 0) {
		warnx("%s: %s", purpose, refusal(errno));
		error = -1;
	}
	close(fd);
	return error;
}

/**
 * registration_begin - register the calling process
 */
int registration_begin(void)
{
	return send_command("R 0\n", "cannot register with Faultline");
}

/**
 * registration_begin_with_children - the same, and whoever it forks from now on is
 * registered from birth
 */
int registration_begin_with_children(void)
{
	return send_command("R 0 children\n", "cannot register with Faultline");
}

/**
 * registration_begin_of - register another process
 */
int registration_begin_of(pid_t pid)
{
	char command[32];

	snprintf(command, sizeof(command), "R %d\n", (int)pid);
	return send_command(command, "cannot register with Faultline");
}

/**
 * registration_end - unregister the calling process
 *
 * A process that just exits need not call this: the module notices.
 */
int registration_end(void)
{
	return send_command("U 0\n", "cannot unregister from Faultline");
}

/**
 * registration_precopy - say how far ahead the calling process's pages are copied
 * @policy: auto, off, or a number of pages; those that it forks from now on inherit it
 *
 * The process must be registered.
 */
int registration_precopy(const char *policy)
{
	char command[32];

	snprintf(command, sizeof(command), "P 0 %s\n", policy);
	return send_command(command, "cannot set pre-copy in Faultline");
}

/* The word of @line that stands where @names holds @name, or NULL. */
static const char *column(const char *names, const char *name, const char *line)
{
	size_t length = strlen(name);

	for (;;) {
		names += strspn(names, BLANKS);
		line += strspn(line, BLANKS);
		if (!*names || !*line)
			return NULL;

		size_t word = strcspn(names, BLANKS);

		if (word == length && !memcmp(names, name, length))
			return line;
		names += word;
		line += strcspn(line, BLANKS);
	}
}

/* False: there is no such column, or it holds no number. */
static bool number(const char *names, const char *name, const char *line,
		   unsigned long long *value)
{
	const char *word = column(names, name, line);
	char *end;

	if (!word)
		return false;
	*value = strtoull(word, &end, 10);
	return end != word;
}

static void read_cow_method(const char *line, struct registration_counters *counters)
{
	const char *method = line + strlen(COW_SETTING);

	snprintf(counters->cow_method, sizeof(counters->cow_method), "%.*s",
		 (int)strcspn(method, "\n"), method);
}

/* Returns the number of lines that were the process's own. */
static int parse(FILE *status, pid_t process, struct registration_counters *counters)
{
	char *names = NULL, *line = NULL;
	size_t names_size = 0, line_size = 0;
	unsigned long long pid;
	int own = 0;

	if (getline(&names, &names_size, status) < 0)
		goto out;
	while (getline(&line, &line_size, status) >= 0) {
		if (!strncmp(line, COW_SETTING, strlen(COW_SETTING)))
			read_cow_method(line, counters);
		if (line[0] == '#' || !number(names, "pid", line, &pid) ||
		    pid != (unsigned long long)process)
			continue;
		own += number(names, "minor", line, &counters->minor) &&
		       number(names, "major", line, &counters->major);
		counters->cow_counted = number(names, "cow", line, &counters->cow);
	}
out:
	free(line);
	free(names);
	return own;
}

/**
 * registration_read - read the calling process's counters
 */
int registration_read(struct registration_counters *counters)
{
	return registration_read_of(getpid(), counters);
}

/**
 * registration_read_of - read a process's counters
 * @counters: filled in, fresh as of this call
 *
 * From the second call on this copies no page of the caller's that an earlier call
 * has not copied already, so that the difference of two readings is exact.
 */
int registration_read_of(pid_t pid, struct registration_counters *counters)
{
	int fd = open_status(O_RDONLY);

	if (fd < 0)
		return -1;

	FILE *status = fdopen(fd, "r");

	if (!status) {
		warn("%s", FAULTLINE_STATUS);
		close(fd);
		return -1;
	}

	*counters = (struct registration_counters){ .cow_method = "n/a: not stated" };

	int own = parse(status, pid, counters);

	fclose(status);
	if (own == 1)
		return 0;
	warnx("%s: no counters of process %d", FAULTLINE_STATUS, (int)pid);
	return -1;
}
