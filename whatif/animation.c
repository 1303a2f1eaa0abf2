// SPDX-License-Identifier: GPL-2.0
/*
 * animation_page.html with {{data}} filled in: what changes from step to step, as JSON.  The page's
 * script adds nothing to it: what a TLB or a frame has in it comes from the simulation.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "animation.h"
#include "page_ids.h"
#include "text.h"

/* Of a step's flags: what its last access did. */
enum { WROTE = 1, FAULTED = 2, MISSED = 4 };

/* Of a policy's window. */
enum { WINDOW_FRAMES = 10 };

extern const char animation_html[], animation_html_end[];

/**
 * struct places - frames, or entries of the TLB
 * @count: how many
 * @pages: that are in them now, or PAGE_NONE
 * @shown: those of the step before
 */
struct places {
	uint32_t count;
	uint32_t *pages;
	uint32_t *shown;
};

/**
 * struct replay - a memory while it is shown
 * @animation: what is asked for
 * @memory: of the policy
 * @tlb: it
 * @evictions: from one to the other
 * @frames: with the pages that are in them
 * @entries: of the TLB
 * @free: frames without a page, the next one last
 * @free_count: how many
 * @frame: by page, 1 + where it is, or 0
 * @mentioned: by page, is it in a step?
 */
struct replay {
	const struct animation *animation;
	void *memory;
	struct tlb *tlb;
	struct evictions evictions;
	struct places frames;
	struct places entries;
	uint32_t *free;
	uint32_t free_count;
	uint32_t *frame;
	uint8_t *mentioned;
};

/**
 * struct step - what happens in one
 * @flags: of its last access
 * @page: of that
 * @accesses: in it
 * @faults: in it
 * @misses: in it, of the TLB
 */
struct step {
	uint32_t flags;
	uint32_t page;
	uint64_t accesses;
	uint64_t faults;
	uint64_t misses;
};

static bool make_places(struct places *places, uint32_t count)
{
	*places = (struct places){ .count = count };
	places->pages = malloc(count * sizeof(*places->pages));
	places->shown = malloc(count * sizeof(*places->shown));
	if (!places->pages || !places->shown)
		return false;
	for (uint32_t i = 0; i < count; i++)
		places->pages[i] = places->shown[i] = PAGE_NONE;
	return true;
}

static bool make_replay(struct replay *replay, const struct animation *animation)
{
	const struct trace *trace = animation->trace;
	uint32_t frames = animation->frames;
	struct policy_options options = {
		.frames = frames < trace->header.pages ? frames : (uint32_t)trace->header.pages,
		.window = (uint64_t)frames * WINDOW_FRAMES,
		.evictions = &replay->evictions,
	};

	*replay = (struct replay){ .animation = animation };
	replay->memory = animation->policy->create(trace, &options);
	replay->tlb = tlb_create(trace, animation->tlb, NULL);
	replay->free = malloc(frames * sizeof(*replay->free));
	replay->frame = calloc(trace->header.pages, sizeof(*replay->frame));
	replay->mentioned = calloc(trace->header.pages, sizeof(*replay->mentioned));
	if (!make_places(&replay->frames, frames) ||
	    !make_places(&replay->entries, animation->tlb.entries) || !replay->memory ||
	    !replay->tlb || !replay->free || !replay->frame || !replay->mentioned)
		return false;
	while (replay->free_count < frames) {
		replay->free[replay->free_count] = frames - 1 - replay->free_count;
		replay->free_count++;
	}
	return true;
}

static void free_replay(struct replay *replay)
{
	free(replay->mentioned);
	free(replay->frame);
	free(replay->free);
	free(replay->entries.shown);
	free(replay->entries.pages);
	free(replay->frames.shown);
	free(replay->frames.pages);
	free(replay->evictions.all);
	free(replay->tlb);
	free(replay->memory);
}

/* ---- What happens ---- */

static void leave(struct replay *replay, uint32_t page)
{
	uint32_t frame = replay->frame[page] - 1;

	replay->frames.pages[frame] = PAGE_NONE;
	replay->frame[page] = 0;
	replay->free[replay->free_count++] = frame;
}

static void enter(struct replay *replay, uint32_t page)
{
	uint32_t frame = replay->free[--replay->free_count];

	replay->frames.pages[frame] = page;
	replay->frame[page] = frame + 1;
}

static void replay_run(struct replay *replay, uint64_t number, struct step *step)
{
	struct run run = replay->animation->trace->runs[number];
	uint64_t faults, misses;

	replay->evictions.count = 0;
	faults = replay->animation->policy->replay(replay->memory, number, number + 1);
	for (uint64_t i = 0; i < replay->evictions.count; i++)
		leave(replay, replay->evictions.all[i].page);
	if (faults)
		enter(replay, run.page);
	misses = tlb_replay(replay->tlb, number, number + 1, &replay->evictions, NULL,
			    NULL).misses;
	step->page = run.page;
	step->flags = (run.count & RUN_WRITTEN ? WROTE : 0) | (faults ? FAULTED : 0) |
		      (misses ? MISSED : 0);
	step->accesses += run_accesses(run);
	step->faults += faults;
	step->misses += misses;
}

/* ---- What is told of it ---- */

/* Pairs of a place and the page that is now in it, or -1. */
static void write_changes(struct replay *replay, struct places *places, FILE *file)
{
	const char *separator = "";
	uint32_t page;

	putc('[', file);
	for (uint32_t i = 0; i < places->count; i++) {
		page = places->pages[i];
		if (page == places->shown[i])
			continue;
		places->shown[i] = page;
		fprintf(file, "%s%" PRIu32 ",%" PRId64, separator, i,
			page == PAGE_NONE ? -1 : (int64_t)page);
		if (page != PAGE_NONE)
			replay->mentioned[page] = true;
		separator = ",";
	}
	putc(']', file);
}

static void write_step(struct replay *replay, const struct step *step, FILE *file)
{
	replay->mentioned[step->page] = true;
	fprintf(file, "[%" PRIu32 ",%" PRIu32 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",", step->page,
		step->flags, step->accesses, step->faults, step->misses);
	write_changes(replay, &replay->frames, file);
	putc(',', file);
	for (uint32_t i = 0; i < replay->entries.count; i++)
		replay->entries.pages[i] = tlb_page_at(replay->tlb, i);
	write_changes(replay, &replay->entries, file);
	putc(']', file);
}

/* Runs of a step, so that there are not too many. */
static uint64_t runs_of_step(const struct animation *animation)
{
	uint64_t runs = animation->trace->header.runs;

	return runs / animation->steps + (runs % animation->steps != 0);
}

static void write_steps(struct replay *replay, FILE *file)
{
	uint64_t runs = replay->animation->trace->header.runs, from, to, i;
	uint64_t every = runs_of_step(replay->animation);
	struct step step;

	for (from = 0; from < runs && !replay->evictions.failed; from = to) {
		to = runs - from < every ? runs : from + every;
		step = (struct step){ 0 };
		for (i = from; i < to; i++)
			replay_run(replay, i, &step);
		fputs(from ? ",\n" : "\n", file);
		write_step(replay, &step, file);
	}
}

/* The process and, in hexadecimal as it may be too large for a script, the number. */
static void write_pages(const struct replay *replay, FILE *file)
{
	const struct trace *trace = replay->animation->trace;
	const char *separator = "";

	for (uint64_t i = 0; i < trace->header.pages; i++) {
		if (!replay->mentioned[i])
			continue;
		fprintf(file, "%s\"%" PRIu64 "\":[%" PRIu32 ",\"%" PRIx64 "\"]", separator, i,
			trace->pages[i].pid, trace->pages[i].number);
		separator = ",";
	}
}

static bool write_path(const char *path, FILE *file)
{
	size_t length = strlen(path);
	char *quoted = malloc(6 * length + 2);

	if (!quoted)
		return false;
	fwrite(quoted, 1, (size_t)(text_json(quoted, path, length) - quoted), file);
	free(quoted);
	return true;
}

static bool write_data(struct replay *replay, FILE *file)
{
	const struct animation *animation = replay->animation;
	const struct trace_header *header = &animation->trace->header;

	fputs("{\"path\":", file);
	if (!write_path(animation->path, file))
		return false;
	fprintf(file, ",\"policy\":\"%s\",\"frames\":%" PRIu32 ",\"entries\":%" PRIu32
		",\"ways\":%" PRIu32 ",\"levels\":%" PRIu32 ",\"shift\":%" PRIu32
		",\"accesses\":%" PRIu64 ",\"runs\":%" PRIu64 ",\"distinct\":%" PRIu64
		",\"every\":%" PRIu64 ",\"sampled\":%d,\"steps\":[", animation->policy->name, animation->frames,
		animation->tlb.entries, animation->tlb.ways, animation->levels,
		header->page_shift, header->accesses, header->runs, header->pages,
		runs_of_step(animation), header->sampled);
	write_steps(replay, file);
	fputs("],\"pages\":{", file);
	write_pages(replay, file);
	fputs("}}", file);
	return !replay->evictions.failed;
}

bool animation_write(const struct animation *animation, FILE *file)
{
	static const char data[] = "{{data}}";
	const char *at = animation_html, *braces;
	struct replay replay;
	bool good;

	braces = memmem(at, (size_t)(animation_html_end - at), data, strlen(data));
	fwrite(at, 1, (size_t)(braces - at), file);
	good = make_replay(&replay, animation) && write_data(&replay, file);
	at = braces + strlen(data);
	fwrite(at, 1, (size_t)(animation_html_end - at), file);
	free_replay(&replay);
	return good;
}
