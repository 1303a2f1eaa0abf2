/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The module's histograms of times, by process, as /proc/faultline/histogram has them.
 */
#ifndef HISTOGRAMS_H
#define HISTOGRAMS_H

#include <stdbool.h>
#include <stdint.h>

#define HISTOGRAMS_PATH "/proc/faultline/histogram"

/**
 * histograms_copy_p99() - the 99th percentile of each process's copies
 * @path: HISTOGRAMS_PATH
 * @tell: called for each process that has one, with the registration and the time
 * @context: handed to it
 *
 * Return: true, or false with errno if @path cannot be opened.
 */
bool histograms_copy_p99(const char *path, void (*tell)(void *context, uint64_t id, uint64_t ns),
			 void *context);

#endif /* HISTOGRAMS_H */
