// SPDX-License-Identifier: GPL-2.0
/*
 * faultline-whatif faults: what a fault trace answers.
 */
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "command.h"
#include "fault_questions.h"
#include "fault_trace.h"
#include "request.h"
#include "results.h"
#include "settings.h"

enum { QUESTIONS_MAX = 256 };

/**
 * enum subject - what is asked about
 * @PAGE: larger pages
 * @COW: copies of larger pieces
 * @AROUND: pages that are mapped around a fault on a file
 * @PRECOPY: pages that are copied behind one that was
 */
enum subject { PAGE, COW, AROUND, PRECOPY };

static const char * const subjects[] = { "page", "cow", "fault_around", "precopy" };

/**
 * struct question - one, and a row of results
 * @subject: what about
 * @known: the trace answers it
 * @setting: log2 of a size, or a number of pages
 * @answer: how
 */
struct question {
	enum subject subject;
	bool known;
	uint64_t setting;
	struct fault_answer answer;
};

static struct question questions[QUESTIONS_MAX];
static uint32_t questions_count;

static void ask(enum subject subject, uint64_t setting)
{
	if (questions_count == QUESTIONS_MAX)
		errx(EXIT_USAGE, "expected at most %d questions", QUESTIONS_MAX);
	questions[questions_count++] = (struct question){ .subject = subject, .setting = setting };
}

static void add_page(const char *item)
{
	ask(PAGE, settings_page_shift(item));
}

static void add_cow(const char *item)
{
	ask(COW, settings_page_shift(item));
}

/* 0 is none around, and so is 1. */
static void add_around(const char *item)
{
	uint64_t pages = settings_number("fault-around", item, 0, 512) ?: 1;

	if (pages & (pages - 1))
		errx(EXIT_USAGE, "fault-around: expected 0 or a power of two up to 512, not '%s'",
		     item);
	ask(AROUND, pages);
}

static void add_precopy(const char *item)
{
	ask(PRECOPY, settings_number("precopy", item, 0, 1 << 16));
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	switch (key) {
	case 'p':
		settings_each("page", text, add_page);
		return 0;
	case 'c':
		settings_each("cow", text, add_cow);
		return 0;
	case 'a':
		settings_each("fault-around", text, add_around);
		return 0;
	case 'd':
		settings_each("precopy", text, add_precopy);
		return 0;
	case ARGP_KEY_END:
		if (request.path && !questions_count)
			errx(EXIT_USAGE, "expected a question, such as --page=64k,2m");
		break;
	}
	return request_parse(key, text, state);
}

static const struct argp_option options[] = {
	{ "page", 'p', "LIST", 0, "First touches with pages of these sizes", 0 },
	{ "fault-around", 'a', "LIST", 0, "First touches with so many pages of a file mapped "
	  "around each", 0 },
	{ "cow", 'c', "LIST", 0, "Copies of pieces of these sizes", 0 },
	{ "precopy", 'd', "LIST", 0, "Copies with so many pages copied behind each", 0 },
	REQUEST_FORMAT_OPTION,
	ARGUMENTS_COMMON,
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "FILE",
	.doc = "What a fault trace answers: how many faults would there have been with other pages, "
	       "and with pages mapped or copied ahead?"
	       "\v"
	       "FILE is what faultline record --faults writes; - is standard input.  A row is exact "
	       "where least and most are the same, and else faults is what it comes to if memory that is "
	       "mapped or copied again had gone altogether.  The exit status is 0, 1 if the trace "
	       "is damaged, or 2 after a bad option.\n\n"
	       "Examples:\n"
	       "  faultline record --faults -c -o make.faults -- make\n"
	       "  faultline-whatif faults make.faults --page=4k,64k,2m --fault-around=0,16,64\n"
	       "  faultline-whatif faults make.faults --cow=4k,2m --precopy=0,4,16,64 -F csv\n",
};

static void write_question(const void *of, char *value)
{
	const struct question *question = of;

	strcpy(value, subjects[question->subject]);
}

static void write_setting(const void *of, char *value)
{
	const struct question *question = of;

	if (question->subject == PAGE || question->subject == COW)
		settings_size(1ULL << question->setting, value);
	else
		snprintf(value, RESULTS_VALUE_BYTES, "%" PRIu64, question->setting);
}

static void put(char *value, bool known, uint64_t number)
{
	if (known)
		snprintf(value, RESULTS_VALUE_BYTES, "%" PRIu64, number);
	else
		strcpy(value, "n/a");
}

static void write_faults(const void *of, char *value)
{
	const struct question *question = of;

	put(value, question->known, question->answer.faults);
}

static void write_least(const void *of, char *value)
{
	const struct question *question = of;

	put(value, question->known, question->answer.least);
}

static void write_most(const void *of, char *value)
{
	const struct question *question = of;

	put(value, question->known, question->answer.most);
}

static void write_bytes(const void *of, char *value)
{
	const struct question *question = of;

	put(value, question->known && question->subject != AROUND, question->answer.bytes);
}

static void write_wasted(const void *of, char *value)
{
	const struct question *question = of;

	put(value, question->known && question->subject == PRECOPY, question->answer.wasted);
}

static const struct results_column columns[] = {
	{ "question", -12, true, 0, write_question },
	{ "setting", 8, true, 0, write_setting },
	{ "faults", 12, false, 0, write_faults },
	{ "least", 12, false, 0, write_least },
	{ "most", 12, false, 0, write_most },
	{ "bytes", 16, false, 0, write_bytes },
	{ "wasted_most", 12, false, 0, write_wasted },
	{ 0 }
};

/* Of what only the trace tells. */
static bool check_pages(const struct fault_trace *trace)
{
	for (uint32_t i = 0; i < questions_count; i++) {
		if (questions[i].subject > COW || questions[i].setting >= trace->page_shift)
			continue;
		warnx("%s: %s: recorded with pages of %ju bytes, which cannot become smaller",
		      request.path, subjects[questions[i].subject], (uintmax_t)1 << trace->page_shift);
		return false;
	}
	return true;
}

static void warn_of_losses(const struct fault_trace *trace)
{
	if (trace->lost_unknown)
		warnx("%s: nobody knows how many faults are not in it: at least %ju",
		      request.path, (uintmax_t)trace->lost);
	else if (trace->lost)
		warnx("%s: %ju faults are not in it", request.path, (uintmax_t)trace->lost);
}

/* Where copies were not counted, they look like first touches. */
static void answer(struct question *question, const struct fault_trace *trace)
{
	switch (question->subject) {
	case PAGE:
		question->known = trace->copies_known;
		question->answer = fault_questions_page(trace, FAULT_FIRST,
							(uint32_t)question->setting);
		break;
	case COW:
		question->known = trace->copies_known;
		question->answer = fault_questions_page(trace, FAULT_COPY,
							(uint32_t)question->setting);
		break;
	case AROUND:
		/* What was mapped around a fault did not fault, and is not in the trace. */
		question->known = trace->copies_known && trace->around && question->setting >= trace->around;
		question->answer = fault_questions_around(trace, question->setting);
		break;
	case PRECOPY:
		question->known = trace->copies_known;
		question->answer = fault_questions_precopy(trace, question->setting);
		break;
	}
}

int command_faults(int argc, char **argv)
{
	struct fault_trace trace;
	bool good;

	arguments_parse(&argp, argc, argv, NULL);
	if (!fault_trace_read(&trace, request.path))
		return EXIT_FAILURE;
	good = check_pages(&trace);
	if (good) {
		warn_of_losses(&trace);
		for (uint32_t i = 0; i < questions_count; i++)
			answer(&questions[i], &trace);
		results_begin(request.format, columns, 0);
		for (uint32_t i = 0; i < questions_count; i++)
			results_row(&questions[i]);
		good = results_end();
	}
	fault_trace_free(&trace);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
