// SPDX-License-Identifier: GPL-2.0
/*
 * faultline report: what a recording tells, as text, as a page, or in another format.
 */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arguments.h"
#include "command.h"
#include "companion.h"
#include "replacement.h"
#include "report.h"
#include "writer.h"

enum {
	REPORT_PNG = 256, /* beyond characters: long options only */
	REPORT_SALVAGE,
};

/**
 * struct request - what the command line asks for
 * @path: the recording
 * @output: the file to write, NULL for standard output
 * @format: what to convert it to, or NULL
 * @png: the figure to draw, or NULL
 * @salvage: take what stands before a damage
 */
struct request {
	const char *path;
	const char *output;
	const struct format *format;
	const char *png;
	bool salvage;
};

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct request *request = state->input;

	switch (key) {
	case 'o':
		request->output = text;
		return 0;
	case 'F':
		request->format = format_chosen(text);
		return 0;
	case REPORT_PNG:
		request->png = text;
		return 0;
	case REPORT_SALVAGE:
		request->salvage = true;
		return 0;
	case ARGP_KEY_ARG:
		if (request->path)
			return EINVAL;
		request->path = text;
		return 0;
	case ARGP_KEY_END:
		return request->path ? 0 : EINVAL;
	default:
		return arguments_common(key, state);
	}
}

static const struct argp_option options[] = {
	{ "output", 'o', "FILE", 0, "Write a page for a browser, or what -F says", 0 },
	{ "format", 'F', "FORMAT", 0, "Convert to dat, csv, json, chrome-trace, classic ...", 0 },
	{ "png", REPORT_PNG, "FILE", 0, "Draw the timelines, by python3-matplotlib", 0 },
	{ "salvage", REPORT_SALVAGE, NULL, 0, "Take what is whole of a damaged recording", 0 },
	ARGUMENTS_COMMON,
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "<profile.dat>",
	.doc = "Say what a recording tells: a summary of its processes, a page with timelines, "
	       "or its records in another format."
	       "\v"
	       "- is standard input, or output.  A file is replaced when the new one is whole.  "
	       "The exit status is 0, 1 if the recording is damaged or there is no room for what "
	       "is to be written, or 2 after a bad option.\n\n"
	       "Examples:\n"
	       "  faultline report profile.dat                  a summary\n"
	       "  faultline report -o report.html profile.dat   a page\n"
	       "  faultline report -F csv profile.dat > a.csv   another format\n"
	       "  faultline report --salvage cut.dat            of what is left\n",
};

/* Says what is damaged; is there something to go on with? */
static bool tell_damage(const struct recording *recording, const struct request *request)
{
	if (!*recording->why)
		return true;
	warnx("%s", recording->why);
	return request->salvage;
}

/* ---- Another format ---- */

static bool convert(struct recording *recording, const struct request *request, int fd)
{
	struct faultline_record record;
	struct writer writer;
	bool good;

	writer_begin(&writer, request->format, fd, &recording->origin);
	while (!writer.output.error && recording_next(recording, &record))
		writer_record(&writer, &record, recording->lost);
	good = tell_damage(recording, request);
	if (!good) {
		/* What lacks its end is to be seen to lack it. */
		writer_flush(&writer);
		writer.output.error = EPIPE;
	}
	writer_end(&writer, recording->lost);
	if (writer.output.error && writer.output.error != EPIPE)
		warnx("%s: %s", request->output ?: "standard output",
		      strerror(writer.output.error));
	return good && (!writer.output.error || writer.output.error == EPIPE);
}

/* ---- Text and page ---- */

static void sum_up(struct report *report)
{
	struct timeline *timeline = &report->timeline;

	report->total.first.time_ns = timeline->start_ns;
	report->total.last.time_ns = timeline->end_ns;
	report->total.last.flags = timeline->count ? UINT32_MAX : 0;
	for (size_t i = 0; i < timeline->count; i++)
		columns_add(&report->total.last, &timeline->processes[i].last);
}

static bool read_run(struct report *report, struct recording *recording,
		     const struct request *request)
{
	struct faultline_record record;
	bool good = true;

	*report = (struct report){ .recording = recording };
	timeline_begin(&report->timeline);
	while (good && recording_next(recording, &record))
		good = timeline_add(&report->timeline, &record);
	if (!good || !timeline_end(&report->timeline)) {
		warn("%s", recording->path);
		return false;
	}
	sum_up(report);
	return tell_damage(recording, request);
}

static bool write_report(const struct report *report, int fd,
			 void (*write)(const struct report *report, FILE *file))
{
	FILE *file = fdopen(dup(fd), "w");
	bool good;

	if (!file)
		return false;
	write(report, file);
	good = !ferror(file) && !fflush(file);
	return !fclose(file) && good;
}

static bool tell(struct recording *recording, const struct request *request, int fd)
{
	struct report report;
	bool good = read_run(&report, recording, request);

	if (good && !write_report(&report, fd, request->output ? report_page : report_text)) {
		warn("%s", request->output ?: "standard output");
		good = false;
	}
	timeline_free(&report.timeline);
	return good;
}

/* ---- A figure ---- */

static int draw(const struct request *request)
{
	static const char * const folders[] = { "../case_studies", "../../case_studies",
						"../share/faultline", NULL };
	char script[PATH_MAX];

	companion_find(folders, "timelines.py", script);
	execl(script, script, "-o", request->png, request->path, NULL);
	err(EXIT_FAILURE, "%s", script);
}

/**
 * command_report() - read a recording, say what it tells
 */
int command_report(int argc, char **argv)
{
	struct request request = { 0 };
	struct replacement replacement;
	struct recording recording;
	bool good;

	arguments_parse(&argp, argc, argv, &request);
	if (request.png)
		return draw(&request);
	signal(SIGPIPE, SIG_IGN);
	if (!recording_open(&recording, request.path))
		errx(EXIT_FAILURE, "%s", recording.why);
	if (!replacement_begin(&replacement, request.output, 0666))
		err(EXIT_FAILURE, "%s", request.output);
	good = request.format ? convert(&recording, &request, replacement.fd) :
				tell(&recording, &request, replacement.fd);
	if (!replacement_end(&replacement, good)) {
		warn("%s", request.output);
		good = false;
	}
	recording_close(&recording);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
