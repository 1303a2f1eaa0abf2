/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Frames as a ring, of which those that have a page come one after the other.
 */
#ifndef FRAMES_H
#define FRAMES_H

#include <stdint.h>

/**
 * frames_at() - a frame by its distance from the first one
 * @first: it
 * @frames: how many there are
 * @distance: no more than that
 */
static inline uint32_t frames_at(uint32_t first, uint32_t frames, uint32_t distance)
{
	uint32_t left = frames - first;

	return distance < left ? first + distance : distance - left;
}

#endif /* FRAMES_H */
