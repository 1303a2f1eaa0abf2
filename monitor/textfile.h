/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Live counters in a file, for node_exporter's textfile collector: a thread of its own.
 *
 * start -> stop
 */
#ifndef TEXTFILE_H
#define TEXTFILE_H

#include "live.h"

struct textfile;

/**
 * textfile_start() - write the file, and again from time to time
 * @path: the file; what is there is replaced as a whole, by rename(2)
 * @interval_s: seconds between two writes
 * @live: open counters
 *
 * Once it has been written, trouble is told on standard error, and the next time tried again.
 *
 * Return: the writer, or NULL with errno if the file cannot be written.
 */
struct textfile *textfile_start(const char *path, unsigned int interval_s, struct live *live);

/**
 * textfile_stop() - write the file for the last time
 * @textfile: the writer
 */
void textfile_stop(struct textfile *textfile);

#endif /* TEXTFILE_H */
