/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From the ring into a file, as long as there is something to follow.
 */
#ifndef FOLLOW_H
#define FOLLOW_H

#include <stdbool.h>

#include "ring_reader.h"
#include "writer.h"

/* When to stop reading. */
enum follow_until {
	FOLLOW_RUN_END,		/* no registered process is left */
	FOLLOW_RING_END,	/* what the ring holds by now has been read */
	FOLLOW_FOR_EVER,
};

/**
 * follow_catch_signals() - have SIGINT and SIGTERM end what follows in good order
 *
 * And SIGPIPE be an error of a write.
 */
void follow_catch_signals(void);

/**
 * follow_interrupted() - has such a signal come?
 *
 * Return: true if so.
 */
bool follow_interrupted(void);

/**
 * follow_wait() - sleep until there may be more in the ring, or a signal comes
 * @reader: an open reader that has seen everything
 *
 * Return: true, or false with errno.
 */
bool follow_wait(const struct ring_reader *reader);

/**
 * follow() - write records until the end, a signal, or an error of the file's
 * @reader: an open reader
 * @writer: a writer that has begun
 * @until: the end
 *
 * Return: true, or false with errno if the ring cannot be waited for.
 */
bool follow(struct ring_reader *reader, struct writer *writer, enum follow_until until);

#endif /* FOLLOW_H */
