/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libfaultline-whatif: what faultline-whatif answers, for programs.
 *
 * open -> accesses, replay, curve ... -> close
 *
 * Any threads may use a trace at the same time, and open others.  Nothing is written to
 * standard error.
 */
#ifndef FAULTLINE_WHATIF_H
#define FAULTLINE_WHATIF_H

#include <stdbool.h>
#include <stdint.h>

/* What is between these is what other languages read, too. */
/* API { */
struct faultline_whatif;

/**
 * faultline_whatif_open() - a trace, in any of the formats that faultline-whatif reads
 * @path: the file
 * @from: what it is written in, as --from has it, or NULL to see by itself
 * @page_bytes: the page size, or 0 for that of a compiled trace, or 4 KB
 *
 * Return: it, or NULL with faultline_whatif_error().
 */
struct faultline_whatif *faultline_whatif_open(const char *path, const char *from,
					       uint64_t page_bytes);

/**
 * faultline_whatif_accesses() - how many there are
 * @trace: open
 */
uint64_t faultline_whatif_accesses(const struct faultline_whatif *trace);

/**
 * faultline_whatif_pages() - how many distinct pages they are to
 * @trace: open
 */
uint64_t faultline_whatif_pages(const struct faultline_whatif *trace);

/**
 * faultline_whatif_page_bytes() - how large a page is
 * @trace: open
 *
 * Return: bytes, or 0 if the pages are objects without a size.
 */
uint64_t faultline_whatif_page_bytes(const struct faultline_whatif *trace);

/**
 * faultline_whatif_sampled() - are only some accesses in it, of when somebody looked?
 * @trace: open
 */
bool faultline_whatif_sampled(const struct faultline_whatif *trace);

/**
 * faultline_whatif_policy() - the names of all policies, in order
 * @number: from 0 on
 *
 * Return: a name, or NULL behind the last.
 */
const char *faultline_whatif_policy(uint32_t number);

/**
 * faultline_whatif_replay() - how many accesses fault
 * @trace: open
 * @policy: who goes when memory is full, by name
 * @frames: how many pages fit
 * @faults: filled in
 *
 * Return: true, or false with faultline_whatif_error().
 */
bool faultline_whatif_replay(const struct faultline_whatif *trace, const char *policy,
			     uint64_t frames, uint64_t *faults);

/**
 * faultline_whatif_curve() - how many accesses fault under LRU, with any numbers of frames
 * @trace: open
 * @frames: the numbers, each at least 1
 * @count: how many of them
 * @faults: filled in, one for each
 *
 * All of them come from one pass over the trace.
 *
 * Return: true, or false with faultline_whatif_error().
 */
bool faultline_whatif_curve(const struct faultline_whatif *trace, const uint64_t *frames,
			    uint64_t count, uint64_t *faults);

/**
 * faultline_whatif_close() - forget it
 * @trace: open
 */
void faultline_whatif_close(struct faultline_whatif *trace);

/**
 * faultline_whatif_error() - why the last call of this thread failed
 *
 * Return: one line, until this thread's next call.
 */
const char *faultline_whatif_error(void);
/* } */

#endif /* FAULTLINE_WHATIF_H */
