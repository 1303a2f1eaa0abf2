// SPDX-License-Identifier: GPL-2.0
/*
 * faultline-whatif animate: a page of HTML that shows a trace being replayed.
 */
#include <err.h>
#include <stdlib.h>

#include "animation.h"
#include "arguments.h"
#include "command.h"
#include "replacement.h"
#include "request.h"
#include "settings.h"

enum { LEVELS_MAX = 5, LEVELS_USUAL = 4 };

static struct animation animation = {
	.policy = &policy_lru,
	.frames = 16,
	.tlb = { 16, 4 },
	.steps = 1000,
};

/* Of the page tables, or 0 if nobody says. */
static uint32_t levels;

/* The file to write, or NULL for standard output. */
static const char *output;

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
	switch (key) {
	case 'n':
		animation.frames = (uint32_t)settings_number("frames", text, 1,
							     ANIMATION_FRAMES_MAX);
		return 0;
	case 'P':
		animation.policy = choose_policy(text);
		return 0;
	case 'p':
		request.page_shifts[0] = settings_page_shift(text);
		return 0;
	case 't':
		animation.tlb = choose_tlb(text);
		return 0;
	case 'T':
		levels = (uint32_t)settings_number("table", text, 1, LEVELS_MAX);
		return 0;
	case 'S':
		animation.steps = settings_number("steps", text, 1, ANIMATION_STEPS_MAX);
		return 0;
	case 'o':
		output = text;
		return 0;
	default:
		return request_parse(key, text, state);
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
static bool choose_levels(void)
{
	uint32_t shift = animation.trace->header.page_shift;
	uint32_t chosen = levels ?: LEVELS_USUAL;

	if (page_table_fits(PAGE_TABLE_LEVELS_1 + chosen - 1, shift)) {
		animation.levels = chosen;
		return true;
	}
	if (levels)
		warnx("table: %u cannot have pages of %ju bytes", levels,
		      shift ? (uintmax_t)1 << shift : 0);
	return !levels;
}

static bool write_page(int fd, const char *name)
{
	FILE *file = fdopen(fd, "w");
	bool good;

	if (!file)
		err(EXIT_FAILURE, "%s", name);
	good = animation_write(&animation, file);
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
	struct replacement out;
	bool good;

	arguments_parse(&argp, argc, argv, NULL);
	if (animation.frames < animation.policy->frames_least)
		errx(EXIT_USAGE, "%s: expected at least %u frames, not %u", animation.policy->name,
		     animation.policy->frames_least, animation.frames);
	if (!request_load())
		return EXIT_FAILURE;
	animation.path = request.path;
	animation.trace = &request.traces[0];
	if (!choose_levels())
		return EXIT_FAILURE;
	if (!replacement_begin(&out, output, 0666))
		err(EXIT_FAILURE, "%s", output);
	good = write_page(out.fd, output ?: "standard output");
	if (!replacement_end(&out, good))
		err(EXIT_FAILURE, "%s", output);
	request_free();
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
