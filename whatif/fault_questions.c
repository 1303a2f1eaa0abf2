// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "fault_questions.h"
#include "page_ids.h"
#include "page_table.h"

/* Of one page's number: it is the key of a part that begins or ends within its mapping. */
#define KEY_OF_END	(1ULL << 63)

/**
 * struct place - what is known of a page or of a larger one
 * @generation: of a larger one, how often it came; of a page, when it came last
 * @within: of a page, the larger one that it came with, and one more
 */
struct place {
	uint32_t generation;
	uint32_t within;
};

/**
 * struct places - of all pages that were seen
 * @ids: their numbers
 * @all: by number
 * @room: of @all
 */
struct places {
	struct page_ids ids;
	struct place *all;
	size_t room;
};

static void places_init(struct places *places)
{
	*places = (struct places){ 0 };
	if (!page_ids_init(&places->ids))
		err(EXIT_FAILURE, "memory");
}

static void places_free(struct places *places)
{
	page_ids_free(&places->ids);
	free(places->all);
}

static uint32_t places_id(struct places *places, uint32_t pid, uint64_t number)
{
	uint32_t id = page_ids_of(&places->ids, (struct page){ .number = number, .pid = pid });
	size_t room = places->room ?: 1024;

	if (id == PAGE_NONE)
		err(EXIT_FAILURE, "memory");
	if (id < places->room)
		return id;
	while (room <= id)
		room *= 2;
	places->all = realloc(places->all, room * sizeof(*places->all));
	if (!places->all)
		err(EXIT_FAILURE, "memory");
	memset(places->all + places->room, 0, (room - places->room) * sizeof(*places->all));
	places->room = room;
	return id;
}

/* Until another page is seen. */
static struct place *places_at(struct places *places, uint32_t pid, uint64_t number)
{
	uint32_t id = places_id(places, pid, number);

	return &places->all[id];
}

/* A larger page, as far as it is in the mapping of the fault. */
struct part {
	uint64_t begin;
	uint64_t end;
	uint64_t key;
};

static struct part part_of(const struct fault *fault, uint32_t order)
{
	uint64_t begin = fault->page >> order << order, end = begin + (1ULL << order);
	struct part part;

	part.begin = begin > fault->begin ? begin : fault->begin;
	part.end = end < fault->end ? end : fault->end;
	/* Where a mapping grows, its other end stays. */
	part.key = fault->grows_down ? part.end | KEY_OF_END : part.begin;
	return part;
}

/* Does the page come again, though its larger one has it? */
static bool comes_again(const struct place *page, const struct place *larger, uint32_t id)
{
	return page->within == id + 1 && page->generation == larger->generation;
}

static void note(struct place *page, const struct place *larger, uint32_t id)
{
	page->within = id + 1;
	page->generation = larger->generation;
}

struct fault_answer fault_questions_page(const struct fault_trace *trace, enum fault_deed deed,
					 uint32_t page_shift)
{
	uint32_t order = page_shift - trace->page_shift, id;
	struct places pages, larger, aligned;
	struct fault_answer answer = { 0 };
	const struct fault *fault;
	struct place *page;
	struct part part;

	places_init(&pages);
	places_init(&larger);
	places_init(&aligned);
	for (size_t i = 0; i < trace->count; i++) {
		fault = &trace->faults[i];
		if (fault->deed != deed)
			continue;
		part = part_of(fault, order);
		id = places_id(&larger, fault->pid, part.key);
		page = places_at(&pages, fault->pid, fault->page);
		places_id(&aligned, fault->pid, fault->page >> order);
		answer.most++;
		if (!larger.all[id].generation || comes_again(page, &larger.all[id], id)) {
			larger.all[id].generation++;
			answer.faults++;
			answer.bytes += (part.end - part.begin) << trace->page_shift;
		}
		note(page, &larger.all[id], id);
	}
	/* As large as the trace's, all is in it. */
	answer.least = order ? aligned.ids.count : answer.most;
	places_free(&aligned);
	places_free(&larger);
	places_free(&pages);
	return answer;
}

/* Does it map others around it? */
static bool maps_around(const struct fault *fault)
{
	return fault->of_file && fault->reads;
}

struct fault_answer fault_questions_around(const struct fault_trace *trace, uint64_t pages_around)
{
	uint32_t order = (uint32_t)__builtin_ctzll(pages_around), id;
	struct places pages, windows;
	struct fault_answer answer = { 0 };
	const struct fault *fault;
	struct place *page, *window;
	bool again;

	places_init(&pages);
	places_init(&windows);
	for (size_t i = 0; i < trace->count; i++) {
		fault = &trace->faults[i];
		if (fault->deed != FAULT_FIRST)
			continue;
		answer.most++;
		if (!maps_around(fault)) {
			answer.faults++;
			continue;
		}
		id = places_id(&windows, fault->pid, part_of(fault, order).key);
		page = places_at(&pages, fault->pid, fault->page);
		window = &windows.all[id];
		again = comes_again(page, window, id);
		answer.faults += !window->generation || again || fault->major;
		window->generation += !window->generation || again;
		note(page, window, id);
	}
	/* What was not in memory yet when its window was mapped would have faulted all the same. */
	answer.least = answer.faults;
	places_free(&windows);
	places_free(&pages);
	return answer;
}

/* Of a page in pre-copy: place.within. */
enum { SHARED, PRIVATE, AHEAD };

/* The page's, as of its process's present generation: a fork makes all shared again. */
static struct place *present(struct places *pages, uint32_t id, const struct place *process)
{
	struct place *page = &pages->all[id];

	if (page->generation != process->generation)
		*page = (struct place){ process->generation, SHARED };
	return page;
}

static uint64_t copy_ahead(struct places *pages, const struct fault *fault,
			   const struct place *process, uint64_t depth, uint64_t table_pages)
{
	uint64_t end = fault->page / table_pages * table_pages + table_pages, copied = 0;
	struct place *page;

	if (end > fault->end)
		end = fault->end;
	if (end > fault->page + 1 + depth)
		end = fault->page + 1 + depth;
	for (uint64_t next = fault->page + 1; next < end; next++) {
		page = present(pages, places_id(pages, fault->pid, next), process);
		if (page->within != SHARED)
			continue;
		page->within = AHEAD;
		copied++;
	}
	return copied;
}

struct fault_answer fault_questions_precopy(const struct fault_trace *trace, uint64_t depth)
{
	uint64_t table_pages = 1ULL << (trace->page_shift - PAGE_TABLE_ENTRY_SHIFT), ahead = 0, used = 0;
	struct places pages, processes;
	struct fault_answer answer = { 0 };
	const struct fault *fault;
	struct place *page, *process;
	uint32_t id;

	places_init(&pages);
	places_init(&processes);
	for (size_t i = 0; i < trace->count; i++) {
		fault = &trace->faults[i];
		if (fault->deed != FAULT_COPY)
			continue;
		answer.most++;
		if (!fault->anon) {
			answer.faults++;
			continue;
		}
		process = places_at(&processes, fault->pid, 0);
		id = places_id(&pages, fault->pid, fault->page);
		page = present(&pages, id, process);
		if (page->within == AHEAD) {
			page->within = PRIVATE;
			used++;
			continue;
		}
		if (page->within == PRIVATE)
			process->generation++;
		page = present(&pages, id, process);
		page->within = PRIVATE;
		answer.faults++;
		ahead += copy_ahead(&pages, fault, process, depth, table_pages);
	}
	/* A page that was copied ahead, and then shared by another fork, would have faulted. */
	answer.least = answer.faults;
	answer.bytes = (answer.faults + ahead) << trace->page_shift;
	answer.wasted = ahead - used;
	places_free(&processes);
	places_free(&pages);
	return answer;
}
