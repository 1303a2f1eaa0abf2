// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "trace.h"

/*
 * Each step is a bijection of its lane, so that one changed word always shows.  Four lanes,
 * as one would wait for its own multiplications.
 */
uint64_t trace_checksum(const void *data, size_t bytes)
{
	const uint64_t odd = 0x9e3779b97f4a7c15;
	uint64_t lanes[4] = { 1, 2, 3, 4 }, word, sum = bytes;
	const char *at = data;
	size_t i;

	for (; bytes >= sizeof(lanes); bytes -= sizeof(lanes), at += sizeof(lanes)) {
		for (i = 0; i < 4; i++) {
			memcpy(&word, at + 8 * i, 8);
			lanes[i] = (lanes[i] ^ word) * odd;
			lanes[i] ^= lanes[i] >> 29;
		}
	}
	for (; bytes; bytes--, at++)
		lanes[0] = (lanes[0] ^ (unsigned char)*at) * odd;
	for (i = 0; i < 4; i++)
		sum = (sum ^ lanes[i]) * odd ^ sum >> 31;
	return sum;
}

uint64_t trace_body(const struct trace_header *header)
{
	const uint64_t most = INT64_MAX / 64;

	if (header->runs > most || header->pages > most)
		return 0;
	return sizeof(*header) + header->runs * (sizeof(struct run) + sizeof(uint64_t)) +
	       header->pages * sizeof(struct page) + header->events * sizeof(struct event);
}

bool trace_is_compiled(const void *start, size_t bytes)
{
	return bytes >= sizeof(TRACE_MAGIC) - 1 &&
	       memcmp(start, TRACE_MAGIC, sizeof(TRACE_MAGIC) - 1) == 0;
}

/* 0: of objects. */
static bool shift_is_good(uint32_t shift)
{
	return !shift || (shift >= TRACE_SHIFT_MIN && shift <= TRACE_SHIFT_MAX);
}

static bool check_header(const struct trace_header *header, uint64_t bytes, char *why)
{
	uint64_t body;

	if (bytes < sizeof(*header))
		return why_refuse(why, "byte %ju: cut short in the header", (uintmax_t)bytes);
	if (!trace_is_compiled(header, sizeof(*header)))
		return why_refuse(why, "byte 0: no compiled trace");
	if (header->endian != TRACE_ENDIAN)
		return why_refuse(why, "byte %zu: of a machine of another byte order",
				  offsetof(struct trace_header, endian));
	if (header->version != TRACE_VERSION)
		return why_refuse(why, "byte %zu: of format %u; this program reads %d",
				  offsetof(struct trace_header, version), header->version,
				  TRACE_VERSION);
	if (!shift_is_good(header->page_shift) || header->sampled > 1 || !header->runs || !header->pages ||
	    header->pages > TRACE_PAGES_MAX)
		return why_refuse(why, "byte %zu: the header is altered",
				  offsetof(struct trace_header, page_shift));
	body = trace_body(header);
	if (!body || header->bytes != body + (trace_sums(body) + 1) * sizeof(uint64_t))
		return why_refuse(why, "byte %zu: the header is altered",
				  offsetof(struct trace_header, accesses));
	if (bytes < header->bytes)
		return why_refuse(why, "byte %ju: cut short, of %ju", (uintmax_t)bytes,
				  (uintmax_t)header->bytes);
	if (bytes > header->bytes)
		return why_refuse(why, "byte %ju: more than the trace", (uintmax_t)header->bytes);
	return true;
}

static bool check_sums(const char *map, const struct trace_header *header, char *why)
{
	uint64_t body = trace_body(header), count = trace_sums(body), sum, at, length;
	const char *sums = map + body;

	memcpy(&sum, sums + count * sizeof(sum), sizeof(sum));
	if (sum != trace_checksum(sums, count * sizeof(sum)))
		return why_refuse(why, "byte %ju: the checksums are altered", (uintmax_t)body);
	for (uint64_t i = 0; i < count; i++) {
		at = i * TRACE_BLOCK;
		length = body - at < TRACE_BLOCK ? body - at : TRACE_BLOCK;
		memcpy(&sum, sums + i * sizeof(sum), sizeof(sum));
		if (sum != trace_checksum(map + at, length))
			return why_refuse(why, "byte %ju: altered between here and byte %ju",
					  (uintmax_t)at, (uintmax_t)(at + length));
	}
	return true;
}

/* Checksums can be made to fit: what simulations index by must be within bounds, too. */
static bool check_runs(const struct trace *trace, char *why)
{
	const struct trace_header *header = &trace->header;
	uint64_t accesses = 0, i;

	for (i = 0; i < header->runs; i++) {
		if (trace->runs[i].page >= header->pages || !run_accesses(trace->runs[i]))
			return why_refuse(why, "byte %ju: run %ju of a page that there is not",
					  (uintmax_t)(sizeof(*header) + i * sizeof(struct run)),
					  (uintmax_t)i);
		accesses += run_accesses(trace->runs[i]);
	}
	for (i = 0; i < header->runs; i++)
		if (trace->next[i] != TRACE_NEVER &&
		    (trace->next[i] <= i || trace->next[i] >= header->runs ||
		     trace->runs[trace->next[i]].page != trace->runs[i].page))
			return why_refuse(why, "byte %ju: the next use of run %ju is none",
					  (uintmax_t)((char *)&trace->next[i] - (char *)trace->map),
					  (uintmax_t)i);
	if (accesses != header->accesses)
		return why_refuse(why, "byte %zu: %ju accesses, and there are %ju",
				  offsetof(struct trace_header, accesses),
				  (uintmax_t)header->accesses, (uintmax_t)accesses);
	return true;
}

static bool event_is_good(const struct event *event)
{
	switch (event->kind) {
	case EVENT_FORK:
		return event->other != event->pid;
	case EVENT_EXIT:
	case EVENT_NODE:
		return true;
	case EVENT_ANONYMOUS:
	case EVENT_SHARED:
	case EVENT_FILE:
	case EVENT_PRIVATE:
		return event->bytes && event->bytes - 1 <= UINT64_MAX - event->address &&
		       event->bytes - 1 <= UINT64_MAX - event->offset;
	default:
		return false;
	}
}

static bool check_events(const struct trace *trace, char *why)
{
	uint64_t before = 0;

	for (uint32_t i = 0; i < trace->header.events; i++) {
		if (trace->events[i].run < before || trace->events[i].run > trace->header.runs ||
		    !event_is_good(&trace->events[i]))
			return why_refuse(why, "byte %ju: event %u is none",
					  (uintmax_t)((char *)&trace->events[i] - (char *)trace->map),
					  i);
		before = trace->events[i].run;
	}
	return true;
}

bool trace_open(struct trace *trace, int fd, char *why)
{
	struct stat status;
	uint64_t bytes;
	char *map;

	*trace = (struct trace){ 0 };
	if (fstat(fd, &status))
		return why_refuse(why, "%s", strerror(errno));
	if (!S_ISREG(status.st_mode))
		return why_refuse(why, "byte 0: a compiled trace must be a file");
	bytes = (uint64_t)status.st_size;
	if (!bytes)
		return why_refuse(why, "byte 0: empty");
	map = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return why_refuse(why, "%s", strerror(errno));
	memcpy(&trace->header, map, bytes < sizeof(trace->header) ? bytes : sizeof(trace->header));
	trace->map = map;
	trace->runs = (const void *)(map + sizeof(trace->header));
	madvise(map, bytes, MADV_SEQUENTIAL);
	if (check_header(&trace->header, bytes, why) && check_sums(map, &trace->header, why)) {
		trace->next = (const void *)(trace->runs + trace->header.runs);
		trace->pages = (const void *)(trace->next + trace->header.runs);
		trace->events = (const void *)(trace->pages + trace->header.pages);
		if (check_runs(trace, why) && check_events(trace, why))
			return true;
	}
	munmap(map, bytes);
	return false;
}

void trace_close(struct trace *trace)
{
	munmap(trace->map, trace->header.bytes);
}
