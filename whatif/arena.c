// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arena.h"
#include "page_table.h"

/* A page, and its number in the trace. */
struct numbered {
	struct page page;
	uint32_t number;
};

static int compare(const void *left, const void *right)
{
	const struct page *a = &((const struct numbered *)left)->page;
	const struct page *b = &((const struct numbered *)right)->page;

	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return (a->number > b->number) - (a->number < b->number);
}

uint32_t arena_page_shift(void)
{
	return (uint32_t)__builtin_ctzl((unsigned long)sysconf(_SC_PAGESIZE));
}

uint32_t arena_table_shift(void)
{
	return arena_page_shift() - PAGE_TABLE_ENTRY_SHIFT;
}

static struct numbered *sort_pages(const struct trace *trace)
{
	struct numbered *sorted = malloc(trace->header.pages * sizeof(*sorted));

	if (!sorted)
		return NULL;
	for (uint32_t i = 0; i < trace->header.pages; i++)
		sorted[i] = (struct numbered){ trace->pages[i], i };
	qsort(sorted, trace->header.pages, sizeof(*sorted), compare);
	return sorted;
}

static bool is_near(const struct arena *arena, const struct page *before, const struct page *page)
{
	return page->pid == before->pid &&
	       page->number - before->number <= 1ULL << arena->table_shift;
}

/* Between two spans a whole table is left out, so that they stay two mappings. */
static void place_all(struct arena *arena, const struct numbered *sorted)
{
	uint64_t table = 1ULL << arena->table_shift, place = 0;
	const struct page *page, *before;

	for (uint64_t i = 0; i < arena->trace->header.pages; i++) {
		page = &sorted[i].page;
		before = &sorted[i ? i - 1 : 0].page;
		if (i && is_near(arena, before, page)) {
			place += page->number - before->number;
		} else {
			place = ((place + table - 1) & ~(table - 1)) + table +
				(page->number & (table - 1));
			arena->spans[arena->spans_count++].begin = place;
		}
		arena->place[sorted[i].number] = place;
		arena->spans[arena->spans_count - 1].end = place + 1;
	}
	arena->pages = place + 1;
}

bool arena_init(struct arena *arena, const struct trace *trace)
{
	struct numbered *sorted = sort_pages(trace);

	*arena = (struct arena){
		.trace = trace,
		.place = malloc(trace->header.pages * sizeof(*arena->place)),
		.spans = malloc(trace->header.pages * sizeof(*arena->spans)),
		.page_shift = arena_page_shift(),
		.table_shift = arena_table_shift(),
	};
	if (sorted && arena->place && arena->spans)
		place_all(arena, sorted);
	free(sorted);
	return sorted && arena->place && arena->spans;
}

/* What no span has stays without access, and so another mapping. */
static char *reserve(const struct arena *arena)
{
	uint64_t table = 1ULL << (arena->table_shift + arena->page_shift);
	size_t bytes = (arena->pages << arena->page_shift) + table;
	char *memory = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			    -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	return (char *)(((uintptr_t)memory + table - 1) & ~(table - 1));
}

char *arena_map(const struct arena *arena, int advice)
{
	char *memory = reserve(arena), *begin;
	const struct span *span;
	size_t bytes;

	for (uint64_t i = 0; memory && i < arena->spans_count; i++) {
		span = &arena->spans[i];
		begin = memory + (span->begin << arena->page_shift);
		bytes = (span->end - span->begin) << arena->page_shift;
		if (mprotect(begin, bytes, PROT_READ | PROT_WRITE))
			return NULL;
		/* EINVAL: this kernel has no huge pages. */
		if (madvise(begin, bytes, advice) && errno != EINVAL)
			return NULL;
	}
	return memory;
}

void arena_free(struct arena *arena)
{
	free(arena->place);
	free(arena->spans);
}
