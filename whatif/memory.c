// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "contents.h"
#include "list.h"
#include "mappings.h"
#include "memory.h"
#include "page_table.h"

enum {
	/* It is in the page table, and what it holds has a frame. */
	PRESENT		= 1,
	/* A write must see first whether it is shared. */
	PROTECTED	= 2,
	/* It was copied ahead, and not written since. */
	PRECOPIED	= 4,
	/* It counts in its regions. */
	COUNTED		= 8,
};

/**
 * struct memory - it
 * @layout: the pages
 * @contents: what they hold
 * @options: as it was told
 * @content: by page, or CONTENT_NONE
 * @flags: by page: PRESENT, PROTECTED, PRECOPIED, COUNTED
 * @of_process: lists of pages that hold something; heads are behind the pages
 * @of_content: lists of pages that are PRESENT; likewise
 * @mappings: by process
 * @node: by process, that on which it runs
 * @nodes: where frames are, if there are several
 * @huge: regions, if pages become huge
 * @events: how many have happened
 * @unmapped: is told
 * @resized: likewise
 * @run: of the trace, now
 * @counts: see enum memory_count
 */
struct memory {
	const struct layout *layout;
	struct contents contents;
	struct memory_options options;
	uint32_t *content;
	uint8_t *flags;
	struct links *of_process;
	struct links *of_content;
	struct mappings *mappings;
	uint32_t *node;
	struct nodes nodes;
	struct huge huge;
	uint32_t events;
	struct evictions *unmapped;
	struct evictions *resized;
	uint64_t run;
	uint64_t counts[MEMORY_COUNTS];
};

static uint32_t head_of_process(const struct memory *memory, uint32_t process)
{
	return (uint32_t)memory->layout->pages.count + process;
}

static uint32_t head_of_content(const struct memory *memory, uint32_t content)
{
	return (uint32_t)memory->layout->pages.count + content;
}

static struct links *make_lists(uint64_t pages, uint64_t heads)
{
	struct links *links = malloc((pages + heads) * sizeof(*links));

	for (uint64_t i = 0; links && i < heads; i++)
		list_init(links, (uint32_t)(pages + i));
	return links;
}

/* Processes are on nodes in turns, unless the trace says where. */
static bool make_nodes(struct memory *memory, uint64_t frames, uint64_t contents)
{
	uint64_t processes = memory->layout->processes.count;
	struct nodes_shape shape = memory->options.nodes;

	if (!shape.count)
		return true;
	memory->node = malloc(processes * sizeof(*memory->node));
	for (uint64_t i = 0; memory->node && i < processes; i++)
		memory->node[i] = (uint32_t)(i % shape.count);
	return nodes_init(&memory->nodes, shape, frames, contents) && memory->node;
}

struct memory *memory_create(const struct layout *layout, const struct policy *policy,
			     const struct policy_options *options,
			     const struct memory_options *own)
{
	uint64_t pages = layout->pages.count, processes = layout->processes.count;
	uint64_t runs = layout->trace->header.runs, files;
	/* A run may read and copy, so may what is ahead of it, and then all again. */
	uint64_t uses = 2 * runs * (2 + own->prefetch + 2 * own->precopy);
	struct policy_options told = *options;
	struct memory *memory;

	/* Each is used, or read ahead. */
	files = runs * (1 + own->prefetch) < layout->mapped ? runs * (1 + own->prefetch) :
							      layout->mapped;
	/* Links number pages and heads. */
	if (pages + files > TRACE_PAGES_MAX / 2 || processes > TRACE_PAGES_MAX / 2)
		return NULL;
	memory = calloc(1, sizeof(*memory));
	if (!memory)
		return NULL;
	if (told.frames > pages + files)
		told.frames = (uint32_t)(pages + files);
	memory->layout = layout;
	memory->options = *own;
	memory->content = malloc(pages * sizeof(*memory->content));
	memory->flags = calloc(pages, sizeof(*memory->flags));
	memory->of_process = make_lists(pages, processes);
	memory->of_content = make_lists(pages, pages + files);
	memory->mappings = calloc(processes, sizeof(*memory->mappings));
	if (!contents_init(&memory->contents, layout->trace, (uint32_t)pages, (uint32_t)files,
			   uses, policy, &told) ||
	    !make_nodes(memory, options->frames, pages + files) || !memory->content ||
	    !memory->flags || !memory->of_process || !memory->of_content ||
	    !memory->mappings) {
		memory_free(memory);
		return NULL;
	}
	if (own->huge.count && !huge_init(&memory->huge, &layout->pages, &own->huge)) {
		memory_free(memory);
		return NULL;
	}
	memset(memory->content, 0xff, pages * sizeof(*memory->content));
	return memory;
}

/* ---- Pages ---- */

static void tell(struct memory *memory, uint32_t page)
{
	/* Nobody has ever used one that the trace has not. */
	if (page >= memory->layout->trace->header.pages)
		return;
	evictions_before(memory->unmapped, memory->run);
	evictions_add(memory->unmapped, page);
}

static void count_in(struct memory *memory, uint32_t region, bool counts)
{
	bool resized = counts ? huge_add(&memory->huge, region) : huge_remove(&memory->huge, region);

	if (!resized)
		return;
	memory->counts[counts ? MEMORY_HUGE : MEMORY_SPLITS]++;
	evictions_before(memory->resized, memory->run);
	evictions_add(memory->resized, region);
}

/* Whoever is present and may be written counts in its regions. */
static void recount(struct memory *memory, uint32_t page)
{
	bool counts = (memory->flags[page] & (PRESENT | PROTECTED)) == PRESENT;

	if (counts == !!(memory->flags[page] & COUNTED))
		return;
	memory->flags[page] ^= COUNTED;
	for (uint32_t size = 0; size < memory->options.huge.count; size++)
		count_in(memory, huge_region(&memory->huge, size, page), counts);
}

static void map(struct memory *memory, uint32_t page)
{
	memory->flags[page] |= PRESENT;
	list_add_last(memory->of_content, head_of_content(memory, memory->content[page]), page);
	recount(memory, page);
}

static void unmap(struct memory *memory, uint32_t page)
{
	memory->flags[page] &= (uint8_t)~PRESENT;
	list_remove(memory->of_content, page);
	recount(memory, page);
	tell(memory, page);
}

/* Has its content, and is not present yet. */
static void hold(struct memory *memory, uint32_t page, uint32_t content, uint8_t flags)
{
	memory->content[page] = content;
	memory->flags[page] = flags;
	list_add_last(memory->of_process, head_of_process(memory, memory->layout->owner[page]), page);
}

/* Frames that nobody holds are free. */
static void put(struct memory *memory, uint32_t content)
{
	contents_put(&memory->contents, content);
	if (memory->node && !contents_stays(&memory->contents, content) &&
	    !memory->contents.references[content])
		nodes_release(&memory->nodes, content);
}

static void drop(struct memory *memory, uint32_t page)
{
	if (memory->flags[page] & PRESENT)
		unmap(memory, page);
	list_remove(memory->of_process, page);
	put(memory, memory->content[page]);
	memory->content[page] = CONTENT_NONE;
}

/* What is at an address of a process, or NULL where it is private memory. */
static const struct event *find_mapping(const struct memory *memory, uint32_t process,
					uint64_t address)
{
	const struct event *mapping = mappings_find(&memory->mappings[process], address);

	return mapping && mapping->kind != EVENT_ANONYMOUS ? mapping : NULL;
}

static uint32_t find_content(struct memory *memory, const struct event *mapping, uint64_t address)
{
	uint64_t offset = mapping->offset + (address - mapping->address);

	return contents_of_file(&memory->contents,
				mapping->kind == EVENT_SHARED ? EVENT_SHARED : EVENT_FILE,
				mapping->other, offset >> memory->layout->trace->header.page_shift);
}

static uint64_t address_of(const struct memory *memory, uint64_t number)
{
	return number << memory->layout->trace->header.page_shift;
}

/* Its first use: what there is at its address. */
static bool hold_first(struct memory *memory, uint32_t page)
{
	uint64_t address = address_of(memory, memory->layout->pages.pages[page].number);
	const struct event *mapping;
	uint32_t content;

	mapping = find_mapping(memory, memory->layout->owner[page], address);
	if (!mapping) {
		hold(memory, page, contents_new(&memory->contents, page), 0);
		return true;
	}
	content = find_content(memory, mapping, address);
	if (content == CONTENT_NONE)
		return false;
	memory->contents.references[content]++;
	hold(memory, page, content, mapping->kind == EVENT_PRIVATE ? PROTECTED : 0);
	return true;
}

/* Who uses a content is by what its frame comes from: @user, a page. */
static void settle(struct memory *memory, uint32_t content, uint32_t user)
{
	uint32_t head;

	for (uint64_t i = 0; i < memory->contents.gone.count; i++) {
		head = head_of_content(memory, memory->contents.gone.all[i].page);
		while (!list_is_empty(memory->of_content, head))
			unmap(memory, list_first(memory->of_content, head));
		if (memory->node)
			nodes_release(&memory->nodes, memory->contents.gone.all[i].page);
	}
	if (memory->node)
		nodes_place(&memory->nodes, content,
			    memory->node[memory->layout->owner[user]]);
}

static enum contents_from use(struct memory *memory, uint32_t page, uint32_t content,
			      uint32_t count)
{
	enum contents_from from = contents_use(&memory->contents, content, count);

	memory->counts[MEMORY_SWAP_INS] += from == FROM_SWAP;
	settle(memory, content, page);
	return from;
}

/* A page of its own, with what it shared until now. */
static void copy(struct memory *memory, uint32_t page, uint32_t count)
{
	uint32_t content;

	if (memory->flags[page] & PRESENT)
		unmap(memory, page);
	put(memory, memory->content[page]);
	content = contents_new(&memory->contents, page);
	memory->content[page] = content;
	use(memory, page, content, count);
}

static bool is_shared(const struct memory *memory, uint32_t content)
{
	return contents_stays(&memory->contents, content) ||
	       memory->contents.references[content] > 1;
}

/* What the page holds, so many behind one, if anybody can tell. */
static bool find_behind(struct memory *memory, uint32_t page, uint32_t distance, uint32_t *content)
{
	struct page behind = memory->layout->pages.pages[page];
	const struct event *mapping;
	uint64_t address;
	uint32_t known;

	behind.number += distance;
	address = address_of(memory, behind.number);
	known = page_ids_find(&memory->layout->pages, behind);
	*content = known == PAGE_NONE ? CONTENT_NONE : memory->content[known];
	if (*content != CONTENT_NONE)
		return true;
	mapping = find_mapping(memory, memory->layout->owner[page], address);
	if (mapping)
		*content = find_content(memory, mapping, address);
	return !mapping || *content != CONTENT_NONE;
}

static bool prefetch(struct memory *memory, uint32_t page)
{
	enum contents_from from;
	uint32_t content;

	for (uint32_t i = 1; i <= memory->options.prefetch; i++) {
		if (!find_behind(memory, page, i, &content))
			return false;
		if (content == CONTENT_NONE)
			continue;
		from = contents_prefetch(&memory->contents, content);
		if (from == FROM_NOTHING)
			continue;
		settle(memory, content, page);
		memory->counts[MEMORY_PREFETCHED]++;
		memory->counts[MEMORY_SWAP_INS] += from == FROM_SWAP;
	}
	return true;
}

/* The pages behind this one that its page table maps, too; objects have none, and no end. */
static uint64_t pages_behind(const struct memory *memory, uint64_t number)
{
	uint32_t shift = memory->layout->trace->header.page_shift;
	uint64_t table = shift ? 1ULL << (shift - PAGE_TABLE_ENTRY_SHIFT) : UINT64_MAX;

	return table - 1 - number % table;
}

/*
 * Of private memory alone, and not of what is in swap: that would have to be read.  As Faultline's
 * module has it, no further than the page table goes.
 */
static void precopy(struct memory *memory, uint32_t page)
{
	struct page behind = memory->layout->pages.pages[page];
	uint64_t most = pages_behind(memory, behind.number);
	uint32_t known;

	for (uint32_t i = 1; i <= memory->options.precopy && i <= most; i++) {
		behind.number++;
		known = page_ids_find(&memory->layout->pages, behind);
		if (known == PAGE_NONE || memory->content[known] == CONTENT_NONE ||
		    contents_stays(&memory->contents, memory->content[known]) ||
		    (memory->flags[known] & (PRESENT | PROTECTED)) != (PRESENT | PROTECTED) ||
		    !is_shared(memory, memory->content[known]))
			continue;
		use(memory, known, memory->content[known], 1);
		copy(memory, known, 1 | RUN_WRITTEN);
		memory->flags[known] = PRECOPIED;
		map(memory, known);
		memory->counts[MEMORY_PRECOPIED]++;
	}
}

/* It was copied ahead, and is written: a fault is saved unless a fork has come between. */
static void settle_precopy(struct memory *memory, uint8_t *flags)
{
	memory->counts[MEMORY_PRECOPY_USEFUL] += !(*flags & PROTECTED);
	*flags &= (uint8_t)~PRECOPIED;
}

static bool access_page(struct memory *memory, struct run run)
{
	uint8_t *flags = &memory->flags[run.page];
	bool breaks, copies, fault, major;
	enum contents_from from;

	if (memory->content[run.page] == CONTENT_NONE && !hold_first(memory, run.page))
		return false;
	if (run.count & RUN_WRITTEN && *flags & PRECOPIED)
		settle_precopy(memory, flags);
	breaks = run.count & RUN_WRITTEN && *flags & PROTECTED;
	copies = breaks && is_shared(memory, memory->content[run.page]);
	/* Who copies reads it once. */
	from = use(memory, run.page, memory->content[run.page], copies ? 1 : run.count);
	major = from == FROM_SWAP || from == FROM_FILE;
	fault = breaks || !(*flags & PRESENT);
	if (copies)
		copy(memory, run.page, run.count);
	if (breaks)
		*flags &= (uint8_t)~PROTECTED;
	if (!(*flags & PRESENT))
		map(memory, run.page);
	else if (breaks)
		recount(memory, run.page);
	memory->counts[MEMORY_MAJOR] += fault && major;
	memory->counts[MEMORY_MINOR] += fault && !major;
	memory->counts[MEMORY_COW] += copies;
	memory->counts[MEMORY_COW_MINOR] += copies && !major;
	memory->counts[MEMORY_REUSES] += breaks && !copies;
	if (memory->node)
		nodes_access(&memory->nodes, memory->content[run.page],
			     memory->node[memory->layout->owner[run.page]], run_accesses(run));
	if (copies)
		precopy(memory, run.page);
	return !major || prefetch(memory, run.page);
}

/* What is done ahead comes between the first of several accesses and the others. */
static bool access_run(struct memory *memory, struct run run)
{
	struct run first = { run.page, 1 | (run.count & RUN_WRITTEN) };

	if ((!memory->options.prefetch && !memory->options.precopy) || run_accesses(run) == 1)
		return access_page(memory, run);
	return access_page(memory, first) &&
	       access_page(memory, (struct run){ run.page, run_accesses(run) - 1 });
}

/* ---- Events ---- */

/* Those from an address on. */
static void drop_pages(struct memory *memory, uint32_t process, uint64_t address, uint64_t bytes)
{
	uint32_t shift = memory->layout->trace->header.page_shift, page, next;
	uint32_t head = head_of_process(memory, process);
	uint64_t number;

	for (page = list_first(memory->of_process, head); page != head; page = next) {
		next = memory->of_process[page].behind;
		number = memory->layout->pages.pages[page].number;
		if ((number << shift) - address < bytes)
			drop(memory, page);
	}
}

static void leave(struct memory *memory, uint32_t process)
{
	drop_pages(memory, process, 0, UINT64_MAX);
	mappings_clear(&memory->mappings[process]);
}

/*
 * A child's page tables have what is private; what is of a file comes in when it is used.  The
 * parent's are read-only from now on, which a TLB must not miss.
 */
static void inherit(struct memory *memory, uint32_t page, uint32_t child)
{
	uint32_t content = memory->content[page];
	uint8_t flags = memory->flags[page];

	memory->contents.references[content]++;
	if (contents_stays(&memory->contents, content)) {
		hold(memory, child, content, flags & PROTECTED);
		return;
	}
	memory->flags[page] |= PROTECTED;
	recount(memory, page);
	hold(memory, child, content, PROTECTED);
	if (flags & PRESENT) {
		map(memory, child);
		tell(memory, page);
	}
}

static bool have_child(struct memory *memory, const struct event *event)
{
	uint32_t parent = layout_process(memory->layout, event->pid), page, child_page;
	uint32_t child = layout_process(memory->layout, event->other);
	uint32_t head = head_of_process(memory, parent);
	struct page where;

	leave(memory, child);
	for (page = list_first(memory->of_process, head); page != head;
	     page = memory->of_process[page].behind) {
		where = memory->layout->pages.pages[page];
		where.pid = event->other;
		child_page = page_ids_find(&memory->layout->pages, where);
		inherit(memory, page, child_page);
	}
	return mappings_copy(&memory->mappings[child], &memory->mappings[parent]);
}

static bool happen(struct memory *memory, const struct event *event)
{
	uint32_t process = layout_process(memory->layout, event->pid);

	switch (event->kind) {
	case EVENT_FORK:
		return have_child(memory, event);
	case EVENT_EXIT:
		leave(memory, process);
		return true;
	case EVENT_NODE:
		if (memory->node)
			memory->node[process] = event->other % memory->options.nodes.count;
		return true;
	default:
		drop_pages(memory, process, event->address, event->bytes);
		return mappings_add(&memory->mappings[process], event);
	}
}

/* ---- All ---- */

bool memory_replay(struct memory *memory, uint64_t from, uint64_t to, struct evictions *unmapped,
		   struct evictions *resized)
{
	const struct trace *trace = memory->layout->trace;
	const struct event *event = trace->events + memory->events;
	bool good = true;

	memory->unmapped = unmapped;
	memory->resized = resized;
	for (memory->run = from; good && memory->run < to; memory->run++) {
		for (; good && memory->events < trace->header.events && event->run == memory->run;
		     event++, memory->events++)
			good = happen(memory, event);
		good = good && access_run(memory, trace->runs[memory->run]);
	}
	return good && !memory->contents.gone.failed;
}

const struct huge *memory_huge(const struct memory *memory)
{
	return memory->options.huge.count ? &memory->huge : NULL;
}

void memory_count(const struct memory *memory, uint64_t counts[MEMORY_COUNTS])
{
	memcpy(counts, memory->counts, sizeof(memory->counts));
	counts[MEMORY_SWAP_OUTS] = memory->contents.swap_outs;
	counts[MEMORY_WRITE_BACKS] = memory->contents.write_backs;
	counts[MEMORY_REMOTE] = memory->nodes.remote;
	counts[MEMORY_MIGRATIONS] = memory->nodes.migrations;
	counts[MEMORY_PREFETCH_USEFUL] = memory->contents.prefetch_useful;
}

void memory_free(struct memory *memory)
{
	if (!memory)
		return;
	for (uint64_t i = 0; memory->mappings && i < memory->layout->processes.count; i++)
		mappings_clear(&memory->mappings[i]);
	contents_free(&memory->contents);
	free(memory->content);
	free(memory->flags);
	free(memory->of_process);
	free(memory->of_content);
	free(memory->mappings);
	free(memory->node);
	nodes_free(&memory->nodes);
	huge_free(&memory->huge);
	free(memory);
}
