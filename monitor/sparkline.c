// SPDX-License-Identifier: GPL-2.0
#include <math.h>
#include <string.h>

#include "sparkline.h"

enum { LEVELS = 8 };

static const char * const blocks[LEVELS] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
static const char * const ascii[LEVELS] = { "_", ".", ":", "-", "=", "+", "*", "#" };

/* The mean of what is known of some seconds, or NAN. */
static double mean(const struct rates_process *process, enum rate rate, uint64_t from,
		   uint64_t to)
{
	double count, sum = 0;
	int known = 0;

	for (uint64_t second = from; second < to; second++) {
		count = rates_in_second(process, rate, second);
		if (isnan(count))
			continue;
		sum += count;
		known++;
	}
	return known ? sum / known : NAN;
}

/* None at all is the lowest level, and only that. */
static int level(double value, double most)
{
	return value > 0 ? 1 + (int)(value / most * (LEVELS - 2) + 0.5) : 0;
}

/*
 * Cells begin at multiples of their length: what has been drawn moves and does not
 * change any more.
 */
void sparkline_draw(char *text, const struct rates_process *process, enum rate rate,
		    uint64_t now_s, unsigned int cells, bool utf8)
{
	uint64_t length = RATES_SECONDS / cells;
	uint64_t end = (now_s + length - 1) / length * length;
	double values[RATES_SECONDS], most = 0;

	for (unsigned int i = 0; i < cells; i++) {
		uint64_t back = (cells - i) * length;
		uint64_t from = end > back ? end - back : 0;
		uint64_t to = from + length < now_s ? from + length : now_s;

		values[i] = mean(process, rate, from, to);
		if (values[i] > most)
			most = values[i];
	}
	for (unsigned int i = 0; i < cells; i++) {
		const char *cell = isnan(values[i]) ? " " :
				   (utf8 ? blocks : ascii)[level(values[i], most)];

		text = stpcpy(text, cell);
	}
}
