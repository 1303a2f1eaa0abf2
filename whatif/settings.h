/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What command lines say, as lists of values: 64,128,4k.  A mistake ends the program with one
 * line that says what was expected.
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "nodes.h"
#include "tlb.h"

enum { SETTINGS_MAX = 4096, SETTINGS_SIZE_BYTES = 24 };

/**
 * settings_number() - a number: digits, and k, m, g or t for powers of 1024
 * @name: what it is, for the message
 * @text: it
 * @min: the least that makes sense
 * @max: the most
 */
uint64_t settings_number(const char *name, const char *text, uint64_t min, uint64_t max);

/**
 * settings_share() - a share: more than 0, at most 1
 * @name: what it is, for the message
 * @text: it
 */
double settings_share(const char *name, const char *text);

/**
 * settings_page_shift() - log2 of a page size
 * @text: it, a power of two from 64 bytes to 1 TB
 */
uint32_t settings_page_shift(const char *text);

/**
 * settings_tlb() - the shape of a TLB: ENTRIESxWAYS, such as 64x4
 * @text: it
 */
struct tlb_shape settings_tlb(const char *text);

/**
 * settings_nodes() - NUMA nodes: COUNT[:first|:interleave[:MIGRATE]], such as 2:first:4
 * @text: it
 */
struct nodes_shape settings_nodes(const char *text);

/**
 * settings_nodes_text() - as settings_nodes() reads it
 * @shape: it
 * @text: filled in, of SETTINGS_SIZE_BYTES
 *
 * Return: @text.
 */
const char *settings_nodes_text(struct nodes_shape shape, char *text);

/**
 * settings_size() - a number as settings_number() reads it
 * @number: it
 * @text: filled in, of SETTINGS_SIZE_BYTES
 *
 * Return: @text.
 */
const char *settings_size(uint64_t number, char *text);

/**
 * settings_each() - call for each item of a list
 * @name: what is in it, for the message
 * @text: items with commas between them, none of them empty; they are cut apart
 * @each: is given each of them
 */
void settings_each(const char *name, char *text, void (*each)(const char *item));

#endif /* SETTINGS_H */
