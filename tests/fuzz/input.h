/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The input as the one file that there is.  The Makefile puts what is here in the place of
 * the calls that readers make.
 */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

/* Before their names become others. */
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define INPUT_PATH "input"

/**
 * input_set() - have every file be this
 * @data: what; stays where it is
 * @size: bytes of it
 */
void input_set(const uint8_t *data, size_t size);

/**
 * input_choice() - one of the things to do with an input, the same one every time
 * @choices: how many there are
 *
 * Return: its number.
 */
unsigned int input_choice(unsigned int choices);

/**
 * input_claim() - end the program if something does not hold
 * @holds: does it?
 */
void input_claim(bool holds);

/* As the calls of these names. */
int input_open(const char *path, int flags, ...);
FILE *input_fopen(const char *path, const char *mode);
ssize_t input_read(int fd, void *buffer, size_t bytes);
int input_fstat(int fd, struct stat *status);
void *input_mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset);
int input_munmap(void *memory, size_t bytes);
int input_close(int fd);

/**
 * input_page_bytes() - as sysconf(_SC_PAGESIZE), if pages were as small as they can be
 * @name: _SC_PAGESIZE
 *
 * Return: the bytes of a ring's header.
 */
long input_page_bytes(int name);

#endif /* FUZZ_INPUT_H */
