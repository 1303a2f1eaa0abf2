// SPDX-License-Identifier: GPL-2.0
#include "pages.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static long minor_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

/* A huge page wants memory aligned to its size: so one more is mapped, and left alone. */
static void *map(const struct pages *pages, bool huge)
{
	size_t huge_bytes = PAGES_OF_HUGE * pages->bytes;
	char *start = mmap(NULL, pages->count * pages->bytes + huge_bytes, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (start == MAP_FAILED) {
		warn("cannot map %zu pages", pages->count);
		return NULL;
	}
	start += (huge_bytes - (size_t)start % huge_bytes) % huge_bytes;
	if (huge && madvise(start, pages->count * pages->bytes, MADV_HUGEPAGE)) {
		warn("cannot have huge pages");
		return NULL;
	}
	return start;
}

/**
 * pages_fill - map pages, and write to each of them
 * @count: a multiple of PAGES_OF_HUGE if @huge
 * @huge: they lie in transparent huge pages, which one fault each fills; otherwise the
 *	process has none from here on
 *
 * Return: 0, or -1 after it said on stderr what went wrong.
 */
int pages_fill(struct pages *pages, size_t count, bool huge)
{
	pages->count = count;
	pages->bytes = sysconf(_SC_PAGESIZE);
	pages->order = NULL;
	if (!huge && prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0)) {
		warn("cannot turn off transparent huge pages");
		return -1;
	}
	pages->start = map(pages, huge);
	if (!pages->start)
		return -1;

	long before = minor_faults();

	pages_write(pages, 1);
	if (huge && minor_faults() - before != (long)(count / PAGES_OF_HUGE)) {
		warnx("no huge pages: %zu pages were filled by %ld faults", count,
		      minor_faults() - before);
		return -1;
	}
	return 0;
}

/**
 * pages_shuffle - have pages_write() go through them at random, the same way every time
 *
 * Return: 0, or -1 after it said on stderr what went wrong.
 */
int pages_shuffle(struct pages *pages)
{
	pages->order = malloc(pages->count * sizeof(*pages->order));
	if (!pages->order) {
		warn("cannot shuffle %zu pages", pages->count);
		return -1;
	}
	for (size_t i = 0; i < pages->count; i++)
		pages->order[i] = i;
	/* Fisher and Yates; glibc's rand() is not seeded. */
	for (size_t i = pages->count - 1; i > 0; i--) {
		size_t other = rand() % (i + 1);
		unsigned int page = pages->order[i];

		pages->order[i] = pages->order[other];
		pages->order[other] = page;
	}
	return 0;
}

/**
 * pages_write - write a byte to the first page and to every @stride-th after it
 */
void pages_write(const struct pages *pages, size_t stride)
{
	for (size_t i = 0; i < pages->count; i += stride) {
		size_t page = pages->order ? pages->order[i] : i;

		pages->start[page * pages->bytes] = 1;
	}
}

/**
 * pages_read - read a byte of each
 */
void pages_read(const struct pages *pages)
{
	for (size_t page = 0; page < pages->count; page++)
		(void)pages->start[page * pages->bytes];
}
