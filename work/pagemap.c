// SPDX-License-Identifier: GPL-2.0
#include "pagemap.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "tap.h"

static void read_entries(const struct words *words, size_t first, uint64_t *entries, size_t count)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	off_t offset = ((uintptr_t)words->pages.start / words->pages.bytes + first) *
		       sizeof(*entries);
	ssize_t bytes = count * sizeof(*entries);

	if (fd < 0 || pread(fd, entries, bytes, offset) != bytes)
		bail("/proc/self/pagemap");
	close(fd);
}

/**
 * pagemap_of - the entry of a page
 */
uint64_t pagemap_of(const struct words *words, size_t page)
{
	uint64_t entry;

	read_entries(words, page, &entry, 1);
	return entry;
}

/**
 * pagemap_all - the entries of all pages, which the caller frees
 */
uint64_t *pagemap_all(const struct words *words)
{
	uint64_t *entries = malloc(words->pages.count * sizeof(*entries));

	if (!entries)
		bail("%zu entries of pagemap", words->pages.count);
	read_entries(words, 0, entries, words->pages.count);
	return entries;
}

/**
 * pagemap_count - of page @first and each @stride-th after it, how many have a bit
 */
size_t pagemap_count(const struct words *words, size_t first, size_t stride, uint64_t bit)
{
	uint64_t *entries = pagemap_all(words);
	size_t count = 0;

	for (size_t page = first; page < words->pages.count; page += stride)
		count += !!(entries[page] & bit);
	free(entries);
	return count;
}
