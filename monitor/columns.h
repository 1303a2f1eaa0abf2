/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The columns of a record: the one table that every format with columns goes by, and that
 * recordings are read back by.
 */
#ifndef COLUMNS_H
#define COLUMNS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "uapi/faultline.h"

enum {
	COLUMNS		= 32,
	COLUMN_BYTES	= 22,	/* the 20 digits of 64 bits, a point and a separator */
};

/**
 * enum column_kind - what a number tells
 * @COLUMN_NAME: which process, parent or record
 * @COLUMN_COUNTER: something since registration; never goes back
 * @COLUMN_GAUGE: something now
 */
enum column_kind {
	COLUMN_NAME,
	COLUMN_COUNTER,
	COLUMN_GAUGE,
};

/**
 * struct column - one number of a record
 * @name: as in profile.dat
 * @unit: "s", "bytes", or "" for a count or a name
 * @kind: what it tells
 * @offset: of its field in struct faultline_record
 * @bytes: of its field, 4 or 8
 * @seconds: the field has nanoseconds, and is written in seconds
 * @flags: of the record, all of which must be set, or the column is n/a
 * @max: the largest number that the field has room for
 */
struct column {
	const char *name;
	const char *unit;
	enum column_kind kind;
	uint16_t offset;
	uint8_t bytes;
	bool seconds;
	uint32_t flags;
	uint64_t max;
};

/* In the order in which they are written. */
extern const struct column columns[COLUMNS];

/**
 * column_known() - does the record have it?
 * @column: a column
 * @record: a record
 * @lacking: columns that the record's recording does not have, as in struct origin
 *
 * Return: false if it must be shown as n/a.
 */
static inline bool column_known(const struct column *column,
				const struct faultline_record *record, uint64_t lacking)
{
	return (record->flags & column->flags) == column->flags &&
	       !(lacking >> (column - columns) & 1);
}

/**
 * column_value() - the number as it is in the record
 * @column: a column
 * @record: a record
 *
 * Return: the number, in nanoseconds if it is a time.
 */
static inline uint64_t column_value(const struct column *column,
				    const struct faultline_record *record)
{
	const char *field = (const char *)record + column->offset;
	uint64_t wide;
	uint32_t narrow;

	if (column->bytes == sizeof(wide)) {
		memcpy(&wide, field, sizeof(wide));
		return wide;
	}
	memcpy(&narrow, field, sizeof(narrow));
	return narrow;
}

/**
 * columns_add() - two processes as if they were one
 * @sum: counters of @record are added to its own; flags that @record lacks go
 * @record: a record
 */
void columns_add(struct faultline_record *sum, const struct faultline_record *record);

/**
 * columns_find() - the column of a name
 * @name: the name; need not end there
 * @length: its bytes
 *
 * Return: the column, or NULL.
 */
const struct column *columns_find(const char *name, size_t length);

/**
 * column_put() - write one number, if it is known
 * @at: room for COLUMN_BYTES
 * @column: a column that is known
 * @record: the record
 *
 * Return: behind the number.
 */
char *column_put(char *at, const struct column *column, const struct faultline_record *record);

/**
 * columns_put() - write all numbers of a record
 * @at: room for COLUMNS * COLUMN_BYTES
 * @record: the record
 * @lacking: columns that are not known, as in struct origin
 * @unknown: stands for what is not known; at most 20 bytes
 * @separator: follows each
 *
 * Return: behind the last separator.
 */
char *columns_put(char *at, const struct faultline_record *record, uint64_t lacking,
		  const char *unknown, char separator);

#endif /* COLUMNS_H */
