// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "compiler.h"

static bool write_all(int fd, const void *data, size_t bytes)
{
	const char *at = data;
	ssize_t written;

	while (bytes) {
		written = write(fd, at, bytes);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return false;
		at += written;
		bytes -= (size_t)written;
	}
	return true;
}

bool compiler_begin(struct compiler *compiler, int fd, uint32_t page_shift)
{
	compiler->fd = fd;
	/* Those of the trace before are gone. */
	compiler->ids = (struct page_ids){ 0 };
	compiler->pending = 0;
	compiler->events = NULL;
	compiler->room = 0;
	compiler->header = (struct trace_header){
		.version = TRACE_VERSION,
		.endian = TRACE_ENDIAN,
		.page_shift = (uint16_t)page_shift,
	};
	/* The magic comes last: half a file is none. */
	if (!write_all(fd, &compiler->header, sizeof(compiler->header)))
		return false;
	return page_ids_init(&compiler->ids);
}

static bool flush(struct compiler *compiler)
{
	uint32_t pending = compiler->pending;

	compiler->pending = 0;
	return write_all(compiler->fd, compiler->runs, pending * sizeof(struct run));
}

static bool new_run(struct compiler *compiler, struct run run)
{
	if (compiler->pending == COMPILER_RUNS && !flush(compiler))
		return false;
	compiler->runs[compiler->pending++] = run;
	compiler->header.runs++;
	return true;
}

/*
 * Joins the run before if that is of the same page.  A write after reads does not: it may be
 * a fault of its own.
 */
static bool add_to_page(struct compiler *compiler, uint32_t page, bool write, uint64_t count)
{
	struct run *last = compiler->pending ? &compiler->runs[compiler->pending - 1] : NULL;
	uint32_t room, more;

	compiler->header.accesses += count;
	if (last && last->page == page && (last->count & RUN_WRITTEN || !write)) {
		room = RUN_COUNT_MAX - run_accesses(*last);
		more = count < room ? (uint32_t)count : room;
		last->count += more;
		count -= more;
	}
	for (; count; count -= more) {
		more = count < RUN_COUNT_MAX ? (uint32_t)count : RUN_COUNT_MAX;
		if (!new_run(compiler, (struct run){ page, more | (write ? RUN_WRITTEN : 0) }))
			return false;
	}
	return true;
}

/* What is pending is written, so that no run goes on across it. */
static bool add_event(struct compiler *compiler, const struct event *event)
{
	uint32_t count = compiler->header.events, room = compiler->room ? 2 * compiler->room : 64;
	struct event *events;

	if (count == compiler->room) {
		events = count < UINT32_MAX / 2 ? realloc(compiler->events, room * sizeof(*events)) :
			 NULL;
		if (!events) {
			errno = ENOMEM;
			return false;
		}
		compiler->events = events;
		compiler->room = room;
	}
	compiler->events[count] = *event;
	compiler->events[count].run = compiler->header.runs;
	compiler->header.events++;
	return flush(compiler);
}

bool compiler_add(struct compiler *compiler, const struct access *access)
{
	uint32_t shift = compiler->header.page_shift;
	uint64_t number = access->address >> shift, last;
	uint32_t page;

	if (access->event.kind != EVENT_NONE)
		return add_event(compiler, &access->event);
	if (__builtin_add_overflow(access->address, access->bytes - 1, &last)) {
		errno = ERANGE;
		return false;
	}
	last = shift ? last >> shift : number;
	for (;; number++) {
		page = page_ids_of(&compiler->ids, (struct page){ number, access->pid, 0 });
		if (page == PAGE_NONE ||
		    !add_to_page(compiler, page, access->write, access->count))
			return false;
		if (number == last)
			return true;
	}
}

/* Backwards, so that what comes later is known. */
static bool link_runs(struct compiler *compiler, const struct run *runs, uint64_t *next)
{
	uint64_t *later = malloc(compiler->ids.count * sizeof(*later));

	if (!later)
		return false;
	memset(later, 0xff, compiler->ids.count * sizeof(*later));
	for (uint64_t i = compiler->header.runs; i--;) {
		next[i] = later[runs[i].page];
		later[runs[i].page] = i;
	}
	free(later);
	return true;
}

static void seal(char *map, uint64_t body)
{
	uint64_t count = trace_sums(body), *sums = (uint64_t *)(map + body), at;

	for (uint64_t i = 0; i < count; i++) {
		at = i * TRACE_BLOCK;
		sums[i] = trace_checksum(map + at,
					 body - at < TRACE_BLOCK ? body - at : TRACE_BLOCK);
	}
	sums[count] = trace_checksum(sums, count * sizeof(*sums));
}

static bool complete(struct compiler *compiler)
{
	struct trace_header *header = &compiler->header;
	uint64_t body, *next;
	struct run *runs;
	bool linked;
	char *map;

	if (!flush(compiler))
		return false;
	if (!header->runs) {
		errno = ENODATA;
		return false;
	}
	memcpy(header->magic, TRACE_MAGIC, sizeof(header->magic));
	header->pages = compiler->ids.count;
	body = trace_body(header);
	header->bytes = body + (trace_sums(body) + 1) * sizeof(uint64_t);
	/* Blocks are reserved: a full disk must show here and not as a signal below. */
	errno = posix_fallocate(compiler->fd, 0, (off_t)header->bytes);
	if (errno)
		return false;
	map = mmap(NULL, header->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, compiler->fd, 0);
	if (map == MAP_FAILED)
		return false;
	runs = (struct run *)(map + sizeof(*header));
	next = (uint64_t *)(runs + header->runs);
	linked = link_runs(compiler, runs, next);
	if (linked) {
		memcpy(next + header->runs, compiler->ids.pages,
		       header->pages * sizeof(struct page));
		if (header->events)
			memcpy((struct page *)(next + header->runs) + header->pages, compiler->events,
			       header->events * sizeof(struct event));
		memcpy(map, header, sizeof(*header));
		seal(map, body);
	}
	munmap(map, header->bytes);
	return linked;
}

bool compiler_end(struct compiler *compiler)
{
	bool good = complete(compiler);
	int error = errno;

	compiler_abandon(compiler);
	errno = error;
	return good;
}

void compiler_abandon(struct compiler *compiler)
{
	page_ids_free(&compiler->ids);
	free(compiler->events);
}
