// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "contents.h"

enum {
	RESIDENT	= 1,
	/* It was written since it has been read, or since it is there: what is stored is old. */
	DIRTY		= 2,
	/* It can be read again. */
	STORED		= 4,
	/* Where it can: its file; otherwise swap. */
	OF_FILE		= 8,
	/* It was read ahead, and not used since. */
	AHEAD		= 16,
};

/* Policies look at runs by number, and some at old ones: they stay where they are. */
static bool reserve(struct contents *contents, uint64_t uses)
{
	void *runs;

	if (uses > INT64_MAX / sizeof(struct run))
		return false;
	runs = mmap(NULL, uses * sizeof(struct run), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (runs == MAP_FAILED)
		return false;
	contents->trace.runs = runs;
	contents->room = uses;
	return true;
}

static uint32_t head_of_unused(const struct contents *contents)
{
	return contents->anonymous;
}

bool contents_init(struct contents *contents, const struct trace *trace, uint32_t anonymous,
		   uint32_t files, uint64_t uses, const struct policy *policy,
		   struct policy_options *options)
{
	uint64_t all = (uint64_t)anonymous + files;

	*contents = (struct contents){ .policy = policy, .anonymous = anonymous };
	if (all > TRACE_PAGES_MAX || !reserve(contents, uses) || !page_ids_init(&contents->files))
		return false;
	contents->trace.next = trace->next;
	contents->trace.pages = trace->pages;
	contents->trace.header = trace->header;
	contents->trace.header.pages = all;
	contents->trace.header.runs = 0;
	options->evictions = &contents->gone;
	contents->memory = policy->create(&contents->trace, options);
	contents->references = calloc(all, sizeof(*contents->references));
	contents->flags = calloc(all, sizeof(*contents->flags));
	contents->unused = malloc((anonymous + 1ULL) * sizeof(*contents->unused));
	contents->dropped = malloc(anonymous * sizeof(*contents->dropped));
	if (!contents->memory || !contents->references || !contents->flags || !contents->unused ||
	    !contents->dropped)
		return false;
	list_init(contents->unused, head_of_unused(contents));
	for (uint32_t i = 0; i < anonymous; i++)
		list_add_last(contents->unused, head_of_unused(contents), i);
	return true;
}

/* There are as many numbers as pages: one is always unused. */
uint32_t contents_new(struct contents *contents, uint32_t wanted)
{
	uint32_t content = wanted;

	if (contents->references[wanted])
		content = list_first(contents->unused, head_of_unused(contents));
	list_remove(contents->unused, content);
	contents->references[content] = 1;
	return content;
}

uint32_t contents_of_file(struct contents *contents, enum event_kind kind, uint32_t file,
			  uint64_t number)
{
	bool shared = kind == EVENT_SHARED;
	/* Files and shared memory are numbered apart, and no page's number has the top bit. */
	struct page page = { number | (uint64_t)shared << 63, file, 0 };
	uint32_t id = page_ids_of(&contents->files, page), content;

	if (id == PAGE_NONE)
		return CONTENT_NONE;
	content = contents->anonymous + id;
	if (!shared)
		contents->flags[content] |= OF_FILE;
	return content;
}

static void evict(struct contents *contents, uint32_t content)
{
	uint8_t *flags = &contents->flags[content];

	*flags &= (uint8_t)~(RESIDENT | AHEAD);
	if (!(*flags & DIRTY))
		return;
	if (*flags & OF_FILE)
		contents->write_backs++;
	else
		contents->swap_outs++;
	*flags = (uint8_t)((*flags & ~DIRTY) | STORED);
}

static enum contents_from load(uint8_t *flags)
{
	if (*flags & RESIDENT)
		return FROM_FRAME;
	*flags |= RESIDENT;
	if (*flags & OF_FILE)
		return FROM_FILE;
	return *flags & STORED ? FROM_SWAP : FROM_NOTHING;
}

/* Many at once, as some policies pass all frames then. */
static void forget_dropped(struct contents *contents)
{
	if (contents->dropped_count)
		contents->policy->forget(contents->memory, contents->dropped,
					 contents->dropped_count);
	contents->dropped_count = 0;
}

static enum contents_from take(struct contents *contents, uint32_t content, uint32_t count)
{
	uint64_t run = contents->trace.header.runs++;

	forget_dropped(contents);
	((struct run *)contents->trace.runs)[run] = (struct run){ content, count };
	contents->gone.count = 0;
	contents->policy->replay(contents->memory, run, run + 1);
	for (uint64_t i = 0; i < contents->gone.count; i++)
		evict(contents, contents->gone.all[i].page);
	return load(&contents->flags[content]);
}

enum contents_from contents_use(struct contents *contents, uint32_t content, uint32_t count)
{
	enum contents_from from = take(contents, content, count);
	uint8_t *flags = &contents->flags[content];

	contents->prefetch_useful += (*flags & AHEAD) != 0;
	*flags &= (uint8_t)~AHEAD;
	if (count & RUN_WRITTEN)
		*flags |= DIRTY;
	return from;
}

enum contents_from contents_prefetch(struct contents *contents, uint32_t content)
{
	uint8_t flags = contents->flags[content];
	enum contents_from from = FROM_NOTHING;

	contents->gone.count = 0;
	if (!(flags & RESIDENT) && flags & (STORED | OF_FILE)) {
		from = take(contents, content, 1);
		contents->flags[content] |= AHEAD;
	}
	return from;
}

void contents_put(struct contents *contents, uint32_t content)
{
	if (--contents->references[content] || contents_stays(contents, content))
		return;
	contents->flags[content] = 0;
	contents->dropped[contents->dropped_count++] = content;
	list_add_last(contents->unused, head_of_unused(contents), content);
}

void contents_free(struct contents *contents)
{
	if (contents->trace.runs)
		munmap((void *)contents->trace.runs, contents->room * sizeof(struct run));
	page_ids_free(&contents->files);
	free(contents->memory);
	free(contents->references);
	free(contents->flags);
	free(contents->unused);
	free(contents->dropped);
	free(contents->gone.all);
}
