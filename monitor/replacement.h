/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A file that takes its place when it is whole: whoever looks sees the old one or the new
 * one, and a full disk leaves nothing.
 *
 * begin -> write to its fd -> end
 */
#ifndef REPLACEMENT_H
#define REPLACEMENT_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

/**
 * struct replacement - a file being written
 * @path: where it will be; NULL for standard output
 * @fd: where to write
 * @unfinished: where it is now; empty if it is written in place, as a device is
 */
struct replacement {
	const char *path;
	int fd;
	char unfinished[PATH_MAX];
};

/**
 * replacement_begin() - create it, beside its place
 * @replacement: filled in
 * @path: where it will be; NULL or "-" for standard output
 * @mode: of a file, as open(2) has it
 *
 * Return: true, or false with errno.
 */
bool replacement_begin(struct replacement *replacement, const char *path, mode_t mode);

/**
 * replacement_end() - put it in its place, or away with it
 * @replacement: one that has begun
 * @whole: is it worth keeping?
 *
 * Return: false with errno if it could not be put in its place; then there is none.
 */
bool replacement_end(struct replacement *replacement, bool whole);

#endif /* REPLACEMENT_H */
