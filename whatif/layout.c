// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "layout.h"

/*
 * The child may get a page for each that its parent ever has: which of them that has by then is
 * not looked at.
 */
static bool add_child(struct layout *layout, uint32_t parent, uint32_t child)
{
	uint64_t count = layout->pages.count;
	struct page page;

	for (uint64_t i = 0; i < count; i++) {
		page = layout->pages.pages[i];
		if (page.pid != parent)
			continue;
		page.pid = child;
		if (page_ids_of(&layout->pages, page) == PAGE_NONE)
			return false;
	}
	return true;
}

/* More than 64 bits count is as good as the most that they do. */
static void add_mapping(struct layout *layout, const struct event *event)
{
	uint64_t pages = ((event->bytes - 1) >> layout->trace->header.page_shift) + 1;

	if (__builtin_add_overflow(layout->mapped, pages, &layout->mapped))
		layout->mapped = UINT64_MAX;
}

static bool add_children(struct layout *layout)
{
	const struct event *event = layout->trace->events;

	for (uint32_t i = 0; i < layout->trace->header.events; i++, event++) {
		if (event_maps(event))
			add_mapping(layout, event);
		if (event->kind == EVENT_FORK && !add_child(layout, event->pid, event->other))
			return false;
	}
	return true;
}

static uint32_t number_process(struct layout *layout, uint32_t pid)
{
	return page_ids_of(&layout->processes, (struct page){ .pid = pid });
}

static bool find_owners(struct layout *layout)
{
	const struct event *event = layout->trace->events;
	uint64_t count = layout->pages.count;

	layout->owner = malloc(count * sizeof(*layout->owner));
	if (!layout->owner)
		return false;
	for (uint64_t i = 0; i < count; i++) {
		layout->owner[i] = number_process(layout, layout->pages.pages[i].pid);
		if (layout->owner[i] == PAGE_NONE)
			return false;
	}
	for (uint32_t i = 0; i < layout->trace->header.events; i++, event++)
		if (number_process(layout, event->pid) == PAGE_NONE ||
		    (event->kind == EVENT_FORK &&
		     number_process(layout, event->other) == PAGE_NONE))
			return false;
	return true;
}

bool layout_init(struct layout *layout, const struct trace *trace)
{
	*layout = (struct layout){ .trace = trace };
	if (!page_ids_init(&layout->pages) || !page_ids_init(&layout->processes))
		return false;
	for (uint64_t i = 0; i < trace->header.pages; i++)
		if (page_ids_of(&layout->pages, trace->pages[i]) != i)
			return false;
	return add_children(layout) && find_owners(layout);
}

uint32_t layout_process(const struct layout *layout, uint32_t pid)
{
	return page_ids_find(&layout->processes, (struct page){ .pid = pid });
}

void layout_free(struct layout *layout)
{
	page_ids_free(&layout->pages);
	page_ids_free(&layout->processes);
	free(layout->owner);
}
