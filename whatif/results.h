/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rows of results, with columns by name, as a table for people, csv or json.
 *
 * begin -> row ... -> end
 */
#ifndef RESULTS_H
#define RESULTS_H

#include <stdbool.h>

enum results_format { RESULTS_TABLE, RESULTS_CSV, RESULTS_JSON };

enum { RESULTS_VALUE_BYTES = 32 };

/**
 * struct results_column - one of a row's values
 * @name: as in the first line; NULL behind the last column
 * @width: in a table; negative for words, which begin at the left
 * @is_word: json puts it in quotes
 * @asked: one bit of those that results_begin() is told, if a table has it only then; or 0
 * @write: the value of a row, as text of less than RESULTS_VALUE_BYTES; n/a if there is none
 */
struct results_column {
	const char *name;
	int width;
	bool is_word;
	unsigned int asked;
	void (*write)(const void *row, char *value);
};

/**
 * results_format() - the format of this name, or end the program
 * @name: as on the command line
 */
enum results_format results_format(const char *name);

/**
 * results_number() - a value that is a whole number
 * @number: it, or NAN
 * @value: as struct results_column has it
 */
void results_number(double number, char *value);

/**
 * results_begin() - the line of names
 * @format: how
 * @columns: of the rows that will come
 * @asked: of their bits, those that a table has; csv and json have all
 */
void results_begin(enum results_format format, const struct results_column *columns,
		   unsigned int asked);

/**
 * results_row() - a row
 * @row: it
 */
void results_row(const void *row);

/**
 * results_end() - see that all has arrived
 *
 * Return: true, or false having said why not.
 */
bool results_end(void);

#endif /* RESULTS_H */
