/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the module counts as copied while something is done, and of which kind.
 *
 * begin -> made, claim ... -> end, for each way to count
 *
 * Each figure is the difference of two readings.  Reading itself writes to stack,
 * heap and libc's data, which a fork leaves shared: a reading before those two
 * copies these pages, so that only the pages under test are copied in between.
 */
#ifndef TESTS_COPIES_H
#define TESTS_COPIES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "uapi/faultline.h"

/**
 * struct copies - pages copied; -1 for n/a
 * @all: the column cow
 * @kinds: the columns cow_anon and so on
 */
struct copies {
	long all;
	long kinds[FAULTLINE_KINDS];
};

/**
 * copies_begin() - load the module with cow=@method and register this process
 *
 * Return: false when the kernel has nothing to count so by; then the module is out again.
 */
bool copies_begin(const char *method);

/* Unregister this process and unload the module. */
void copies_end(void);

/* Does the present way to count see attempts, so that a race counts more than once? */
bool copies_are_attempts(void);

/* So far, of a registered process. */
struct copies copies_of(pid_t pid);

/* What @pid copied from @before to @after. */
struct copies copies_between(const struct copies *before, const struct copies *after);

/* Those of this process while it does @act. */
struct copies copies_made(void (*act)(size_t count), size_t count);

/**
 * copies_made_in_child() - those of a child while it does @act
 * @prepare: what it does before that is counted, or NULL
 * @act: what is counted
 * @count: for @act
 */
struct copies copies_made_in_child(void (*prepare)(void), void (*act)(size_t count),
				   size_t count);

/* Register a child that shares our pages and, being stopped, touches none. */
pid_t copies_start_sharer(void);

/* A claim: all that was copied are @must pages of this kind. */
void copies_claim(enum faultline_kind kind, long must, struct copies saw, const char *what);

/* A claim: nothing was copied. */
void copies_claim_none(struct copies saw, const char *what);

#endif /* TESTS_COPIES_H */
