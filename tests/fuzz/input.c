// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "uapi/faultline.h"

enum {
	FD	= 1 << 20,	/* nothing that any call to the kernel would take */
	PIECE	= 100,
};

/* What has been freed is kept for a while that fits a cache, and who did it in two words. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "quarantine_size_mb=4:malloc_context_size=2";
}

/* The sanitizer asks libc where the stack is, which allocates for the answer. */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:pthread_getattr_np";
}

static const uint8_t *input;
static size_t input_size;
static size_t position;

void input_set(const uint8_t *data, size_t size)
{
	input = data;
	input_size = size;
}

unsigned int input_choice(unsigned int choices)
{
	return input_size ? (input[input_size - 1] ^ (unsigned int)input_size) % choices : 0;
}

void input_claim(bool holds)
{
	if (!holds)
		abort();
}

/* What of @size bytes from *at on is handed over at a time: of every other input, a little. */
static size_t take(size_t *at, void *buffer, size_t bytes)
{
	size_t left = input_size - *at;

	if (input_size % 2 && bytes > PIECE)
		bytes = PIECE;
	bytes = bytes < left ? bytes : left;
	if (bytes)
		memcpy(buffer, input + *at, bytes);
	*at += bytes;
	return bytes;
}

int input_open(const char *path, int flags, ...)
{
	(void)path;
	(void)flags;
	position = 0;
	return FD;
}

ssize_t input_read(int fd, void *buffer, size_t bytes)
{
	input_claim(fd == FD);
	return (ssize_t)take(&position, buffer, bytes);
}

static ssize_t read_stream(void *at, char *buffer, size_t bytes)
{
	return (ssize_t)take(at, buffer, bytes);
}

static int close_stream(void *at)
{
	free(at);
	return 0;
}

FILE *input_fopen(const char *path, const char *mode)
{
	const cookie_io_functions_t calls = { .read = read_stream, .close = close_stream };

	(void)path;
	(void)mode;
	return fopencookie(calloc(1, sizeof(size_t)), "r", calls);
}

int input_fstat(int fd, struct stat *status)
{
	input_claim(fd == FD);
	*status = (struct stat){ .st_mode = S_IFREG, .st_size = (off_t)input_size };
	return 0;
}

/* A copy of its own, for a red zone behind its end; beyond the file's end is a SIGBUS. */
void *input_mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset)
{
	void *memory = malloc(bytes);

	(void)flags;
	input_claim(!address && protection == PROT_READ && fd == FD && !offset);
	input_claim(memory && bytes && bytes <= input_size);
	return memcpy(memory, input, bytes);
}

int input_munmap(void *memory, size_t bytes)
{
	(void)bytes;
	free(memory);
	return 0;
}

int input_close(int fd)
{
	input_claim(fd == FD);
	return 0;
}

long input_page_bytes(int name)
{
	input_claim(name == _SC_PAGESIZE);
	return sizeof(struct faultline_header);
}
