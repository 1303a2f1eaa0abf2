/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which pages a process writes, from outside: in each epoch, those that the kernel has marked
 * soft-dirty since the marks were removed.  When in the epoch, in which order and how often, nobody
 * knows; nor does anybody know what is read, but for how much.
 *
 * open -> begin, end ... -> close
 */
#ifndef SAMPLER_H
#define SAMPLER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "why.h"

/**
 * struct sampler - a process that is looked at
 * @pid: which
 * @written: pages that the last epoch found written
 * @referenced_bytes: how much of its memory the last epoch found read or written
 * @why: empty, or one line of what is wrong
 *
 * And for sampler.c alone:
 * @clear: its clear_refs
 * @pagemap: its pagemap
 * @entries: some of that
 */
struct sampler {
	uint32_t pid;
	uint64_t written;
	uint64_t referenced_bytes;
	char why[WHY_BYTES];

	int clear;
	int pagemap;
	uint64_t *entries;
};

/**
 * sampler_open() - look at a process
 * @sampler: filled in
 * @pid: which
 *
 * Return: true, or false with @sampler->why and nothing to close.
 */
bool sampler_open(struct sampler *sampler, uint32_t pid);

/**
 * sampler_begin() - an epoch begins
 * @sampler: open
 *
 * Return: true, or false if the process has ended, or with @sampler->why.
 */
bool sampler_begin(struct sampler *sampler);

/**
 * sampler_end() - it ends: write a line of a trace for each page that was written
 * @sampler: one whose epoch has begun
 * @file: where to
 *
 * Return: true, or false if the process has ended, or with @sampler->why.
 */
bool sampler_end(struct sampler *sampler, FILE *file);

/**
 * sampler_close() - look no more
 * @sampler: open
 */
void sampler_close(struct sampler *sampler);

#endif /* SAMPLER_H */
