/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What pages hold.  Several pages may hold the same: it has a count of references, and one frame,
 * if any.  A policy says who goes when there is none left; what goes and cannot be had again
 * is written first.  What no page holds any more is forgotten, by the policy, too, before its
 * number is another one's.
 *
 * create -> new, of_file, use, put ... -> free
 */
#ifndef CONTENTS_H
#define CONTENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "evictions.h"
#include "list.h"
#include "page_ids.h"
#include "policy.h"

/* No content's number. */
#define CONTENT_NONE	UINT32_MAX

/**
 * enum contents_from - where a content comes from when it is used
 * @FROM_FRAME: it was in memory
 * @FROM_NOTHING: it is new, or nothing was ever written to it
 * @FROM_SWAP: it was read from swap
 * @FROM_FILE: it was read from its file
 */
enum contents_from { FROM_FRAME, FROM_NOTHING, FROM_SWAP, FROM_FILE };

/**
 * struct contents - all of them
 * @references: by content, how many pages hold it; 0 if it is free, or a file's
 * @gone: who lost its frame when one was used last
 * @swap_outs: how many were written to swap
 * @write_backs: how many were written to their file
 * @prefetch_useful: how many were read ahead, and used before they went
 *
 * And for contents.c alone:
 * @trace: what the policy sees: each use is a run
 * @room: for how many runs
 * @policy: that says who goes
 * @memory: of the policy
 * @flags: by content
 * @anonymous: how many there may be that are no file's; the others are behind them
 * @files: of what file and page those are
 * @unused: a list of anonymous ones that no page holds
 * @dropped: of these, those of which the policy was not told yet
 * @dropped_count: how many
 */
struct contents {
	uint32_t *references;
	struct evictions gone;
	uint64_t swap_outs;
	uint64_t write_backs;
	uint64_t prefetch_useful;

	struct trace trace;
	uint64_t room;
	const struct policy *policy;
	void *memory;
	uint8_t *flags;
	uint32_t anonymous;
	struct page_ids files;
	struct links *unused;
	uint32_t *dropped;
	uint64_t dropped_count;
};

/**
 * contents_init() - nothing yet
 * @contents: filled in; stays where it is
 * @trace: what is replayed, for how long it is and who uses what next
 * @anonymous: so many pages may hold something of their own
 * @files: so many of them may hold a page of a file
 * @uses: how many there may be
 * @policy: who goes
 * @options: of the policy; @options->evictions is set
 *
 * Return: true, or false without memory.
 */
bool contents_init(struct contents *contents, const struct trace *trace, uint32_t anonymous,
		   uint32_t files, uint64_t uses, const struct policy *policy,
		   struct policy_options *options);

/**
 * contents_new() - something that one page holds
 * @contents: all
 * @wanted: the number that it has, if that is free
 *
 * Return: it, with one reference.
 */
uint32_t contents_new(struct contents *contents, uint32_t wanted);

/**
 * contents_of_file() - a page of a file or of shared memory
 * @contents: all
 * @kind: EVENT_FILE, or EVENT_SHARED for memory, which is empty at first and goes to swap
 * @file: its number
 * @number: of its page
 *
 * Return: it, or CONTENT_NONE without memory.
 */
uint32_t contents_of_file(struct contents *contents, enum event_kind kind, uint32_t file,
			  uint64_t number);

/* Is it a file's, or shared memory's, and there even if no page holds it? */
static inline bool contents_stays(const struct contents *contents, uint32_t content)
{
	return content >= contents->anonymous;
}

/**
 * contents_use() - it is read or written, and has a frame from now on
 * @contents: all; see @contents->gone for who has none any more
 * @content: it
 * @count: as in struct run
 *
 * Return: where it had to be taken from.
 */
enum contents_from contents_use(struct contents *contents, uint32_t content, uint32_t count);

/**
 * contents_prefetch() - read it ahead, if it has no frame and can be read
 * @contents: all; see @contents->gone as above
 * @content: it
 *
 * Return: where it was read from; FROM_FRAME or FROM_NOTHING if it was not.
 */
enum contents_from contents_prefetch(struct contents *contents, uint32_t content);

/**
 * contents_put() - a page does not hold it any more
 * @contents: all
 * @content: it
 */
void contents_put(struct contents *contents, uint32_t content);

/**
 * contents_free() - forget them
 * @contents: all
 */
void contents_free(struct contents *contents);

#endif /* CONTENTS_H */
