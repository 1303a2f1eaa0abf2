// SPDX-License-Identifier: GPL-2.0
/*
 * What the view tool of DynamoRIO's drmemtrace prints: `record instruction: thread details`,
 * with details such as `ifetch 3 byte(s) @ 0x... bytes and disassembly`, `read 8 byte(s) @
 * 0x... by PC 0x...`, or `<marker: ...>`.  A thread is 1234 or W0.T1234, of workload 0; the
 * text does not say to which process it belongs, so a workload is taken for one.
 */
#include <string.h>

#include "source.h"

static bool is_heading(const char *at, const char *end)
{
	return source_skips(&at, end, "Output format:") || source_skips(&at, end, "<--record") ||
	       source_skips(&at, end, "-----");
}

static bool recognizes(const char *start, size_t bytes)
{
	return is_heading(start, start + bytes);
}

/* `record instruction: thread`; what follows is the details. */
static bool read_prefix(struct source *source, const char **at, const char *end)
{
	uint64_t number, workload = 0;

	*at = source_blanks(*at, end);
	if (!source_number(at, end, 10, &number))
		return false;
	*at = source_blanks(*at, end);
	if (!source_number(at, end, 10, &number) || !source_skips(at, end, ":"))
		return false;
	*at = source_blanks(*at, end);
	if (source_skips(at, end, "W") &&
	    (!source_number(at, end, 10, &workload) || workload > UINT32_MAX ||
	     !source_skips(at, end, ".T")))
		return false;
	source->pid = (uint32_t)workload;
	if (!source_number(at, end, 10, &number) || *at == end || **at != ' ')
		return false;
	*at = source_blanks(*at, end);
	return true;
}

/* The bytes of a long instruction go on in a line of their own. */
static bool is_continued(const char *at, const char *end)
{
	uint64_t byte;
	const char *start = source_blanks(at, end), *behind = start;

	return start - at > 20 && source_number(&behind, end, 16, &byte) && behind - start == 2 &&
	       (behind == end || *behind == ' ');
}

static bool read_access(struct source *source, const char *at, const char *end,
			struct access *access)
{
	uint64_t bytes;

	*access = (struct access){ .pid = source->pid, .count = 1, .write = *at == 'w' };
	while (at < end && *at != ' ')
		at++;
	at = source_blanks(at, end);
	if (!source_number(&at, end, 10, &bytes) || !bytes || bytes > ACCESS_BYTES_MAX ||
	    !source_skips(&at, end, " byte(s) @ 0x") ||
	    !source_number(&at, end, 16, &access->address))
		return source_refuse(source, "expected 1 to %d byte(s) @ 0x...", ACCESS_BYTES_MAX);
	access->bytes = (uint32_t)bytes;
	return true;
}

static bool next(struct source *source, struct access *access)
{
	static const char * const kinds[] = { "ifetch ", "read ", "write " };
	const char *line, *end, *behind;

	while ((line = source_line(source, &end))) {
		if (source_blanks(line, end) == end || is_heading(line, end) ||
		    is_continued(line, end))
			continue;
		if (!read_prefix(source, &line, end))
			return source_refuse(source, "expected 'record instruction: thread'");
		for (int i = 0; i < 3; i++) {
			behind = line;
			if (source_skips(&behind, end, kinds[i]))
				return read_access(source, line, end, access);
		}
		/* Markers; prefetches and flushes, which no program waits for. */
		if (line == end ||
		    (*line != '<' && !memmem(line, (size_t)(end - line), "byte(s) @", 9)))
			return source_refuse(source, "expected ifetch, read, write or <...>");
	}
	return false;
}

const struct source_format source_drmemtrace = {
	.name = "drmemtrace",
	.recognizes = recognizes,
	.next = next,
};
