// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control.h"
#include "uapi/faultline.h"

enum {
	ROW_BYTES	= 1024,
	/* Those that fork so fast that some are always new are not run after for ever. */
	TRACE_ROUNDS	= 16,
};

__attribute__((format(printf, 1, 2)))
static int control(const char *format, ...)
{
	int fd = open(FAULTLINE_STATUS, O_WRONLY | O_CLOEXEC), error = 0;
	va_list arguments;
	char line[64];
	int length;

	if (fd < 0)
		return errno;
	va_start(arguments, format);
	length = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (length >= (int)sizeof(line))
		error = EINVAL;
	else if (write(fd, line, (size_t)length) < 0)
		error = errno;
	close(fd);
	return error;
}

int control_register(pid_t pid, bool children)
{
	return control("R %d%s\n", (int)pid, children ? " children" : "");
}

int control_adopt(pid_t pid, bool children, bool *ours)
{
	int error = control_register(pid, children);

	*ours = !error;
	if (error != EEXIST)
		return error;
	if (children)
		warnx("process %d: registered already: its children are followed only if they were "
		      "before", (int)pid);
	return 0;
}

int control_unregister(pid_t pid)
{
	return control("U %d\n", (int)pid);
}

int control_precopy(pid_t pid, const char *setting)
{
	return control("P %d %s\n", (int)pid, setting);
}

int control_trace(pid_t pid, const char *setting)
{
	return control("T %d %s\n", (int)pid, setting);
}

long long control_trace_says(const char *what)
{
	FILE *status = fopen(FAULTLINE_STATUS, "re");
	long long number = -1;
	char line[ROW_BYTES], *at;

	while (status && number < 0 && fgets(line, sizeof(line), status)) {
		at = strncmp(line, "# trace: ", 9) == 0 ? strstr(line, what) : NULL;
		if (!at)
			continue;
		while (at > line && at[-1] >= '0' && at[-1] <= '9')
			at--;
		number = atoll(at);
	}
	if (status)
		fclose(status);
	return number;
}

static void trace_nobody_seen(void)
{
	FILE *status = fopen(FAULTLINE_STATUS, "re");
	char line[ROW_BYTES];

	while (status && fgets(line, sizeof(line), status))
		if (*line >= '1' && *line <= '9')
			control_trace(atoi(line), "off");
	if (status)
		fclose(status);
}

long long control_trace_nobody(void)
{
	long long traced = control_trace_says(" processes");

	/* Each time there are but children of those that were told last. */
	for (int round = 0; traced > 0 && round < TRACE_ROUNDS; round++) {
		trace_nobody_seen();
		traced = control_trace_says(" processes");
	}
	return traced;
}

/* The word of @line that stands where @names holds @name, and what follows; NULL if none does. */
static const char *word_under(const char *names, const char *name, const char *line)
{
	size_t length = strlen(name), word;

	for (;;) {
		names += strspn(names, " \n");
		line += strspn(line, " \n");
		if (!*names || !*line)
			return NULL;
		word = strcspn(names, " \n");
		if (word == length && memcmp(names, name, length) == 0)
			return line;
		names += word;
		line += strcspn(line, " \n");
	}
}

/* -1 if there is none, or it is n/a. */
static long long number_under(const char *names, const char *name, const char *line)
{
	const char *word = word_under(names, name, line);

	return word && *word >= '0' && *word <= '9' ? strtoll(word, NULL, 10) : -1;
}

long long control_counted(pid_t pid, const char *column)
{
	FILE *status = fopen(FAULTLINE_STATUS, "re");
	char names[ROW_BYTES], line[ROW_BYTES];
	long long number = -1;

	if (!status)
		return -1;
	if (fgets(names, sizeof(names), status))
		while (number < 0 && fgets(line, sizeof(line), status))
			if (*line != '#' && number_under(names, "pid", line) == pid)
				number = number_under(names, column, line);
	fclose(status);
	return number;
}

uint64_t control_id(pid_t pid)
{
	long long id = control_counted(pid, "id");

	return id < 0 ? 0 : (uint64_t)id;
}

const char *control_explain(int error)
{
	switch (error) {
	case ENOENT:
		return access(FAULTLINE_STATUS, F_OK) == 0 ? "not registered" :
		       "the module is not in: sudo ./insert.sh, or make demo";
	case EEXIST:
		return "registered already";
	case ESRCH:
		return "no such process, or it has exited";
	case EPERM:
		return "another user's process, or one that hides its memory: that takes "
		       "CAP_SYS_PTRACE (sudo)";
	case ENOSPC:
		return "as many processes are registered as the module takes (max_processes=)";
	case EOPNOTSUPP:
		return "this kernel has no engine for pre-copy: faultline status tells why";
	case EINVAL:
		return "the module does not take that: faultline --help";
	default:
		return strerror(error);
	}
}
