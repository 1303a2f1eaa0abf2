// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "costs.h"
#include "timings.h"

const char * const cost_names[COSTS] = { "minor", "major", "cow", "copy", "read" };

void costs_init(struct costs *costs)
{
	for (int i = 0; i < COSTS; i++) {
		costs->ns[i] = NAN;
		costs->constant[i] = false;
	}
}

bool costs_read(struct costs *costs, const char *path)
{
	double ns[COSTS];

	if (!timings_read(path, ns))
		return false;
	for (int i = 0; i < COSTS; i++) {
		if (ns[i] > COSTS_NS_MAX) {
			warnx("%s: %s: expected at most %g ns, not %g", path, cost_names[i], COSTS_NS_MAX,
			      ns[i]);
			return false;
		}
		if (!isnan(ns[i]) && !costs->constant[i])
			costs->ns[i] = ns[i];
	}
	return true;
}

void costs_set(struct costs *costs, const char *text)
{
	size_t length = strcspn(text, ":");
	const char *number = text + length + (text[length] == ':');
	char *end;
	double ns = strtod(number, &end);

	if (*number < '0' || *number > '9' || *end)
		errx(EXIT_USAGE, "cost: expected NAME:NS, such as minor:500, not '%s'", text);
	if (ns > COSTS_NS_MAX)
		errx(EXIT_USAGE, "cost: expected at most %g ns, not '%s'", COSTS_NS_MAX, text);
	for (int i = 0; i < COSTS; i++) {
		if (strlen(cost_names[i]) != length || strncmp(cost_names[i], text, length) != 0)
			continue;
		costs->ns[i] = ns;
		costs->constant[i] = true;
		return;
	}
	errx(EXIT_USAGE, "cost: expected some of minor, major, cow, copy, read, not '%.*s'", (int)length,
	     text);
}

void costs_write(const struct costs *costs, FILE *file)
{
	for (int i = 0; i < COSTS; i++)
		if (isnan(costs->ns[i]))
			fprintf(file, "%s_ns: n/a\n", cost_names[i]);
		else
			fprintf(file, "%s_ns: %.1f\n", cost_names[i], costs->ns[i]);
}

double costs_ns(const struct costs *costs, enum cost cost, uint32_t page_shift)
{
	return costs->constant[cost] || page_shift == COSTS_PAGE_SHIFT ? costs->ns[cost] : NAN;
}

double costs_time(const struct costs *costs, const double counts[COSTS], uint32_t page_shift)
{
	double ns = 0;

	for (int i = 0; i < COSTS; i++)
		if (counts[i] != 0)
			ns += counts[i] * costs_ns(costs, (enum cost)i, page_shift);
	return ns;
}
