// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"

static int claims;
static int failed;

static void say(const char *verdict, const char *directive, const char *format, va_list arguments)
{
	printf("%s %d - ", verdict, ++claims);
	fputs(directive, stdout);
	vprintf(format, arguments);
	putchar('\n');
	fflush(stdout);
}

bool ok(bool holds, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(holds ? "ok" : "not ok", "", format, arguments);
	va_end(arguments);
	failed += !holds;
	return holds;
}

void skip(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say("ok", "# SKIP ", format, arguments);
	va_end(arguments);
}

void bail(const char *format, ...)
{
	int error = errno;
	va_list arguments;

	va_start(arguments, format);
	fputs("Bail out! ", stdout);
	vprintf(format, arguments);
	printf(": %s\n", strerror(error));
	va_end(arguments);
	fflush(stdout);
	_exit(1);
}

void progress(const char *format, ...)
{
	FILE *console = fopen("/dev/console", "we");
	va_list arguments;

	if (!console)
		return;
	va_start(arguments, format);
	vfprintf(console, format, arguments);
	va_end(arguments);
	fputs("\r\n", console);
	fclose(console);
}

int finish(void)
{
	printf("1..%d\n", claims);
	fflush(stdout);
	return failed != 0;
}
