// SPDX-License-Identifier: GPL-2.0
/*
 * faultline-whatif gen: accesses of a known pattern, as text or compiled.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "arguments.h"
#include "command.h"
#include "compiler.h"
#include "patterns.h"
#include "progress.h"
#include "replacement.h"
#include "settings.h"

enum { PAGE_SHIFT = 12 };

static_assert(1 << PAGE_SHIFT == PATTERNS_PAGE, "its compiled trace has these pages");

/**
 * struct request - what the command line asks for
 * @pattern: what is made
 * @pages: how many
 * @accesses: how many
 * @seed: of the random numbers
 * @out: compiled trace to write, or NULL for text on standard output
 */
struct request {
	const struct pattern *pattern;
	uint64_t pages;
	uint64_t accesses;
	uint64_t seed;
	const char *out;
};

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct request *request = state->input;

	switch (key) {
	case 'n':
		request->pages = settings_number("pages", text, 1, UINT32_MAX);
		return 0;
	case 'a':
		request->accesses = settings_number("accesses", text, 1, 1ULL << 48);
		return 0;
	case 's':
		request->seed = settings_number("seed", text, 0, UINT64_MAX);
		return 0;
	case 'o':
		request->out = text;
		return 0;
	case ARGP_KEY_ARG:
		if (request->pattern)
			return EINVAL;
		request->pattern = patterns_chosen(text);
		return 0;
	case ARGP_KEY_END:
		return request->pattern ? 0 : EINVAL;
	default:
		return arguments_common(key, state);
	}
}

static const struct argp_option options[] = {
	{ "pages", 'n', "N", 0, "Of so many pages of 4 KB (1024)", 0 },
	{ "accesses", 'a', "N", 0, "So many (100000)", 0 },
	{ "seed", 's', "N", 0, "Others for another seed (1)", 0 },
	{ "output", 'o', "FILE", 0, "Write a compiled trace instead of text", 0 },
	ARGUMENTS_COMMON,
	{ 0 }
};

/* What argp shows behind the options. */
static char *add_patterns(int key, const char *text, void *unused)
{
	const struct pattern *pattern;
	char *all = NULL;
	size_t bytes;
	FILE *help;

	(void)unused;
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)text;
	help = open_memstream(&all, &bytes);
	if (!help)
		return (char *)text;
	fputs("Patterns:\n", help);
	for (unsigned int i = 0; (pattern = patterns_at(i)); i++)
		fprintf(help, "  %-12s %s\n", pattern->name, pattern->about);
	fprintf(help, "\n%s", text);
	fclose(help);
	return all;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "PATTERN",
	.doc = "Make accesses to memory of a known pattern."
	       "\v"
	       "Text has a line 'pid R|W address' for each, and 'pid F child' and 'pid X' where a "
	       "process forks and exits.\n\n"
	       "Examples:\n"
	       "  faultline-whatif gen zipf > zipf.txt\n"
	       "  faultline-whatif gen zipf --pages=1m --accesses=100m -o zipf.trace\n",
	.help_filter = add_patterns,
};

static bool put_event(const struct event *event)
{
	if (event->kind == EVENT_FORK)
		return printf("%u F %u\n", event->pid, event->other) > 0;
	return printf("%u X\n", event->pid) > 0;
}

static int write_text(struct generator *generator)
{
	struct access access;

	while (patterns_next(generator, &access))
		if (access.event.kind != EVENT_NONE ? !put_event(&access.event) :
		    printf("%u %c 0x%jx\n", access.pid, access.write ? 'W' : 'R',
			   (uintmax_t)access.address) < 0)
			break;
	if (fflush(stdout) || ferror(stdout))
		err(EXIT_FAILURE, "standard output");
	return EXIT_SUCCESS;
}

static bool compile_all(struct generator *generator, int fd)
{
	static struct compiler compiler;
	struct access access;

	if (!compiler_begin(&compiler, fd, PAGE_SHIFT))
		return false;
	while (patterns_next(generator, &access)) {
		if (!compiler_add(&compiler, &access)) {
			compiler_abandon(&compiler);
			return false;
		}
		progress_add(access.event.kind == EVENT_NONE);
	}
	return compiler_end(&compiler);
}

static int write_compiled(struct generator *generator, const char *path)
{
	struct replacement out;
	bool good;

	if (!replacement_begin(&out, path, 0666))
		err(EXIT_FAILURE, "%s", path);
	progress_begin("accesses", generator->count);
	good = compile_all(generator, out.fd);
	progress_end();
	if (!good)
		warn("%s", path);
	if (!replacement_end(&out, good))
		err(EXIT_FAILURE, "%s", path);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int command_gen(int argc, char **argv)
{
	struct request request = { .pages = 1024, .accesses = 100000, .seed = 1 };
	struct generator generator;

	arguments_parse(&argp, argc, argv, &request);
	patterns_begin(&generator, request.pattern, request.pages, request.accesses,
		       request.seed);
	return request.out ? write_compiled(&generator, request.out) : write_text(&generator);
}
