// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "histograms.h"

/* As the file's first line names them. */
enum column {
	COLUMN_ID	= 1,
	COLUMN_MEASURE	= 2,
	COLUMN_P99	= 10,
};

/* Column number @column of a line, or NULL if it has fewer. */
static const char *find_column(const char *line, enum column column)
{
	while (column-- && line) {
		line = strchr(line, ' ');
		line = line ? line + 1 : NULL;
	}
	return line;
}

/* The number in a column; false where there is none, as in n/a. */
static bool read_number(const char *line, enum column column, uint64_t *number)
{
	const char *text = find_column(line, column);
	char *end;

	if (!text || *text < '0' || *text > '9')
		return false;
	*number = strtoull(text, &end, 10);
	return *end == ' ';
}

bool histograms_copy_p99(const char *path, void (*tell)(void *context, uint64_t id, uint64_t ns),
			 void *context)
{
	FILE *file = fopen(path, "re");
	const char *measure;
	char *line = NULL;
	uint64_t id, ns;
	size_t size = 0;

	if (!file)
		return false;
	while (getline(&line, &size, file) >= 0) {
		measure = find_column(line, COLUMN_MEASURE);
		if (measure && strncmp(measure, "copy ", 5) == 0 &&
		    read_number(line, COLUMN_ID, &id) && read_number(line, COLUMN_P99, &ns))
			tell(context, id, ns);
	}
	free(line);
	fclose(file);
	return true;
}
