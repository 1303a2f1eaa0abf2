// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "comparison.h"

static void write_question(const void *of, char *value)
{
	const struct comparison *row = of;

	strcpy(value, row->question);
}

static void write_setting(const void *of, char *value)
{
	const struct comparison *row = of;

	strcpy(value, row->setting);
}

static void write_policy(const void *of, char *value)
{
	const struct comparison *row = of;

	strcpy(value, row->policy ?: "n/a");
}

/* What was replayed: all accesses, or what somebody saw who looked now and then. */
static void write_trace(const void *of, char *value)
{
	const struct comparison *row = of;

	strcpy(value, row->trace->header.sampled ? "sampled" : "accesses");
}

static void write_accesses(const void *of, char *value)
{
	const struct comparison *row = of;

	results_number((double)row->trace->header.accesses, value);
}

static void write_pages(const void *of, char *value)
{
	const struct comparison *row = of;

	results_number((double)row->trace->header.pages, value);
}

static void write_kind(const void *of, char *value)
{
	const struct comparison *row = of;

	strcpy(value, row->kind);
}

static void write_predicted(const void *of, char *value)
{
	const struct comparison *row = of;

	results_number(row->predicted, value);
}

static void write_real(const void *of, char *value)
{
	const struct comparison *row = of;

	results_number(row->real, value);
}

/* Of what there really was. */
static void write_error(const void *of, char *value)
{
	const struct comparison *row = of;

	/* Neither NAN. */
	if (row->real > 0 && row->predicted >= 0)
		snprintf(value, RESULTS_VALUE_BYTES, "%.1f",
			 100 * (row->predicted - row->real) / row->real);
	else
		strcpy(value, "n/a");
}

static void write_minor(const void *of, char *value)
{
	const struct comparison *row = of;

	results_number(row->minor, value);
}

static void write_in_memory(const void *of, char *value)
{
	const struct comparison *row = of;

	results_number(row->in_memory, value);
}

static void write_damaged(const void *of, char *value)
{
	const struct comparison *row = of;

	results_number(row->damaged, value);
}

const struct results_column comparison_columns[] = {
	{ "question", -8, true, 0, write_question },
	{ "setting", 10, true, 0, write_setting },
	{ "policy", -8, true, 0, write_policy },
	{ "trace", -8, true, 0, write_trace },
	{ "accesses", 14, false, 0, write_accesses },
	{ "pages", 11, false, 0, write_pages },
	{ "kind", -5, true, 0, write_kind },
	{ "predicted", 12, false, 0, write_predicted },
	{ "real", 12, false, 0, write_real },
	{ "error_%", 8, false, 0, write_error },
	{ "minor", 12, false, COMPARISON_PROCESS, write_minor },
	{ "in_memory", 12, false, COMPARISON_MEMORY, write_in_memory },
	{ "damaged", 8, false, COMPARISON_MEMORY, write_damaged },
	{ 0 }
};
