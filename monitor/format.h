/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Formats that records are written in: a file each, and all of them in format.c's table.
 */
#ifndef FORMAT_H
#define FORMAT_H

#include <stdint.h>

#include "histogram.h"
#include "machine.h"
#include "output.h"
#include "uapi/faultline.h"

/**
 * struct origin - where records come from
 * @header: of their ring, live, so that what may change is read anew with each record
 * @machine: of the kernel that counted
 * @lacking: columns that the records do not have, a bit for each of columns.h's table:
 *	none of a ring's, some of an older recording's
 * @histograms: how long copies and faults took, of HISTOGRAM_MEASURES, filled in before the
 *	end; NULL if that is not told
 */
struct origin {
	const struct faultline_header *header;
	struct machine machine;
	uint64_t lacking;
	const struct histogram *histograms;
};

/**
 * struct format - a way to write records
 * @name: what -F calls it
 * @summary: what it is, in a few words
 * @begin: write what stands above the records; the state that the others get, or NULL
 *	without memory.  @output and @origin outlive it.
 * @record: write one; @before is the process's last one, or NULL if this is the first;
 *	@lost counts all that were overwritten unread until now
 * @end: write what stands below, and free the state
 */
struct format {
	const char *name;
	const char *summary;
	void *(*begin)(struct output *output, const struct origin *origin);
	void (*record)(void *state, const struct faultline_record *record,
		       const struct faultline_record *before, uint64_t lost);
	void (*end)(void *state, uint64_t lost);
};

extern const struct format format_dat;
extern const struct format format_csv;
extern const struct format format_json;
extern const struct format format_chrome_trace;
extern const struct format format_classic;
extern const struct format format_openmetrics;

enum { FORMATS = 6 };

/* All of them. */
extern const struct format * const formats[FORMATS];

/**
 * format_chosen() - the format of a name that somebody typed, or end the program
 * @name: as in -F
 *
 * Return: the format.
 */
const struct format *format_chosen(const char *name);

/* Entry of an option table for it. */
#define FORMAT_OPTION									\
	{ "format", 'F', "FORMAT", 0, "dat (the default), csv, json, openmetrics, "	\
	  "chrome-trace or classic", 0 }

#endif /* FORMAT_H */
