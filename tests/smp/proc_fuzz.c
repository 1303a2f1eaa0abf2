// SPDX-License-Identifier: GPL-2.0
/*
 * Of 20000 random texts written to /proc/faultline/status, exactly those lines are
 * taken for commands that match the grammar: `R`, `U` or `P`, a blank, a pid, and what may follow it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "module.h"
#include "random.h"
#include "tap.h"

enum {
	TEXTS		= 20000,
	LENGTH_MAX	= 6000,
	WRITE_MAX	= 4096,		/* bytes that the module looks at in one write */
	DEPTH_MAX	= 64,
};

/* Mostly what commands are made of, or next to nothing would be one. */
static char random_byte(void)
{
	static const char likely[] = "RRRUUUPPPTTT      \n\n\n0123456789\t-+x";

	if (random_below(20) == 0)
		return (char)random_below(256);
	return likely[random_below(sizeof(likely) - 1)];
}

static size_t insert_anywhere(char *text, size_t length, char byte)
{
	size_t at = random_below(length + 1);

	memmove(text + at + 1, text + at, length - at);
	text[at] = byte;
	return length + 1;
}

/* With depths just beyond either end, too, and words that are none of the verb's. */
static size_t append_setting(char *text, size_t done)
{
	static const char * const words[] = { "", "auto", "off", "children", "on", "auto off" };
	size_t kinds = sizeof(words) / sizeof(words[0]), kind = random_below(2 * kinds);
	char verb = random_below(2) ? 'P' : 'T';
	int pid = (int)random_below(200);

	if (done && text[done - 1] != '\n')
		text[done++] = '\n';
	if (kind < kinds)
		return done + (size_t)sprintf(text + done, "%c %d %s\n", verb, pid, words[kind]);
	return done + (size_t)sprintf(text + done, "%c %d %d\n", verb, pid,
				      (int)random_below(DEPTH_MAX + 2));
}

/* Good lines, good lines with one byte too many, and noise, in all mixtures. */
static size_t random_text(char *text)
{
	size_t length = random_below(random_below(50) == 0 ? LENGTH_MAX : 24);
	size_t done = 0;

	if (random_below(2))
		done = (size_t)sprintf(text, "R %d\n", (int)random_below(200));
	if (random_below(4) == 0)
		done += (size_t)sprintf(text + done, "U %d", (int)random_below(200));
	if (random_below(4) == 0)
		done = append_setting(text, done);
	if (random_below(2))
		done = insert_anywhere(text, done, (char)random_below(256));
	if (random_below(2))
		return done;
	while (done < length)
		text[done++] = random_byte();
	return done;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static const char *skip_blanks(const char *at, const char *end)
{
	while (at < end && is_blank(*at))
		at++;
	return at;
}

/* Digits to the next blank, or the end, of a number up to @limit; NULL if that is not so. */
static const char *skip_number(const char *at, const char *end, uint64_t *number, uint64_t limit)
{
	const char *start = at;

	for (*number = 0; at < end && !is_blank(*at); at++) {
		if (*at < '0' || *at > '9')
			return NULL;
		*number = *number * 10 + (uint64_t)(*at - '0');
		if (*number > limit)
			return NULL;
	}
	return at == start ? NULL : at;
}

static bool is_word(const char *word, const char *at, const char *end)
{
	return (size_t)(end - at) == strlen(word) && memcmp(at, word, strlen(word)) == 0;
}

static bool is_option(char verb, const char *at, const char *end)
{
	uint64_t depth;

	if (verb == 'T')
		return is_word("on", at, end) || is_word("off", at, end);
	if (at == end)
		return true;
	if (verb != 'P')
		return verb == 'R' && is_word("children", at, end);
	return is_word("auto", at, end) || is_word("off", at, end) ||
	       (skip_number(at, end, &depth, DEPTH_MAX) == end && depth);
}

/* The grammar, in a way that has nothing in common with the module's. */
static bool is_command(const char *line, size_t length)
{
	const char *end = line + length, *at;
	uint64_t pid;

	if (length < 3 || !memchr("RUPT", *line, 4) || line[1] != ' ')
		return false;
	while (is_blank(end[-1]))
		end--;
	if (end - line < 3)
		return false;
	at = skip_number(skip_blanks(line + 2, end), end, &pid, INT32_MAX);
	return at && is_option(*line, skip_blanks(at, end), end);
}

/* Length of the first line, without its newline; -1 if one write cannot hold it. */
static ssize_t first_line(const char *text, size_t length)
{
	const char *newline = memchr(text, '\n', length < WRITE_MAX ? length : WRITE_MAX);

	if (newline)
		return newline - text;
	return length > WRITE_MAX ? -1 : (ssize_t)length;
}

/* Is every line of what was taken a command, and the cut at the end of a line? */
static bool all_commands(const char *text, size_t taken, size_t length)
{
	ssize_t line;
	size_t at = 0;

	while (at < taken) {
		line = first_line(text + at, length - at);
		if (line < 0 || !is_command(text + at, (size_t)line))
			return false;
		at += (size_t)line + 1;
	}
	return at == taken || (at == taken + 1 && taken == length);
}

/* Does the answer fit the text? */
static bool fits(const char *text, size_t length, long result)
{
	ssize_t line = first_line(text, length);
	bool command = line >= 0 && is_command(text, (size_t)line);

	switch (result) {
	case -EINVAL:
		return !command;
	case -ESRCH:
	case -EEXIST:
	case -ENOENT:
	case -EOPNOTSUPP:
		return command;
	case 0:
		return length == 0;
	default:
		return result > 0 && all_commands(text, (size_t)result, length);
	}
}

static void show(const char *text, size_t length, long result)
{
	printf("# %ld for ", result);
	for (size_t i = 0; i < length && i < 60; i++)
		printf("\\x%02x", (unsigned char)text[i]);
	printf("\n");
}

int main(void)
{
	static char text[LENGTH_MAX + 64];
	long refused = 0, wrong = 0, result;
	size_t length;
	char left[64];
	int fd;

	random_seed(20240423);
	module_load("hz=1");
	fd = open(FAULTLINE_STATUS, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		bail(FAULTLINE_STATUS);
	for (int i = 0; i < TEXTS; i++) {
		length = random_text(text);
		result = write(fd, text, length);
		if (result < 0)
			result = -errno;
		refused += result == -EINVAL;
		if (fits(text, length, result))
			continue;
		if (wrong++ < 5)
			show(text, length, result);
	}
	close(fd);
	ok(wrong == 0, "%ld of %d answers fit the grammar", TEXTS - wrong, TEXTS);
	ok(refused > TEXTS / 10 && refused < TEXTS * 9 / 10,
	   "the texts were of both kinds: %ld were refused", refused);
	ok(status_setting("processes", left, sizeof(left)), "the module is well: %s", left);
	return finish();
}
