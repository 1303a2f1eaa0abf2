/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A file in memory, for readers that are handed a path.
 */
#ifndef FUZZ_FILE_H
#define FUZZ_FILE_H

#include <stddef.h>
#include <stdint.h>

/**
 * file_with() - the file, with this in it
 * @data: what
 * @size: bytes of it
 *
 * Return: its path, the same each time.
 */
const char *file_with(const uint8_t *data, size_t size);

/**
 * file_nowhere() - where output goes that nobody reads
 *
 * Return: a descriptor.
 */
int file_nowhere(void);

#endif /* FUZZ_FILE_H */
