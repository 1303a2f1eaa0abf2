// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"
#include "pages.h"
#include "tap.h"

static volatile char *map(int fd, int flags, int pages)
{
	void *memory = mmap(NULL, (size_t)pages * PAGE_BYTES, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | flags, fd, 0);

	if (memory == MAP_FAILED)
		bail("mmap");
	return memory;
}

volatile char *pages_map(int pages)
{
	return map(-1, MAP_ANONYMOUS, pages);
}

volatile char *pages_map_file(int fd, int pages)
{
	return map(fd, 0, pages);
}

void pages_unmap(volatile char *memory, int pages)
{
	munmap((void *)memory, (size_t)pages * PAGE_BYTES);
}

int pages_create_file(int pages)
{
	static const char zeroes[PAGE_BYTES];
	int file = open("pages", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	for (int page = 0; page < pages; page++)
		if (write(file, zeroes, PAGE_BYTES) != PAGE_BYTES)
			bail("write");
	return file;
}

double pages_write(volatile char *memory, int pages)
{
	uint64_t start = instructions();

	for (int page = 0; page < pages; page++)
		memory[(size_t)page * PAGE_BYTES] = 1;
	return (double)(instructions() - start) / pages;
}

double pages_read(volatile char *memory, int pages)
{
	uint64_t start = instructions();

	for (int page = 0; page < pages; page += FAULT_AROUND)
		(void)memory[(size_t)page * PAGE_BYTES];
	return (double)(instructions() - start) / ((double)pages / FAULT_AROUND);
}
