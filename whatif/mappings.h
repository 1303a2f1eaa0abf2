/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a process has at which addresses: private memory, unless something else was mapped.
 *
 * add, find ... -> clear
 */
#ifndef MAPPINGS_H
#define MAPPINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "trace.h"

/**
 * struct mappings - of one process; all 0 if there are none
 * @all: later ones take the place of earlier ones
 * @count: how many
 * @room: for how many
 */
struct mappings {
	struct event *all;
	uint32_t count;
	uint32_t room;
};

/**
 * mappings_add() - one more
 * @mappings: they
 * @mapping: an event that is a mapping
 *
 * Return: true, or false without memory.
 */
bool mappings_add(struct mappings *mappings, const struct event *mapping);

/**
 * mappings_copy() - a child's are its parent's
 * @mappings: overwritten
 * @parent: copied
 *
 * Return: true, or false without memory.
 */
bool mappings_copy(struct mappings *mappings, const struct mappings *parent);

/**
 * mappings_find() - what is at an address
 * @mappings: they
 * @address: it
 *
 * Return: the mapping, or NULL where nothing was said.
 */
const struct event *mappings_find(const struct mappings *mappings, uint64_t address);

/**
 * mappings_clear() - forget them
 * @mappings: they
 */
void mappings_clear(struct mappings *mappings);

#endif /* MAPPINGS_H */
