// SPDX-License-Identifier: GPL-2.0
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>

#include "why.h"

bool why_refuse(char *why, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why, WHY_BYTES, format, arguments);
	va_end(arguments);
	return false;
}

bool why_ended(char *why, const char *name, int status, const char *killed)
{
	if (WIFSIGNALED(status))
		return why_refuse(why, "%.255s: was killed by signal %d%s", name, WTERMSIG(status),
				  WTERMSIG(status) == SIGKILL ? killed : "");
	return !WEXITSTATUS(status) ||
	       why_refuse(why, "%.255s: exit status %d", name, WEXITSTATUS(status));
}
