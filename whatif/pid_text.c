// SPDX-License-Identifier: GPL-2.0
/*
 * A line per access: `pid R|W address`, where addresses that start with 0x are hexadecimal
 * and others decimal.  Lines that are empty or start with # are left out.
 */
#include "source.h"

/* Digits, a blank, R or W: in the first line that is none of those left out. */
static bool recognizes(const char *start, size_t bytes)
{
	const char *at = start, *end = start + bytes;
	uint64_t number;

	while (at < end && (*at == '#' || *at == '\n' || *at == ' ')) {
		if (*at == '#')
			while (at < end && *at != '\n')
				at++;
		if (at < end)
			at++;
	}
	if (!source_number(&at, end, 10, &number))
		return false;
	at = source_blanks(at, end);
	return at < end && (*at == 'R' || *at == 'W');
}

static bool read_address(const char **at, const char *end, uint64_t *address)
{
	return source_skips(at, end, "0x") ? source_number(at, end, 16, address) :
	       source_number(at, end, 10, address);
}

static bool read_line(struct source *source, const char *at, const char *end,
		      struct access *access)
{
	uint64_t pid;

	*access = (struct access){ .bytes = 1, .count = 1 };
	if (!source_number(&at, end, 10, &pid) || pid > UINT32_MAX)
		return source_refuse(source, "expected a pid");
	access->pid = (uint32_t)pid;
	at = source_blanks(at, end);
	if (at == end || (*at != 'R' && *at != 'W'))
		return source_refuse(source, "expected R or W behind the pid");
	access->write = *at == 'W';
	at = source_blanks(at + 1, end);
	if (!read_address(&at, end, &access->address) || source_blanks(at, end) != end)
		return source_refuse(source, "expected an address and no more behind R or W");
	return true;
}

static bool next(struct source *source, struct access *access)
{
	const char *line, *end;

	while ((line = source_line(source, &end))) {
		line = source_blanks(line, end);
		if (line < end && *line != '#')
			return read_line(source, line, end, access);
	}
	return false;
}

const struct source_format source_pid_text = {
	.name = "pid",
	.recognizes = recognizes,
	.next = next,
};
