// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arguments.h"
#include "source.h"

/* Room for a line, and for much more than one. */
enum { BUFFER_BYTES = 4 * SOURCE_LINE_MAX };

static const struct source_format * const formats[] = {
	&source_lackey, &source_drmemtrace, &source_pid_text, &source_oracle_general, &source_faults,
};

enum { FORMATS = sizeof(formats) / sizeof(formats[0]) };

/* All of them, for a message. */
static const char *names(void)
{
	static _Thread_local char all[160];

	*all = '\0';
	for (int i = 0; i < FORMATS; i++)
		sprintf(all + strlen(all), "%s%s", i ? ", " : "", formats[i]->name);
	return all;
}

const struct source_format *source_format_called(const char *name)
{
	for (int i = 0; i < FORMATS; i++)
		if (strcmp(formats[i]->name, name) == 0)
			return formats[i];
	return NULL;
}

const struct source_format *source_format_chosen(const char *name)
{
	const struct source_format *format = source_format_called(name);

	if (format)
		return format;
	errx(EXIT_USAGE, "from: expected one of %s, not '%s'", names(), name);
}

bool source_refuse(struct source *source, const char *format, ...)
{
	va_list arguments;
	int length;

	length = snprintf(source->why, sizeof(source->why), "%.255s: byte %ju: ", source->path,
			  (uintmax_t)source->last);
	va_start(arguments, format);
	vsnprintf(source->why + length, sizeof(source->why) - (size_t)length, format, arguments);
	va_end(arguments);
	return false;
}

/* Sees to it that so many bytes are in the buffer, or all that there are. */
static bool fill(struct source *source, size_t bytes)
{
	ssize_t got;

	if (source->end - source->begin >= bytes || source->whole)
		return true;
	memmove(source->buffer, source->buffer + source->begin, source->end - source->begin);
	source->end -= source->begin;
	source->begin = 0;
	while (source->end < bytes && !source->whole) {
		got = read(source->fd, source->buffer + source->end, BUFFER_BYTES - source->end);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			source->last = source->offset + source->end;
			return source_refuse(source, "%s", strerror(errno));
		}
		source->whole = got == 0;
		source->end += (size_t)got;
	}
	return true;
}

static const char *take(struct source *source, size_t bytes)
{
	const char *at = source->buffer + source->begin;

	source->last = source->offset;
	source->begin += bytes;
	source->offset += bytes;
	return at;
}

const char *source_bytes(struct source *source, size_t bytes)
{
	if (!fill(source, bytes) || source->end == source->begin)
		return NULL;
	if (source->end - source->begin < bytes) {
		source->last = source->offset + (source->end - source->begin);
		source_refuse(source, "cut short in the midst of a record");
		return NULL;
	}
	return take(source, bytes);
}

const char *source_line(struct source *source, const char **end)
{
	const char *at, *newline;
	size_t bytes;

	at = source->buffer + source->begin;
	bytes = source->end - source->begin;
	newline = memchr(at, '\n', bytes);
	if (!newline) {
		if (!fill(source, SOURCE_LINE_MAX))
			return NULL;
		at = source->buffer + source->begin;
		bytes = source->end - source->begin;
		newline = memchr(at, '\n', bytes);
	}
	if (!newline && bytes >= SOURCE_LINE_MAX) {
		take(source, 0);
		source_refuse(source, "a line of more than %d bytes", SOURCE_LINE_MAX);
		return NULL;
	}
	if (!bytes)
		return NULL;
	*end = newline ? newline : at + bytes;
	return take(source, newline ? (size_t)(newline - at) + 1 : bytes);
}

bool source_number(const char **at, const char *end, int base, uint64_t *number)
{
	const char *digit = *at;
	uint64_t value = 0;
	unsigned int one;

	for (; digit < end; digit++) {
		if (*digit >= '0' && *digit <= '9')
			one = (unsigned int)(*digit - '0');
		else if (base == 16 && (*digit | 0x20) >= 'a' && (*digit | 0x20) <= 'f')
			one = (unsigned int)((*digit | 0x20) - 'a') + 10;
		else
			break;
		if (__builtin_mul_overflow(value, (uint64_t)base, &value) ||
		    __builtin_add_overflow(value, one, &value))
			return false;
	}
	if (digit == *at)
		return false;
	*at = digit;
	*number = value;
	return true;
}

const char *source_blanks(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t' || *at == '\r'))
		at++;
	return at;
}

bool source_skips(const char **at, const char *end, const char *word)
{
	size_t bytes = strlen(word);

	if ((size_t)(end - *at) < bytes || memcmp(*at, word, bytes) != 0)
		return false;
	*at += bytes;
	return true;
}

static bool recognize(struct source *source)
{
	const char *start = source->buffer;

	for (int i = 0; i < FORMATS; i++) {
		if (formats[i]->recognizes && formats[i]->recognizes(start, source->end)) {
			source->format = formats[i];
			return true;
		}
	}
	return source_refuse(source, "no trace of a kind that shows; --from says which it is: %s",
			     names());
}

bool source_open(struct source *source, const char *path, const struct source_format *format)
{
	*source = (struct source){ .path = path, .format = format };
	source->fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	if (source->fd >= 0)
		source->buffer = malloc(BUFFER_BYTES);
	if (!source->buffer) {
		snprintf(source->why, sizeof(source->why), "%.255s: %s", path, strerror(errno));
		if (source->fd >= 0)
			close(source->fd);
		return false;
	}
	if (fill(source, SOURCE_LINE_MAX) && (format || recognize(source)))
		return true;
	source_close(source);
	return false;
}

bool source_next(struct source *source, struct access *access)
{
	return !*source->why && source->format->next(source, access);
}

void source_close(struct source *source)
{
	free(source->buffer);
	close(source->fd);
}
