// SPDX-License-Identifier: GPL-2.0
/*
 * Comma-separated values (RFC 4180): a line of names, then a line per record, with the
 * process's name at the end.  What is not known is an empty field, which pandas and numpy
 * read as NaN.  Gaps in seq are lost records.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "format.h"
#include "text.h"

/* Of a record; names of columns are shorter than their numbers may be. */
enum { LINE_BYTES = COLUMNS * COLUMN_BYTES + TEXT_QUOTED_BYTES };

/**
 * struct csv - a file being written
 * @output: where it goes
 * @origin: where the records come from
 */
struct csv {
	struct output *output;
	const struct origin *origin;
};

static void *begin(struct output *output, const struct origin *origin)
{
	struct csv *csv = malloc(sizeof(*csv));
	char *at = output_room(output, LINE_BYTES);

	if (!csv)
		return NULL;
	*csv = (struct csv){ output, origin };
	for (int i = 0; i < COLUMNS; i++)
		at += sprintf(at, "%s,", columns[i].name);
	output_commit(output, stpcpy(at, "comm\r\n"));
	return csv;
}

static void write_record(void *state, const struct faultline_record *record,
			 const struct faultline_record *before, uint64_t lost)
{
	struct csv *csv = state;
	char *at = output_room(csv->output, LINE_BYTES);

	(void)before;
	(void)lost;
	at = columns_put(at, record, csv->origin->lacking, "", ',');
	at = text_csv(at, record->comm, sizeof(record->comm));
	output_commit(csv->output, stpcpy(at, "\r\n"));
}

static void end(void *state, uint64_t lost)
{
	(void)lost;
	free(state);
}

const struct format format_csv = {
	.name = "csv",
	.summary = "comma-separated values (RFC 4180)",
	.begin = begin,
	.record = write_record,
	.end = end,
};
