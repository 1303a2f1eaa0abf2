// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef WITHOUT_json
#include <jansson.h>
#endif

#include "arguments.h"
#include "results.h"
#include "settings.h"

enum { VALUE_BYTES = 32, COLUMNS = 13 };

/**
 * struct column - one of a row's values
 * @name: as in the first line
 * @width: in a table; negative for words, which begin at the left
 * @is_word: json puts it in quotes
 * @write: the value of a row, as text of less than VALUE_BYTES
 */
struct column {
	const char *name;
	int width;
	bool is_word;
	void (*write)(const struct result *row, char *value);
};

static void write_policy(const struct result *row, char *value)
{
	snprintf(value, VALUE_BYTES, "%s", row->policy);
}

static void write_frames(const struct result *row, char *value)
{
	snprintf(value, VALUE_BYTES, "%ju", (uintmax_t)row->frames);
}

/* Objects have none. */
static void write_page(const struct result *row, char *value)
{
	uint32_t shift = row->trace->header.page_shift;

	if (shift)
		settings_size(1ULL << shift, value);
	else
		strcpy(value, "n/a");
}

static void write_share(const struct result *row, char *value)
{
	snprintf(value, VALUE_BYTES, "%.6g", row->share);
}

static void write_accesses(const struct result *row, char *value)
{
	snprintf(value, VALUE_BYTES, "%ju", (uintmax_t)row->trace->header.accesses);
}

static void write_pages(const struct result *row, char *value)
{
	snprintf(value, VALUE_BYTES, "%ju", (uintmax_t)row->trace->header.pages);
}

static void write_faults(const struct result *row, char *value)
{
	if (isnan(row->faults))
		strcpy(value, "n/a");
	else
		snprintf(value, VALUE_BYTES, "%.0f", row->faults);
}

static void write_ratio(const struct result *row, char *value)
{
	if (isnan(row->faults))
		strcpy(value, "n/a");
	else
		snprintf(value, VALUE_BYTES, "%.6f",
			 row->faults / (double)row->trace->header.accesses);
}

static void write_tlb(const struct result *row, char *value)
{
	if (row->tlb.entries)
		snprintf(value, VALUE_BYTES, "%ux%u", row->tlb.entries, row->tlb.ways);
	else
		strcpy(value, "n/a");
}

static void write_tlb_misses(const struct result *row, char *value)
{
	if (row->tlb.entries)
		snprintf(value, VALUE_BYTES, "%ju", (uintmax_t)row->counts.misses);
	else
		strcpy(value, "n/a");
}

static void write_table(const struct result *row, char *value)
{
	strcpy(value, row->table ? page_table_names[row->table] : "n/a");
}

static void write_table_bytes(const struct result *row, char *value)
{
	if (row->table)
		snprintf(value, VALUE_BYTES, "%ju", (uintmax_t)row->table_bytes);
	else
		strcpy(value, "n/a");
}

static void write_references(const struct result *row, char *value)
{
	if (row->table)
		snprintf(value, VALUE_BYTES, "%ju", (uintmax_t)row->counts.references);
	else
		strcpy(value, "n/a");
}

static const struct column columns[COLUMNS] = {
	{ "policy", -8, true, write_policy },
	{ "frames", 12, false, write_frames },
	{ "page", 6, true, write_page },
	{ "sample", 8, false, write_share },
	{ "accesses", 14, false, write_accesses },
	{ "pages", 11, false, write_pages },
	{ "faults", 14, false, write_faults },
	{ "ratio", 9, false, write_ratio },
	{ "tlb", 8, true, write_tlb },
	{ "tlb_misses", 14, false, write_tlb_misses },
	{ "table", 8, true, write_table },
	{ "table_bytes", 13, false, write_table_bytes },
	{ "walk_references", 15, false, write_references },
};

static enum results_format chosen;

enum results_format results_format(const char *name)
{
	static const char * const names[] = { "table", "csv", "json" };

	for (int i = 0; i < 3; i++) {
		if (strcmp(names[i], name) != 0)
			continue;
#ifdef WITHOUT_json
		if (i == RESULTS_JSON)
			errx(EXIT_FAILURE, "json: this program was built without it");
#endif
		return (enum results_format)i;
	}
	errx(EXIT_USAGE, "format: expected one of table, csv, json, not '%s'", name);
}

static void put(int column, const char *value)
{
	if (chosen == RESULTS_CSV)
		printf("%s%s", column ? "," : "", value);
	else
		printf("%s%*s", column ? " " : "", columns[column].width, value);
}

void results_begin(enum results_format format)
{
	chosen = format;
	if (format == RESULTS_JSON)
		return;
	for (int i = 0; i < COLUMNS; i++)
		put(i, columns[i].name);
	puts(chosen == RESULTS_CSV ? "\r" : "");
}

#ifndef WITHOUT_json
/* An object in a line of its own. */
static void put_object(const struct result *row)
{
	json_t *object = json_object(), *member;
	char value[VALUE_BYTES];

	for (int i = 0; i < COLUMNS; i++) {
		columns[i].write(row, value);
		if (strcmp(value, "n/a") == 0)
			member = json_null();
		else if (columns[i].is_word)
			member = json_string(value);
		else
			member = json_loads(value, JSON_DECODE_ANY, NULL);
		json_object_set_new(object, columns[i].name, member);
	}
	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
}
#else
static void put_object(const struct result *row)
{
	(void)row;
}
#endif

void results_row(const struct result *row)
{
	char value[VALUE_BYTES];

	if (chosen == RESULTS_JSON) {
		put_object(row);
		return;
	}
	for (int i = 0; i < COLUMNS; i++) {
		columns[i].write(row, value);
		/* An empty field is what readers of csv take for unknown. */
		put(i, chosen == RESULTS_CSV && strcmp(value, "n/a") == 0 ? "" : value);
	}
	puts(chosen == RESULTS_CSV ? "\r" : "");
}

bool results_end(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return true;
	warn("standard output");
	return false;
}
