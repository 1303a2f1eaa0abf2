// SPDX-License-Identifier: GPL-2.0
/*
 * faultline-whatif mrc: faults under LRU with any number of frames, in one pass.
 */
#include <err.h>
#include <stdlib.h>

#include "arguments.h"
#include "command.h"
#include "curve.h"
#include "request.h"

static const struct argp_option options[] = {
	REQUEST_OPTIONS,
	ARGUMENTS_COMMON,
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = request_parse,
	.args_doc = "FILE",
	.doc = "The miss-ratio curve of a trace: how many faults it would have under LRU, with any "
	       "number of frames, from one pass over it."
	       "\v"
	       "Without --frames, they are powers of two and as many as there are pages.  With "
	       "--sample it is an estimate, by SHARDS.\n\n"
	       "Examples:\n"
	       "  faultline-whatif mrc ls.trace\n"
	       "  faultline-whatif mrc big.trace --sample=0.01 -F csv > curve.csv\n",
};

static void put(const struct distances *distances, uint32_t page, uint64_t frames)
{
	const struct sample *sample = request_sample(page);

	results_row(&(struct result){
		.policy = "lru",
		.frames = frames,
		.trace = &request.traces[page],
		.share = sample ? sample->share : 1,
		.faults = curve_faults(distances, sample, frames),
	});
}

static void put_curve(uint32_t page)
{
	uint64_t pages = request.traces[page].header.pages, frames;
	struct distances distances;

	if (!curve_make(&distances, &request.traces[page], request_sample(page)))
		err(EXIT_FAILURE, "memory");
	for (uint32_t i = 0; i < request.frames_count; i++)
		put(&distances, page, request.frames[i]);
	if (!request.frames_count) {
		for (frames = 1; frames < pages; frames *= 2)
			put(&distances, page, frames);
		put(&distances, page, pages);
	}
	distances_free(&distances);
}

int command_mrc(int argc, char **argv)
{
	arguments_parse(&argp, argc, argv, NULL);
	if (!request_load())
		return EXIT_FAILURE;
	results_begin(request.format);
	for (uint32_t i = 0; i < request.pages_count; i++)
		put_curve(i);
	request_free();
	return results_end() ? EXIT_SUCCESS : EXIT_FAILURE;
}
