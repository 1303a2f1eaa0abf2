// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "settings.h"
#include "source.h"

static const char units[] = "kmgt";

static bool read_number(const char *text, uint64_t *number)
{
	const char *at = text, *end = text + strlen(text), *unit;

	if (!source_number(&at, end, 10, number))
		return false;
	unit = *at ? strchr(units, *at | 0x20) : NULL;
	for (; unit && unit >= units; unit--)
		if (__builtin_mul_overflow(*number, 1024, number))
			return false;
	return !*at || (strchr(units, *at | 0x20) && !at[1]);
}

uint64_t settings_number(const char *name, const char *text, uint64_t min, uint64_t max)
{
	uint64_t number;

	if (!read_number(text, &number) || number < min || number > max)
		errx(EXIT_USAGE, "%s: expected a whole number from %ju to %ju, not '%s'", name,
		     (uintmax_t)min, (uintmax_t)max, text);
	return number;
}

double settings_share(const char *name, const char *text)
{
	char *end;
	double share = strtod(text, &end);

	if (end == text || text[strspn(text, "0123456789.")] || *end || !(share > 0) || share > 1)
		errx(EXIT_USAGE, "%s: expected more than 0 and at most 1, not '%s'", name, text);
	return share;
}

uint32_t settings_page_shift(const char *text)
{
	uint64_t bytes;

	if (!read_number(text, &bytes) || bytes < 64 || bytes > 1ULL << 40 ||
	    (bytes & (bytes - 1)))
		errx(EXIT_USAGE, "page: expected a power of two from 64 to 1t, not '%s'", text);
	return (uint32_t)__builtin_ctzll(bytes);
}

struct tlb_shape settings_tlb(const char *text)
{
	const char *at = text, *end = text + strlen(text);
	uint64_t entries, ways, sets;

	if (!source_number(&at, end, 10, &entries) || !source_skips(&at, end, "x") ||
	    !source_number(&at, end, 10, &ways) || at != end)
		errx(EXIT_USAGE, "tlb: expected ENTRIESxWAYS, such as 64x4, not '%s'", text);
	sets = ways ? entries / ways : 0;
	if (!sets || entries > TLB_ENTRIES_MAX || sets * ways != entries || (sets & (sets - 1)))
		errx(EXIT_USAGE, "tlb: expected 1 to %d entries, whose sets are a power of two, "
		     "not '%s'", TLB_ENTRIES_MAX, text);
	return (struct tlb_shape){ (uint32_t)entries, (uint32_t)ways };
}

struct nodes_shape settings_nodes(const char *text)
{
	const char *at = text, *end = text + strlen(text);
	struct nodes_shape shape = { 0 };
	uint64_t count, migrate = 0;
	bool good;

	good = source_number(&at, end, 10, &count) && count && count <= NODES_MAX;
	shape.interleave = source_skips(&at, end, ":interleave");
	if ((shape.interleave || source_skips(&at, end, ":first")) && source_skips(&at, end, ":"))
		good = good && source_number(&at, end, 10, &migrate) && migrate &&
		       migrate <= NODES_MIGRATE_MAX;
	if (!good || at != end)
		errx(EXIT_USAGE, "nodes: expected 1 to %d nodes, first or interleave, and after how many "
		     "accesses a frame migrates, such as 2:first:4, not '%s'", NODES_MAX, text);
	shape.count = (uint32_t)count;
	shape.migrate = (uint32_t)migrate;
	return shape;
}

const char *settings_nodes_text(struct nodes_shape shape, char *text)
{
	int length = snprintf(text, SETTINGS_SIZE_BYTES, "%u:%s", shape.count,
			      shape.interleave ? "interleave" : "first");

	if (shape.migrate)
		snprintf(text + length, SETTINGS_SIZE_BYTES - (size_t)length, ":%u", shape.migrate);
	return text;
}

const char *settings_size(uint64_t number, char *text)
{
	int unit = -1;

	while (unit < 3 && number && number % 1024 == 0) {
		number /= 1024;
		unit++;
	}
	snprintf(text, SETTINGS_SIZE_BYTES, "%ju%.*s", (uintmax_t)number, unit >= 0,
		 unit >= 0 ? &units[unit] : "");
	return text;
}

void settings_each(const char *name, char *text, void (*each)(const char *item))
{
	char *item;

	while ((item = strsep(&text, ","))) {
		if (!*item)
			errx(EXIT_USAGE, "%s: expected a list like A,B, without empty places", name);
		each(item);
	}
}
