// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control.h"
#include "uapi/faultline.h"

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

int control_unregister(pid_t pid)
{
	return control("U %d\n", (int)pid);
}

int control_precopy(pid_t pid, const char *setting)
{
	return control("P %d %s\n", (int)pid, setting);
}

/* The word of @line that stands where @names holds @name; 0 if there is none. */
static uint64_t number_under(const char *names, const char *name, const char *line)
{
	size_t length = strlen(name), word;

	for (;;) {
		names += strspn(names, " \n");
		line += strspn(line, " \n");
		if (!*names || !*line)
			return 0;
		word = strcspn(names, " \n");
		if (word == length && memcmp(names, name, length) == 0)
			return strtoull(line, NULL, 10);
		names += word;
		line += strcspn(line, " \n");
	}
}

uint64_t control_id(pid_t pid)
{
	FILE *status = fopen(FAULTLINE_STATUS, "re");
	char names[1024], line[1024];
	uint64_t id = 0;

	if (!status)
		return 0;
	if (fgets(names, sizeof(names), status))
		while (!id && fgets(line, sizeof(line), status))
			if (*line != '#' && number_under(names, "pid", line) == (uint64_t)pid)
				id = number_under(names, "id", line);
	fclose(status);
	return id;
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
