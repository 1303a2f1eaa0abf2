/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Accesses of known patterns: the same ones for the same seed, wherever it runs.
 *
 * begin -> next ...
 */
#ifndef PATTERNS_H
#define PATTERNS_H

#include <stdbool.h>
#include <stdint.h>

#include "source.h"

enum { PATTERNS_PAGE = 4096 };

struct generator;

/**
 * struct pattern - one of them
 * @name: on the command line
 * @about: what it does, in a line
 * @next: fills in page, offset and write of the next access, and pid if that is not 1; or an
 *	event, where none came last
 */
struct pattern {
	const char *name;
	const char *about;
	void (*next)(struct generator *generator, struct access *access);
};

/**
 * struct generator - accesses being made
 * @pattern: how
 * @pages: how many
 * @count: accesses that there will be
 * @made: until now
 *
 * And for patterns.c alone:
 * @random: state of the random numbers
 * @told: what came last was an event
 * @window: page at which the present phase begins
 */
struct generator {
	const struct pattern *pattern;
	uint64_t pages;
	uint64_t count;
	uint64_t made;

	bool told;
	uint64_t random;
	uint64_t window;
};

/**
 * patterns_chosen() - the pattern of this name, or end the program
 * @name: as on the command line
 */
const struct pattern *patterns_chosen(const char *name);

/**
 * patterns_at() - all of them in order
 * @number: from 0 on
 *
 * Return: the pattern, or NULL behind the last.
 */
const struct pattern *patterns_at(unsigned int number);

/**
 * patterns_begin() - start
 * @generator: filled in
 * @pattern: how
 * @pages: how many there are, less than 2^32
 * @count: accesses
 * @seed: another one, others
 */
void patterns_begin(struct generator *generator, const struct pattern *pattern, uint64_t pages,
		    uint64_t count, uint64_t seed);

/**
 * patterns_next() - the next access or event
 * @generator: begun
 * @access: filled in
 *
 * Return: false if there have been all.
 */
bool patterns_next(struct generator *generator, struct access *access);

#endif /* PATTERNS_H */
