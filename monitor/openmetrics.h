/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Groups and what else is counted, as text that Prometheus reads.
 */
#ifndef OPENMETRICS_H
#define OPENMETRICS_H

#include <stddef.h>
#include <stdint.h>

#include "groups.h"
#include "durations.h"

enum openmetrics_dialect {
	OPENMETRICS_1_0,	/* OpenMetrics 1.0 */
	OPENMETRICS_CLASSIC,	/* Prometheus's text format 0.0.4, from before there was that */
	OPENMETRICS_DIALECTS,
};

/**
 * struct openmetrics - what there is to tell
 * @groups: by command name
 * @lost: records that nobody has read
 * @ticks_missed: sampling ticks that the module missed
 * @times: of all processes, by enum histogram_measure; none is known where they are unasked for
 */
struct openmetrics {
	const struct groups *groups;
	uint64_t lost;
	uint64_t ticks_missed;
	struct durations times[HISTOGRAM_MEASURES];
};

/**
 * openmetrics_render() - all of it as text
 * @metrics: what to tell
 * @dialect: how
 * @bytes: length of the text
 *
 * Return: the text, for free(3); NULL without memory.
 */
char *openmetrics_render(const struct openmetrics *metrics, enum openmetrics_dialect dialect,
			 size_t *bytes);

#endif /* OPENMETRICS_H */
