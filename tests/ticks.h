/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whether the sampler accounts for each period that passes, by a tick that ran or one that
 * it counted as missed.
 */
#ifndef TESTS_TICKS_H
#define TESTS_TICKS_H

#include "uapi/faultline.h"

/**
 * ticks_ahead() - how far the ring's ticks, run and missed, are ahead of the clock
 * @ring: the mapped ring; hz stays as it is, and somebody is registered
 *
 * A number of no meaning by itself: it is the same at any two moments between which no tick
 * went without being counted.  Takes half a second, because a timer may be late for a while, and
 * counts what it was late for when it comes.
 *
 * Return: in ticks.
 */
double ticks_ahead(const struct faultline_header *ring);

/* Two such numbers are as good as equal: a reading may fall just before a tick or after. */
#define TICKS_TOLERANCE	1.5

#endif /* TESTS_TICKS_H */
