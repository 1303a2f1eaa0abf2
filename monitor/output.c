// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "output.h"

bool output_renew(int fd)
{
	/* EINVAL: no file, but a device. */
	return fd == STDOUT_FILENO || ftruncate(fd, 0) == 0 || errno == EINVAL;
}

void output_flush(struct output *output)
{
	size_t done = 0;
	ssize_t written;

	while (done < output->used && !output->error) {
		written = write(output->fd, output->lines + done, output->used - done);
		if (written >= 0)
			done += (size_t)written;
		else if (errno != EINTR)
			output->error = errno;
	}
	output->used = 0;
}

char *output_room(struct output *output, size_t bytes)
{
	if (sizeof(output->lines) - output->used < bytes)
		output_flush(output);
	return output->lines + output->used;
}

char *output_reserve(struct output *output)
{
	return output_room(output, OUTPUT_LINE_MAX);
}

void output_commit(struct output *output, const char *end)
{
	output->used = (size_t)(end - output->lines);
}

void output_line(struct output *output, const char *format, ...)
{
	char *at = output_reserve(output);
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(at, OUTPUT_LINE_MAX, format, arguments);
	va_end(arguments);
	if (length >= OUTPUT_LINE_MAX) {
		length = OUTPUT_LINE_MAX - 1;
		at[length - 1] = '\n';
	}
	output_commit(output, at + length);
}
