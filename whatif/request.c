// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <stdlib.h>

#include "arguments.h"
#include "loading.h"
#include "request.h"

struct request request = { .share = 1 };

static void add_frames(const char *item)
{
	if (request.frames_count == SETTINGS_MAX)
		errx(EXIT_USAGE, "frames: expected at most %d of them", SETTINGS_MAX);
	request.frames[request.frames_count++] = settings_number("frames", item, 1, REQUEST_FRAMES_MAX);
}

static void add_page(const char *item)
{
	if (request.pages_count == REQUEST_PAGES_MAX)
		errx(EXIT_USAGE, "page: expected at most %d of them", REQUEST_PAGES_MAX);
	request.page_shifts[request.pages_count++] = settings_page_shift(item);
}

error_t request_parse(int key, char *text, struct argp_state *state)
{
	switch (key) {
	case 'n':
		settings_each("frames", text, add_frames);
		return 0;
	case 'p':
		settings_each("page", text, add_page);
		return 0;
	case 's':
		request.share = settings_share("sample", text);
		return 0;
	case 'f':
		request.from = source_format_chosen(text);
		return 0;
	case 'F':
		request.format = results_format(text);
		return 0;
	case ARGP_KEY_ARG:
		if (request.path)
			return EINVAL;
		request.path = text;
		return 0;
	case ARGP_KEY_END:
		/* Without one, that which the trace has. */
		if (!request.pages_count)
			request.pages_count = 1;
		return request.path ? 0 : EINVAL;
	default:
		return arguments_common(key, state);
	}
}

/* Read once, with the smallest pages. */
static bool load_traces(void)
{
	uint32_t smallest = 0, i;

	for (i = 1; i < request.pages_count; i++)
		if (request.page_shifts[i] < request.page_shifts[smallest])
			smallest = i;
	if (!loading_trace(&request.traces[smallest], request.path, request.from,
			   request.page_shifts[smallest]))
		return false;
	for (i = 0; i < request.pages_count; i++)
		if (i != smallest && !loading_enlarge(&request.traces[i],
						      &request.traces[smallest],
						      request.page_shifts[i]))
			return false;
	return true;
}

bool request_load(void)
{
	const struct trace *trace;

	if (!load_traces())
		return false;
	for (uint32_t i = 0; request.share < 1 && i < request.pages_count; i++) {
		trace = &request.traces[i];
		if (!sample_init(&request.samples[i], trace, request.share))
			err(EXIT_FAILURE, "memory");
		if (!request.samples[i].pages) {
			warnx("sample: none of %ju pages is in a share of %g",
			      (uintmax_t)trace->header.pages, request.share);
			return false;
		}
	}
	return true;
}

const struct sample *request_sample(uint32_t page)
{
	return request.share < 1 ? &request.samples[page] : NULL;
}

void request_free(void)
{
	for (uint32_t i = 0; i < request.pages_count; i++) {
		sample_free(&request.samples[i]);
		trace_close(&request.traces[i]);
	}
}
