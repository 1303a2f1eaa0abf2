// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory.h"
#include "tap.h"

static volatile char *map(size_t pages, int protection, int flags, int fd)
{
	void *start = mmap(NULL, pages * PAGE_BYTES, protection, flags, fd, 0);

	if (start == MAP_FAILED)
		bail("mmap of %zu pages", pages);
	return start;
}

volatile char *memory_map(size_t pages)
{
	return map(pages, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

volatile char *memory_map_file(size_t pages)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	volatile char *start;

	if (fd < 0 || ftruncate(fd, (off_t)pages * PAGE_BYTES))
		bail("a file in /tmp");
	start = map(pages, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);
	close(fd);
	return start;
}

/* Without stdio: what it allocates may be on a page that is its parent's, and would be copied. */
static int open_swap_disk(void)
{
	char swaps[512] = "", path[64];
	int fd = open("/proc/swaps", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, swaps, sizeof(swaps) - 1) <= 0 ||
	    sscanf(swaps, "%*[^\n] %63s", path) != 1)
		bail("no disk in /proc/swaps");
	close(fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		bail("%s", path);
	return fd;
}

volatile char *memory_map_disk(size_t pages)
{
	int fd = open_swap_disk();
	volatile char *start = map(pages, PROT_READ, MAP_PRIVATE, fd);

	if (posix_fadvise(fd, 0, (off_t)(pages * PAGE_BYTES), POSIX_FADV_DONTNEED) ||
	    madvise((void *)start, pages * PAGE_BYTES, MADV_RANDOM))
		bail("madvise");
	close(fd);
	return start;
}

void memory_unmap(volatile char *start, size_t pages)
{
	munmap((void *)start, pages * PAGE_BYTES);
}

void memory_write(volatile char *start, size_t pages)
{
	for (size_t page = 0; page < pages; page++)
		start[page * PAGE_BYTES] = 1;
}

void memory_read(volatile char *start, size_t pages)
{
	for (size_t page = 0; page < pages; page++)
		(void)start[page * PAGE_BYTES];
}
