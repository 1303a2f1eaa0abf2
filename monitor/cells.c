// SPDX-License-Identifier: GPL-2.0
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cells.h"

const struct cells_column_info cells_columns[CELLS_COLUMNS] = {
	[CELLS_PID]	  = { "pid", "PID", 'P', 7, 11, true, RATE_MINOR },
	[CELLS_THREADS]	  = { "threads", "THR", 'T', 4, 9, false, RATE_MINOR },
	[CELLS_MINOR]	  = { "minor", "MIN/s", 'm', 5, 8, false, RATE_MINOR },
	[CELLS_MAJOR]	  = { "major", "MAJ/s", 'M', 5, 6, false, RATE_MAJOR },
	[CELLS_COW]	  = { "cow", "COW/s", 'c', 5, 7, false, RATE_COW },
	[CELLS_CPU]	  = { "cpu", "CPU%", 'u', 5, 5, false, RATE_CPU },
	[CELLS_P99]	  = { "p99", "P99", 'l', 5, 3, false, RATE_COW },
	[CELLS_HITS]	  = { "hits", "HIT%", 'i', 4, 1, false, RATE_PRECOPIED },
	[CELLS_PRECOPIED] = { "precopied", "PRE/s", 'p', 5, 2, false, RATE_PRECOPIED },
	[CELLS_RSS]	  = { "rss", "RSS", 's', 5, 4, false, RATE_MINOR },
	[CELLS_COMMAND]	  = { "command", "COMMAND", 'n', 0, 10, true, RATE_MINOR },
};

static_assert(FAULTLINE_METHOD_LEN * 4 <= CELLS_NAME_MAX, "names and methods fit");

static double hits(const struct faultline_record *record)
{
	double known = (double)record->precopy_used + (double)record->precopy_wasted;

	if (!(record->flags & FAULTLINE_PRECOPY) || known <= 0)
		return NAN;
	return 100 * (double)record->precopy_used / known;
}

double cells_value(const struct rates_process *process, enum cells_column column)
{
	switch (column) {
	case CELLS_PID:
		return process->last.pid;
	case CELLS_THREADS:
		return process->last.threads;
	case CELLS_MINOR:
		return process->rates[RATE_MINOR];
	case CELLS_MAJOR:
		return process->rates[RATE_MAJOR];
	case CELLS_COW:
		return process->rates[RATE_COW];
	case CELLS_CPU:
		return process->rates[RATE_CPU] / 1e9 * 100;
	case CELLS_P99:
		return process->copy_p99_ns;
	case CELLS_HITS:
		return hits(&process->last);
	case CELLS_PRECOPIED:
		return process->rates[RATE_PRECOPIED];
	case CELLS_RSS:
		return (double)process->last.rss_bytes;
	default:
		return NAN;
	}
}

/*
 * One decimal below 100, none from there on, and the next unit where five characters
 * would not do.
 */
static void in_units(char text[CELLS_TEXT_MAX], double value, double unit, double most,
		     const char * const units[], int count)
{
	int i = 0;

	if (isnan(value)) {
		strcpy(text, "n/a");
		return;
	}
	for (; i < count - 1 && value >= most; i++) {
		value /= unit;
		most = 999.5;
	}
	snprintf(text, CELLS_TEXT_MAX, "%.*f%s", value > 0 && value < 99.95, value, units[i]);
}

static void count_text(char text[CELLS_TEXT_MAX], double value)
{
	static const char * const units[] = { "", "k", "M", "G", "T", "P", "E", "Z", "Y" };

	in_units(text, value, 1000, 9999.5, units, sizeof(units) / sizeof(units[0]));
}

static void bytes_text(char text[CELLS_TEXT_MAX], double bytes)
{
	static const char * const units[] = { "", "K", "M", "G", "T", "P", "E" };

	in_units(text, bytes, 1024, 999.5, units, sizeof(units) / sizeof(units[0]));
}

/* In four or five characters: 12ns, 1.2us, 123ms, 8.6s. */
static void time_text(char text[CELLS_TEXT_MAX], double ns)
{
	static const char * const units[] = { "ns", "us", "ms", "s" };
	int i = 0;

	if (isnan(ns)) {
		strcpy(text, "n/a");
		return;
	}
	for (; i < 3 && ns >= 999.5; i++)
		ns /= 1000;
	snprintf(text, CELLS_TEXT_MAX, "%.*f%s", i && ns < 9.95, ns, units[i]);
}

/* Threads of a process that is none any more are of less interest than how it ended. */
static void threads_text(char text[CELLS_TEXT_MAX], const struct faultline_record *record)
{
	if (record->flags & FAULTLINE_EXITED)
		strcpy(text, "exit");
	else if (record->flags & FAULTLINE_UNREGISTERED)
		strcpy(text, "off");
	else
		snprintf(text, CELLS_TEXT_MAX, "%u", record->threads);
}

void cells_text(char text[CELLS_TEXT_MAX], const struct rates_process *process,
		enum cells_column column)
{
	double value = cells_value(process, column);

	switch (column) {
	case CELLS_PID:
		snprintf(text, CELLS_TEXT_MAX, "%d", process->last.pid);
		break;
	case CELLS_THREADS:
		threads_text(text, &process->last);
		break;
	case CELLS_P99:
		time_text(text, value);
		break;
	case CELLS_HITS:
		snprintf(text, CELLS_TEXT_MAX, isnan(value) ? "n/a" : "%.0f", value);
		break;
	case CELLS_RSS:
		bytes_text(text, value);
		break;
	default:
		count_text(text, value);
	}
	text[cells_columns[column].width] = '\0';
}

void cells_name(char text[CELLS_NAME_MAX], const char *name, size_t size)
{
	unsigned char c;

	if (!*name)
		strcpy(text, "\\x00");
	for (size_t i = 0; i < size && name[i]; i++) {
		c = name[i];
		text += sprintf(text, c >= ' ' && c <= '~' && c != '\\' ? "%c" : "\\x%02x", c);
	}
}

enum cells_column cells_column_find(const char *name)
{
	enum cells_column column = 0;

	while (column < CELLS_COLUMNS && strcmp(cells_columns[column].name, name) != 0)
		column++;
	return column;
}

const char *cells_column_names(void)
{
	static char names[128];

	*names = '\0';
	for (int i = 0; i < CELLS_COLUMNS; i++)
		snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
			 i ? ", " : "", cells_columns[i].name);
	return names;
}
