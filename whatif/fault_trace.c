// SPDX-License-Identifier: GPL-2.0
/*
 * Text: lines that start with # tell of the recording, and name the columns of all others.
 * As a source of accesses it is recognized to be refused.
 */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fault_trace.h"
#include "source.h"

static const char magic[] = "# faultline faults, format 1\n";

static bool recognizes(const char *start, size_t bytes)
{
	return bytes >= sizeof(magic) - 1 && memcmp(start, magic, sizeof(magic) - 1) == 0;
}

static bool refuse(struct source *source, struct access *access)
{
	(void)access;
	return source_refuse(source, "a fault trace: it has no accesses that did not fault; "
			     "replacement, miss-ratio curves, TLBs and page tables need an access "
			     "trace (what it can answer: faultline-whatif faults)");
}

const struct source_format source_faults = {
	.name = "faults",
	.recognizes = recognizes,
	.next = refuse,
};

/* Columns that are read. */
enum column {
	PID, KIND, COW, ACCESS, BY, MAPPING, ADDRESS, BEFORE, AFTER, COLUMNS,
};

static const char * const names[COLUMNS] = {
	"pid", "kind", "cow", "access", "by", "mapping", "address", "before_pages", "after_pages",
};

enum { PLACES_MAX = 64, WORDS_MAX = 11 };

/* What they may say, and NULL; those that have none are numbers. */
static const char * const vocabulary[COLUMNS][WORDS_MAX] = {
	[KIND] = { "minor", "major", "retried", "failed" },
	[COW] = { "none", "reused", "n/a", "anon", "zero", "file", "file_first", "ksm", "hugetlb",
		  "remote" },
	[ACCESS] = { "R", "W", "X" },
	[BY] = { "user", "kernel", "remote", "ahead" },
	[MAPPING] = { "anon", "stack", "file", "shared", "hugetlb" },
};

/**
 * struct reader - a file being read
 * @source: the file
 * @places: of each column, in a line
 * @named: the line that says so has come
 * @whole: so has the last one
 * @room: of the trace's faults
 * @trace: filled in
 */
struct reader {
	struct source source;
	int places[COLUMNS];
	bool named;
	bool whole;
	size_t room;
	struct fault_trace *trace;
};

/* A word of a line. */
struct word {
	const char *at;
	size_t bytes;
};

static bool is(struct word word, const char *text)
{
	return word.bytes == strlen(text) && memcmp(word.at, text, word.bytes) == 0;
}

static int split(const char *at, const char *end, struct word words[PLACES_MAX])
{
	int count = 0;

	for (at = source_blanks(at, end); at < end && count < PLACES_MAX;
	     at = source_blanks(at, end)) {
		words[count].at = at;
		while (at < end && *at != ' ')
			at++;
		words[count].bytes = (size_t)(at - words[count].at);
		count++;
	}
	return count;
}

static bool number(struct word word, uint64_t *value)
{
	const char *at = word.at, *end = word.at + word.bytes;
	int base = source_skips(&at, end, "0x") ? 16 : 10;

	return source_number(&at, end, base, value) && at == end;
}

static bool name_columns(struct reader *reader, const char *at, const char *end)
{
	struct word words[PLACES_MAX];
	int count = split(at, end, words), column, i;

	for (column = 0; column < COLUMNS; column++) {
		for (i = 0; i < count && !is(words[i], names[column]); i++)
			;
		if (i == count)
			return source_refuse(&reader->source, "no column %s", names[column]);
		reader->places[column] = i;
	}
	reader->named = true;
	return true;
}

static bool read_page_bytes(struct reader *reader, const char *at, const char *end)
{
	uint64_t bytes;

	if (!source_number(&at, end, 10, &bytes) || bytes < 64 || bytes > 1 << 20 ||
	    bytes & (bytes - 1))
		return source_refuse(&reader->source, "expected a page size");
	reader->trace->page_shift = (uint32_t)__builtin_ctzll(bytes);
	return true;
}

/* What does not matter here is passed over. */
static bool read_comment(struct reader *reader, const char *at, const char *end)
{
	struct fault_trace *trace = reader->trace;
	uint64_t value;

	if (source_skips(&at, end, "# columns: "))
		return name_columns(reader, at, end);
	if (source_skips(&at, end, "# page_bytes: "))
		return read_page_bytes(reader, at, end);
	if (source_skips(&at, end, "# fault_around_bytes: ")) {
		if (source_number(&at, end, 10, &value) && trace->page_shift)
			trace->around = value >> trace->page_shift ?: 1;
	} else if (source_skips(&at, end, "# missed: at most ")) {
		if (source_number(&at, end, 10, &value))
			trace->lost += value;
	} else if (source_skips(&at, end, "# missed: n/a")) {
		trace->lost_unknown = true;
	} else if (source_skips(&at, end, "# lost: ") && source_number(&at, end, 10, &value) &&
		   source_skips(&at, end, " faults in total")) {
		trace->lost += value;
		reader->whole = true;
	}
	return true;
}

static struct fault *room_for_one(struct reader *reader)
{
	struct fault_trace *trace = reader->trace;

	if (trace->count == reader->room) {
		reader->room = reader->room ? 2 * reader->room : 4096;
		trace->faults = realloc(trace->faults, reader->room * sizeof(*trace->faults));
		if (!trace->faults)
			err(EXIT_FAILURE, "memory");
	}
	return &trace->faults[trace->count];
}

static bool is_known(struct word word, const char * const *words)
{
	while (*words && !is(word, *words))
		words++;
	return *words;
}

static enum fault_deed deed_of(struct word cow)
{
	if (is(cow, "none") || is(cow, "n/a") || is(cow, "file_first"))
		return FAULT_FIRST;
	return is(cow, "reused") ? FAULT_OTHER : FAULT_COPY;
}

static bool read_fault(struct reader *reader, const char *at, const char *end)
{
	struct word words[PLACES_MAX], all[COLUMNS];
	int count = split(at, end, words);
	uint64_t pid, address, before, after;
	struct fault *fault;

	if (!reader->named || !reader->trace->page_shift)
		return source_refuse(&reader->source,
				     "a fault before the lines that tell how to read it");
	for (int column = 0; column < COLUMNS; column++) {
		if (reader->places[column] >= count)
			return source_refuse(&reader->source, "cut short in the midst of a line");
		all[column] = words[reader->places[column]];
		if (*vocabulary[column] && !is_known(all[column], vocabulary[column]))
			return source_refuse(&reader->source, "expected another word as %s",
					     names[column]);
	}
	if (!number(all[PID], &pid) || pid > UINT32_MAX || !number(all[ADDRESS], &address) ||
	    !number(all[BEFORE], &before) || !number(all[AFTER], &after) ||
	    before > address >> reader->trace->page_shift || after > UINT32_MAX)
		return source_refuse(&reader->source,
				     "expected numbers as pid, address, before_pages, after_pages");
	if ((!is(all[KIND], "minor") && !is(all[KIND], "major")) || is(all[BY], "ahead") ||
	    is(all[MAPPING], "hugetlb"))
		return true;
	fault = room_for_one(reader);
	address >>= reader->trace->page_shift;
	*fault = (struct fault){
		.page = address,
		.begin = address - before,
		.end = address + after + 1,
		.pid = (uint32_t)pid,
		.deed = deed_of(all[COW]),
		.anon = is(all[COW], "anon"),
		.major = is(all[KIND], "major"),
		.reads = !is(all[ACCESS], "W"),
		.of_file = is(all[MAPPING], "file") || is(all[MAPPING], "shared"),
		.grows_down = is(all[MAPPING], "stack"),
	};
	if (is(all[COW], "n/a"))
		reader->trace->copies_known = false;
	reader->trace->count++;
	return true;
}

static bool read_all(struct reader *reader)
{
	const char *line, *end;

	while ((line = source_line(&reader->source, &end)))
		if (line < end && !(*line == '#' ? read_comment(reader, line, end) :
						   read_fault(reader, line, end)))
			return false;
	if (*reader->source.why)
		return false;
	if (!reader->whole)
		return source_refuse(&reader->source, "cut short: the last line is not there");
	return reader->trace->page_shift || source_refuse(&reader->source, "no page size");
}

bool fault_trace_read(struct fault_trace *trace, const char *path)
{
	struct reader reader = { .trace = trace };
	bool good;

	*trace = (struct fault_trace){ .copies_known = true };
	if (!source_open(&reader.source, path, NULL)) {
		warnx("%s", reader.source.why);
		return false;
	}
	if (reader.source.format == &source_faults)
		good = read_all(&reader);
	else
		good = source_refuse(&reader.source, "no fault trace, but accesses: what is asked here "
				     "is of faults that were recorded");
	if (!good) {
		warnx("%s", reader.source.why);
		fault_trace_free(trace);
	}
	source_close(&reader.source);
	return good;
}

void fault_trace_free(struct fault_trace *trace)
{
	free(trace->faults);
	trace->faults = NULL;
}
