// SPDX-License-Identifier: GPL-2.0
/*
 * faultline-whatif animate: a page of HTML that shows a trace being replayed.
 */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "animation.h"
#include "arguments.h"
#include "command.h"
#include "loading.h"
#include "replacement.h"
#include "settings.h"

enum { LEVELS_MAX = 5, LEVELS_USUAL = 4 };

/**
 * struct request - what the command line asks for
 * @animation: what is shown
 * @format: what the trace is written in, or NULL to see by itself
 * @page_shift: log2 of the page size, or 0 for that which the file has, or 4 KB
 * @levels: of the page tables, or 0 if nobody says
 * @out: the file to write, or NULL for standard output
 */
struct request {
	struct animation animation;
	const struct source_format *format;
	uint32_t page_shift;
	uint32_t levels;
	const char *out;
};

static const struct policy *choose_policy(const char *name)
{
	const struct policy *policy = policy_called(name);

	if (!policy)
		errx(EXIT_USAGE, "policy: expected one of %s, not '%s'", policy_names(), name);
	return policy;
}

static struct tlb_shape choose_tlb(const char *text)
{
	struct tlb_shape shape = settings_tlb(text);

	if (shape.entries > ANIMATION_ENTRIES_MAX)
		errx(EXIT_USAGE, "tlb: expected at most %d entries, as each is drawn, not '%s'",
		     ANIMATION_ENTRIES_MAX, text);
	return shape;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct request *request = state->input;
	struct animation *animation = &request->animation;

	switch (key) {
	case 'n':
		animation->frames = (uint32_t)settings_number("frames", text, 1,
							      ANIMATION_FRAMES_MAX);
		return 0;
	case 'P':
		animation->policy = choose_policy(text);
		return 0;
	case 'p':
		request->page_shift = settings_page_shift(text);
		return 0;
	case 't':
		animation->tlb = choose_tlb(text);
		return 0;
	case 'T':
		request->levels = (uint32_t)settings_number("table", text, 1, LEVELS_MAX);
		return 0;
	case 'S':
		animation->steps = settings_number("steps", text, 1, ANIMATION_STEPS_MAX);
		return 0;
	case 'f':
		request->format = source_format_chosen(text);
		return 0;
	case 'o':
		request->out = text;
		return 0;
	case ARGP_KEY_ARG:
		if (animation->path)
			return EINVAL;
		animation->path = text;
		return 0;
	case ARGP_KEY_END:
		return animation->path ? 0 : EINVAL;
	default:
		return arguments_common(key, state);
	}
}

static const struct argp_option options[] = {
	{ "frames", 'n', "N", 0, "Physical memory, in pages (16)", 0 },
	{ "policy", 'P', "NAME", 0, "Who goes when it is full (lru)", 0 },
	{ "page", 'p', "SIZE", 0, "Page size (that of a compiled trace, or 4k)", 0 },
	{ "tlb", 't', "SHAPE", 0, "A TLB of ENTRIESxWAYS (16x4)", 0 },
	{ "table", 'T', "LEVELS", 0, "Page tables of 1 to 5 levels (4)", 0 },
	{ "steps", 'S', "N", 0, "So many steps at most (1000)", 0 },
	SOURCE_FORMAT_OPTION,
	{ "output", 'o', "FILE", 0, "Write this file (standard output)", 0 },
	ARGUMENTS_COMMON,
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "FILE",
	.doc = "Make a page of HTML that shows a trace being replayed: page tables, TLB and "
	       "frames, step by step."
	       "\v"
	       "The page needs nothing but a browser.  A trace of more runs of accesses than there "
	       "are steps has several of them in each step, and the page says so; what it counts is "
	       "all of them.\n\n"
	       "Examples:\n"
	       "  faultline-whatif animate ls.trace -o ls.html\n"
	       "  faultline-whatif animate ls.trace -n 32 -P clock -t 8x2 -o ls.html\n",
};

/* The levels that a walk passes, or none where there can be no page tables. */
static bool choose_levels(struct request *request)
{
	uint32_t shift = request->animation.trace->header.page_shift;
	uint32_t levels = request->levels ?: LEVELS_USUAL;

	if (page_table_fits(PAGE_TABLE_LEVELS_1 + levels - 1, shift)) {
		request->animation.levels = levels;
		return true;
	}
	if (request->levels)
		warnx("table: %u cannot have pages of %ju bytes", levels,
		      shift ? (uintmax_t)1 << shift : 0);
	return !request->levels;
}

static bool write_page(const struct animation *animation, int fd, const char *name)
{
	FILE *file = fdopen(fd, "w");
	bool good;

	if (!file)
		err(EXIT_FAILURE, "%s", name);
	good = animation_write(animation, file);
	if (!good) {
		warn("memory");
	} else if (fflush(file) || ferror(file)) {
		warn("%s", name);
		good = false;
	}
	return good;
}

int command_animate(int argc, char **argv)
{
	struct request request = {
		.animation = {
			.policy = &policy_lru,
			.frames = 16,
			.tlb = { 16, 4 },
			.steps = 1000,
		},
	};
	char why[WHY_BYTES];
	struct replacement out;
	struct trace trace;
	bool good;

	arguments_parse(&argp, argc, argv, &request);
	if (request.animation.frames < request.animation.policy->frames_least)
		errx(EXIT_USAGE, "%s: expected at least %u frames, not %u",
		     request.animation.policy->name, request.animation.policy->frames_least,
		     request.animation.frames);
	if (!loading_trace(&trace, request.animation.path, request.format, request.page_shift, why))
		errx(EXIT_FAILURE, "%s", why);
	request.animation.trace = &trace;
	if (!choose_levels(&request))
		return EXIT_FAILURE;
	if (!replacement_begin(&out, request.out, 0666))
		err(EXIT_FAILURE, "%s", request.out);
	good = write_page(&request.animation, out.fd, request.out ?: "standard output");
	if (!replacement_end(&out, good))
		err(EXIT_FAILURE, "%s", request.out);
	trace_close(&trace);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
