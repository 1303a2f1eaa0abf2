// SPDX-License-Identifier: GPL-2.0
/*
 * What valgrind --tool=lackey --trace-mem=yes writes: `I  address,bytes` for an instruction,
 * ` L `, ` S ` and ` M ` for its loads, stores, and loads that are stored back; lines that
 * start with == are Valgrind's own, and say the pid.
 */
#include "source.h"

static bool is_kind(const char *at)
{
	return (at[0] == 'I' && at[1] == ' ' && at[2] == ' ') ||
	       (at[0] == ' ' && (at[1] == 'L' || at[1] == 'S' || at[1] == 'M') && at[2] == ' ');
}

static bool recognizes(const char *start, size_t bytes)
{
	return bytes > 3 && ((start[0] == '=' && start[1] == '=') || is_kind(start));
}

static bool read_line(struct source *source, const char *at, const char *end,
		      struct access *access)
{
	uint64_t bytes;

	if (end - at < 3 || !is_kind(at))
		return source_refuse(source, "expected 'I  ', ' L ', ' S ', ' M ' or '=='");
	*access = (struct access){ .pid = source->pid, .count = 1,
				   .write = at[1] == 'S' || at[1] == 'M' };
	at += 3;
	if (!source_number(&at, end, 16, &access->address))
		return source_refuse(source, "expected an address");
	if (!source_skips(&at, end, ",") || !source_number(&at, end, 10, &bytes) || at != end ||
	    !bytes || bytes > ACCESS_BYTES_MAX)
		return source_refuse(source, "expected ',' and 1 to %d bytes behind the address",
				     ACCESS_BYTES_MAX);
	access->bytes = (uint32_t)bytes;
	return true;
}

/* ==1234== and so on. */
static bool is_comment(struct source *source, const char *at, const char *end)
{
	uint64_t pid;

	if (!source_skips(&at, end, "=="))
		return false;
	if (source_number(&at, end, 10, &pid) && source_skips(&at, end, "==") &&
	    pid <= UINT32_MAX)
		source->pid = (uint32_t)pid;
	return true;
}

static bool next(struct source *source, struct access *access)
{
	const char *line, *end;

	while ((line = source_line(source, &end)))
		if (line < end && !is_comment(source, line, end))
			return read_line(source, line, end, access);
	return false;
}

const struct source_format source_lackey = {
	.name = "lackey",
	.recognizes = recognizes,
	.next = next,
};
