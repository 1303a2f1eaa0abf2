// SPDX-License-Identifier: GPL-2.0
/*
 * faultline-whatif mrc: faults under LRU with any number of frames, in one pass.
 */
#include <err.h>
#include <stdlib.h>

#include "arguments.h"
#include "bounded.h"
#include "command.h"
#include "curve.h"
#include "request.h"
#include "result.h"

/* Frames of 2^48 pages, and as many as there are pages. */
enum { POWERS_MAX = 64 };

/* What only this command is asked for: look at so many pages at most, or 0 for all. */
static uint32_t sample_pages;

static error_t parse(int key, char *text, struct argp_state *state)
{
	switch (key) {
	case 'S':
		sample_pages = (uint32_t)settings_number("sample-pages", text, 1, 1 << 30);
		return 0;
	default:
		return request_parse(key, text, state);
	}
}

static const struct argp_option options[] = {
	{ "sample-pages", 'S', "N", 0, "Look at so many pages at most, in memory for these", 0 },
	REQUEST_OPTIONS,
	ARGUMENTS_COMMON,
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "FILE",
	.doc = "The miss-ratio curve of a trace: how many faults it would have under LRU, with any "
	       "number of frames, from one pass over it."
	       "\v"
	       "Without --frames, they are powers of two and as many as there are pages.  With "
	       "--sample or --sample-pages it is an estimate, by SHARDS.\n\n"
	       "Examples:\n"
	       "  faultline-whatif mrc ls.trace\n"
	       "  faultline-whatif mrc big.trace --sample=0.01 -F csv > curve.csv\n",
};

/* What is asked for, or powers of two and all. */
static uint32_t choose_frames(uint64_t pages, uint64_t *powers, const uint64_t **frames)
{
	uint32_t count = 0;

	*frames = request.frames;
	if (request.frames_count)
		return request.frames_count;
	for (uint64_t power = 1; power < pages; power *= 2)
		powers[count++] = power;
	powers[count++] = pages;
	*frames = powers;
	return count;
}

static void put(uint32_t page, uint64_t frames, double share, double faults)
{
	request_row(&(struct result){
		.policy = "lru",
		.frames = frames,
		.trace = &request.traces[page],
		.share = share,
		.faults = faults,
	});
}

static void put_curve(uint32_t page, const uint64_t *frames, uint32_t count)
{
	const struct sample *sample = request_sample(page);
	struct distances distances;

	if (!curve_make(&distances, &request.traces[page], sample))
		err(EXIT_FAILURE, "memory");
	for (uint32_t i = 0; i < count; i++)
		put(page, frames[i], sample ? sample->share : 1,
		    curve_faults(&distances, sample, frames[i]));
	distances_free(&distances);
}

static void put_bounded(uint32_t page, const uint64_t *frames, uint32_t count)
{
	const struct trace *trace = &request.traces[page];
	struct bounded bounded;

	if (!bounded_init(&bounded, sample_pages < trace->header.pages ? sample_pages :
			  (uint32_t)trace->header.pages, frames, count))
		err(EXIT_FAILURE, "memory");
	bounded_make(&bounded, trace);
	for (uint32_t i = 0; i < count; i++)
		put(page, frames[i], bounded.share, bounded_faults(&bounded, frames[i]));
	bounded_free(&bounded);
}

int command_mrc(int argc, char **argv)
{
	uint64_t powers[POWERS_MAX];
	const uint64_t *frames;
	uint32_t count;

	arguments_parse(&argp, argc, argv, NULL);
	if (sample_pages && request.share < 1)
		errx(EXIT_USAGE, "sample-pages: expected no --sample, which says how many");
	if (!request_load())
		return EXIT_FAILURE;
	results_begin(request.format, result_columns, request_columns());
	for (uint32_t i = 0; i < request.pages_count; i++) {
		count = choose_frames(request.traces[i].header.pages, powers, &frames);
		if (sample_pages)
			put_bounded(i, frames, count);
		else
			put_curve(i, frames, count);
	}
	request_free();
	return results_end() ? EXIT_SUCCESS : EXIT_FAILURE;
}
