/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The pages of all processes of a trace, numbered: those that it has accesses to, as it numbers
 * them, and behind them those that only come about by forks.  Configurations share it.
 *
 * init -> find ... -> free
 */
#ifndef LAYOUT_H
#define LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "page_ids.h"
#include "trace.h"

/**
 * struct layout - the pages
 * @trace: whose
 * @pages: by number
 * @processes: likewise, as pages number 0; with those that events tell of
 * @owner: by page, the number of its process
 * @mapped: so many pages of files and of shared memory are mapped at some time, at most
 */
struct layout {
	const struct trace *trace;
	struct page_ids pages;
	struct page_ids processes;
	uint32_t *owner;
	uint64_t mapped;
};

/**
 * layout_init() - number them
 * @layout: filled in
 * @trace: whose
 *
 * Return: true, or false without memory.
 */
bool layout_init(struct layout *layout, const struct trace *trace);

/**
 * layout_process() - the number of a process
 * @layout: the pages
 * @pid: of one that has pages or that events tell of
 */
uint32_t layout_process(const struct layout *layout, uint32_t pid);

/**
 * layout_free() - forget them
 * @layout: the pages
 */
void layout_free(struct layout *layout);

#endif /* LAYOUT_H */
