/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a fault trace answers: how many faults there would have been with larger pages, with more
 * pages mapped around a fault on a file, or copied after one.
 *
 * What is not in it: when memory was unmapped or forked.  A page that is mapped, or copied, a
 * second time had gone, or was shared again, and then all of what is larger than a page with
 * it.  That is the rule of what is counted; it is exact as long as no page comes twice.
 */
#ifndef FAULT_QUESTIONS_H
#define FAULT_QUESTIONS_H

#include <stdint.h>

#include "fault_trace.h"

/**
 * struct fault_answer - what would have been
 * @faults: by the rule above
 * @least: no less, whatever was unmapped or forked
 * @most: nor more
 * @bytes: mapped or copied by those faults
 * @wasted: pages that were copied and not written, at most
 */
struct fault_answer {
	uint64_t faults;
	uint64_t least;
	uint64_t most;
	uint64_t bytes;
	uint64_t wasted;
};

/**
 * fault_questions_page() - larger pages
 * @trace: a trace
 * @deed: FAULT_FIRST: of pages that are mapped; FAULT_COPY: of what is copied in one piece
 * @page_shift: log2 of their size, at least that of the trace
 *
 * A page ends with its mapping, if that ends within.
 */
struct fault_answer fault_questions_page(const struct fault_trace *trace, enum fault_deed deed,
					 uint32_t page_shift);

/**
 * fault_questions_around() - a fault that reads a file maps what is in memory around it
 * @trace: a trace
 * @pages: an aligned window of so many, a power of two; 1: its own page alone
 *
 * Faults on what is not a file's are counted, too.  A major fault stays one: its page was not
 * in memory.
 */
struct fault_answer fault_questions_around(const struct fault_trace *trace, uint64_t pages);

/**
 * fault_questions_precopy() - a fault that copies what fork() left shared has more copied
 * @trace: a trace
 * @depth: so many pages behind it, up to the end of its mapping and of its page table
 *
 * Faults that copy other memory are counted, too.
 */
struct fault_answer fault_questions_precopy(const struct fault_trace *trace, uint64_t depth);

#endif /* FAULT_QUESTIONS_H */
