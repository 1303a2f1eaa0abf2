// SPDX-License-Identifier: GPL-2.0
/*
 * faultline status: the registered processes, and what the module says of itself.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "command.h"
#include "control.h"
#include "uapi/faultline.h"

enum {
	WORDS_MAX	= 64,
	LINE_MAX_BYTES	= 2048,
};

/**
 * struct shown - a column as people read it
 * @column: its name in the status file
 * @title: above it, with its unit
 * @width: characters
 * @scale: what a number is divided by; 0: it is shown as it is
 */
struct shown {
	const char *column;
	const char *title;
	int width;
	double scale;
};

static const struct shown shown[] = {
	{ "pid", "PID", 8, 0 },
	{ "ppid", "PPID", 8, 0 },
	{ "threads", "THR", 5, 0 },
	{ "minor", "MINOR", 11, 0 },
	{ "major", "MAJOR", 9, 0 },
	{ "cow", "COW", 10, 0 },
	{ "precopied", "PRECOPY", 9, 0 },
	{ "user_ns", "USER s", 10, 1e9 },
	{ "system_ns", "SYSTEM s", 10, 1e9 },
	{ "rss_bytes", "RSS MB", 9, 1 << 20 },
	{ "comm", "COMMAND", 0, 0 },
};

enum { SHOWN = sizeof(shown) / sizeof(shown[0]) };

/* Cuts a line into words; returns how many there are. */
static int split(char *line, char *words[WORDS_MAX])
{
	char *rest, *word = strtok_r(line, " \n", &rest);
	int count = 0;

	while (word && count < WORDS_MAX) {
		words[count++] = word;
		word = strtok_r(NULL, " \n", &rest);
	}
	return count;
}

/* Where each shown column stands in the file, or -1. */
static void find_columns(char *names, int places[SHOWN])
{
	char *words[WORDS_MAX];
	int count = split(names, words);

	for (int i = 0; i < (int)SHOWN; i++) {
		places[i] = -1;
		for (int word = 0; word < count; word++)
			if (strcmp(words[word], shown[i].column) == 0)
				places[i] = word;
	}
}

static void show_word(const struct shown *column, const char *word)
{
	if (!column->width)
		printf("  %s", word);
	else if (column->scale && strcmp(word, "n/a") != 0)
		printf("%*.*f", column->width, column->scale == 1e9 ? 3 : 1,
		       strtod(word, NULL) / column->scale);
	else
		printf("%*s", column->width, word);
}

static void show_line(char *line, const int places[SHOWN])
{
	char *words[WORDS_MAX];
	int count = split(line, words);

	for (int i = 0; i < (int)SHOWN; i++)
		show_word(&shown[i], places[i] >= 0 && places[i] < count ? words[places[i]] : "n/a");
	putchar('\n');
}

static void show_titles(void)
{
	for (int i = 0; i < (int)SHOWN; i++)
		printf(shown[i].width ? "%*s" : "  %*s", shown[i].width, shown[i].title);
	putchar('\n');
}

/* Lines on the module come last in the file: what they say stands below the table. */
static void show(FILE *status)
{
	char line[LINE_MAX_BYTES];
	int places[SHOWN];

	if (!fgets(line, sizeof(line), status))
		return;
	find_columns(line, places);
	show_titles();
	while (fgets(line, sizeof(line), status)) {
		if (*line == '#')
			fputs(line + strspn(line, "# "), stdout);
		else
			show_line(line, places);
	}
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	(void)text;
	return arguments_common(key, state);
}

static const struct argp_option options[] = {
	ARGUMENTS_COMMON,
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Show the registered processes that you may look into, what they did since their "
	       "registration, and what the module says of itself."
	       "\v"
	       "MINOR, MAJOR: faults; COW: pages copied on write; PRECOPY: pages copied ahead of "
	       "their writes; n/a: not counted.  All columns are in " FAULTLINE_STATUS ".  The exit "
	       "status is 0, 1 without the module, or 2 after a bad option.\n\n"
	       "Examples:\n"
	       "  faultline status\n"
	       "  watch -n 1 faultline status\n",
};

/**
 * command_status() - show who is registered
 */
int command_status(int argc, char **argv)
{
	FILE *status;

	arguments_parse(&argp, argc, argv, NULL);
	status = fopen(FAULTLINE_STATUS, "re");
	if (!status) {
		warnx("%s: %s", FAULTLINE_STATUS, control_explain(errno));
		return EXIT_FAILURE;
	}
	show(status);
	fclose(status);
	if (fflush(stdout))
		err(EXIT_FAILURE, "standard output");
	return EXIT_SUCCESS;
}
