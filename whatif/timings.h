/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What was timed, as texts tell: a profile.dat, /proc/faultline/histogram, or lines
 * `NAME_ns: NUMBER`.  What an empty measurement reads is taken off.
 */
#ifndef TIMINGS_H
#define TIMINGS_H

#include <stdbool.h>

#include "costs.h"

/**
 * timings_read() - read a file
 * @path: it
 * @ns: mean of each, NAN where it was not timed
 *
 * Return: true, or false having said why: it is damaged, or nothing was timed.
 */
bool timings_read(const char *path, double ns[COSTS]);

#endif /* TIMINGS_H */
