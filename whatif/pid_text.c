// SPDX-License-Identifier: GPL-2.0
/*
 * A line per access: `pid R|W address`, where addresses that start with 0x are hexadecimal
 * and others decimal.  Lines that are empty or start with # are left out, but `# sampled:`
 * says that not all accesses are there.  Lines with another letter tell what happens besides:
 *
 *	pid F child				forks
 *	pid X					exits
 *	pid N node				runs on this NUMA node
 *	pid M address bytes KIND [n [offset]]	maps: KIND is anonymous; or shared, file or
 *						private, of number n
 */
#include <string.h>

#include "source.h"

/* Digits, a blank, one of the letters: in the first line that is none of those left out. */
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
	return at < end && *at && strchr("RWFXNM", *at);
}

static bool read_address(const char **at, const char *end, uint64_t *address)
{
	return source_skips(at, end, "0x") ? source_number(at, end, 16, address) :
	       source_number(at, end, 10, address);
}

/* A pid, or the number of a file. */
static bool read_number(const char **at, const char *end, uint32_t *number)
{
	uint64_t wide;

	*at = source_blanks(*at, end);
	if (!source_number(at, end, 10, &wide) || wide > UINT32_MAX)
		return false;
	*number = (uint32_t)wide;
	return true;
}

static bool read_kind(const char **at, const char *end, struct event *event)
{
	static const char * const names[] = {
		[EVENT_ANONYMOUS] = "anonymous", [EVENT_SHARED] = "shared", [EVENT_FILE] = "file",
		[EVENT_PRIVATE] = "private",
	};

	*at = source_blanks(*at, end);
	for (event->kind = EVENT_ANONYMOUS; event->kind <= EVENT_PRIVATE; event->kind++)
		if (source_skips(at, end, names[event->kind]))
			return event->kind == EVENT_ANONYMOUS || read_number(at, end, &event->other);
	return false;
}

static bool read_mapping(struct source *source, const char *at, const char *end,
			 struct event *event)
{
	at = source_blanks(at, end);
	if (!read_address(&at, end, &event->address))
		return source_refuse(source, "expected an address behind M");
	at = source_blanks(at, end);
	if (!read_address(&at, end, &event->bytes) || !event->bytes ||
	    event->bytes - 1 > UINT64_MAX - event->address)
		return source_refuse(source, "expected how many bytes, up to the last address, "
				     "behind the address");
	if (!read_kind(&at, end, event))
		return source_refuse(source, "expected anonymous; or shared, file or private and a "
				     "number, behind the bytes");
	at = source_blanks(at, end);
	if (at < end && event->kind != EVENT_ANONYMOUS && !read_address(&at, end, &event->offset))
		return source_refuse(source, "expected an offset behind the number");
	if (event->bytes - 1 > UINT64_MAX - event->offset || source_blanks(at, end) != end)
		return source_refuse(source, "expected no more behind the mapping");
	return true;
}

static bool read_event(struct source *source, const char *at, const char *end,
		       struct event *event)
{
	switch (*at++) {
	case 'F':
		event->kind = EVENT_FORK;
		if (!read_number(&at, end, &event->other) || event->other == event->pid ||
		    source_blanks(at, end) != end)
			return source_refuse(source, "expected another pid and no more behind F");
		return true;
	case 'N':
		event->kind = EVENT_NODE;
		if (!read_number(&at, end, &event->other) || source_blanks(at, end) != end)
			return source_refuse(source, "expected a node and no more behind N");
		return true;
	case 'X':
		event->kind = EVENT_EXIT;
		if (source_blanks(at, end) != end)
			return source_refuse(source, "expected no more behind X");
		return true;
	default:
		return read_mapping(source, at, end, event);
	}
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
	if (at == end || !*at || !strchr("RWFXNM", *at))
		return source_refuse(source, "expected R, W, F, X, N or M behind the pid");
	access->event.pid = access->pid;
	if (*at != 'R' && *at != 'W')
		return read_event(source, at, end, &access->event);
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
		if (source_skips(&line, end, "# sampled:")) {
			source->sampled = true;
			continue;
		}
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
