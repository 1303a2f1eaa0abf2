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

static enum results_format chosen;
static const struct results_column *columns;
static unsigned int columns_asked;

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

void results_number(double number, char *value)
{
	if (isnan(number))
		strcpy(value, "n/a");
	/* No double has all of its digits, nor have readers of JSON room for them. */
	else if (fabs(number) >= 0x1p63)
		snprintf(value, RESULTS_VALUE_BYTES, "%.17g", number);
	else
		snprintf(value, RESULTS_VALUE_BYTES, "%.0f", number);
}

static bool is_shown(int column)
{
	return chosen != RESULTS_TABLE || !columns[column].asked ||
	       columns[column].asked & columns_asked;
}

static void put(int column, const char *value)
{
	if (!is_shown(column))
		return;
	if (chosen == RESULTS_CSV)
		printf("%s%s", column ? "," : "", value);
	else
		printf("%s%*s", column ? " " : "", columns[column].width, value);
}

void results_begin(enum results_format format, const struct results_column *all,
		   unsigned int asked)
{
	chosen = format;
	columns = all;
	columns_asked = asked;
	if (format == RESULTS_JSON)
		return;
	for (int i = 0; columns[i].name; i++)
		put(i, columns[i].name);
	puts(chosen == RESULTS_CSV ? "\r" : "");
}

#ifndef WITHOUT_json
/* An object in a line of its own. */
static void put_object(const void *row)
{
	json_t *object = json_object(), *member;
	char value[RESULTS_VALUE_BYTES];

	for (int i = 0; columns[i].name; i++) {
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
static void put_object(const void *row)
{
	(void)row;
}
#endif

void results_row(const void *row)
{
	char value[RESULTS_VALUE_BYTES];

	if (chosen == RESULTS_JSON) {
		put_object(row);
		return;
	}
	for (int i = 0; columns[i].name; i++) {
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
