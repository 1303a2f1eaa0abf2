// SPDX-License-Identifier: GPL-2.0
/*
 * libfaultline-whatif: the same simulations, without a command line.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "curve.h"
#include "faultline_whatif.h"
#include "loading.h"
#include "simulation.h"

enum { PAGE_BYTES_LEAST = 64 };

static const uint64_t page_bytes_most = 1ULL << 40;

struct faultline_whatif {
	struct trace trace;
};

static _Thread_local char error[WHY_BYTES];

static bool find_format(const char *from, const struct source_format **format)
{
	*format = from ? source_format_called(from) : NULL;
	return *format || !from || why_refuse(error, "from: there is no format '%s'", from);
}

static bool find_shift(uint64_t page_bytes, uint32_t *shift)
{
	*shift = page_bytes ? (uint32_t)__builtin_ctzll(page_bytes) : 0;
	if (!page_bytes || (page_bytes == 1ULL << *shift && page_bytes >= PAGE_BYTES_LEAST &&
			    page_bytes <= page_bytes_most))
		return true;
	return why_refuse(error, "page: expected a power of two from 64 to 1t, not %ju",
			  (uintmax_t)page_bytes);
}

struct faultline_whatif *faultline_whatif_open(const char *path, const char *from,
					       uint64_t page_bytes)
{
	const struct source_format *format;
	struct faultline_whatif *trace;
	uint32_t shift;

	if (!find_format(from, &format) || !find_shift(page_bytes, &shift))
		return NULL;
	trace = malloc(sizeof(*trace));
	if (!trace) {
		why_refuse(error, "memory: %s", strerror(errno));
		return NULL;
	}
	if (loading_trace(&trace->trace, path, format, shift, error))
		return trace;
	free(trace);
	return NULL;
}

uint64_t faultline_whatif_accesses(const struct faultline_whatif *trace)
{
	return trace->trace.header.accesses;
}

uint64_t faultline_whatif_pages(const struct faultline_whatif *trace)
{
	return trace->trace.header.pages;
}

uint64_t faultline_whatif_page_bytes(const struct faultline_whatif *trace)
{
	uint32_t shift = trace->trace.header.page_shift;

	return shift ? 1ULL << shift : 0;
}

bool faultline_whatif_sampled(const struct faultline_whatif *trace)
{
	return trace->trace.header.sampled;
}

const char *faultline_whatif_policy(uint32_t number)
{
	const struct policy *policy = policy_at(number);

	return policy ? policy->name : NULL;
}

bool faultline_whatif_replay(const struct faultline_whatif *trace, const char *policy,
			     uint64_t frames, uint64_t *faults)
{
	struct simulation simulation = {
		.trace = &trace->trace,
		.policy = policy_called(policy),
		.frames = frames,
	};
	uint32_t least;

	if (!simulation.policy)
		return why_refuse(error, "policy: there is none called '%s'", policy);
	least = simulation.policy->frames_least ?: 1;
	if (frames < least)
		return why_refuse(error, "%s: expected at least %u frames, not %ju", policy, least,
				  (uintmax_t)frames);
	if (!simulation_all(&simulation, 1, 1))
		return why_refuse(error, "memory: %s", strerror(errno));
	*faults = (uint64_t)simulation.faults;
	return true;
}

bool faultline_whatif_curve(const struct faultline_whatif *trace, const uint64_t *frames,
			    uint64_t count, uint64_t *faults)
{
	struct distances distances;

	for (uint64_t i = 0; i < count; i++)
		if (!frames[i])
			return why_refuse(error, "frames: expected at least 1");
	if (!curve_make(&distances, &trace->trace, NULL))
		return why_refuse(error, "memory: %s", strerror(ENOMEM));
	for (uint64_t i = 0; i < count; i++)
		faults[i] = distances_faults(&distances, frames[i]);
	distances_free(&distances);
	return true;
}

void faultline_whatif_close(struct faultline_whatif *trace)
{
	trace_close(&trace->trace);
	free(trace);
}

const char *faultline_whatif_error(void)
{
	return error;
}
