// SPDX-License-Identifier: GPL-2.0
#include "pages.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/**
 * pages_minor_faults - minor faults of this process so far
 */
long pages_minor_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

/* A huge page wants memory aligned to its size: so one more is mapped, and given back. */
static void *map(const struct pages *pages, bool huge)
{
	size_t huge_bytes = PAGES_OF_HUGE * pages->bytes;
	size_t bytes = pages->count * pages->bytes;
	char *mapped = mmap(NULL, bytes + huge_bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mapped == MAP_FAILED) {
		warn("cannot map %zu pages", pages->count);
		return NULL;
	}

	char *start = mapped + huge_bytes - (size_t)mapped % huge_bytes;

	munmap(mapped, start - mapped);
	if (start < mapped + huge_bytes)
		munmap(start + bytes, mapped + huge_bytes - start);
	if (huge && madvise(start, bytes, MADV_HUGEPAGE)) {
		warn("cannot have huge pages");
		return NULL;
	}
	return start;
}

/**
 * pages_fill - map pages, and write to each of them
 * @count: a multiple of PAGES_OF_HUGE if @huge
 * @huge: they lie in transparent huge pages, which one fault each fills; otherwise the
 *	process has no new ones until it asks for some here
 *
 * Return: 0, or -1 after it said on stderr what went wrong.
 */
int pages_fill(struct pages *pages, size_t count, bool huge)
{
	pages->count = count;
	pages->bytes = sysconf(_SC_PAGESIZE);
	pages->order = NULL;
	if (prctl(PR_SET_THP_DISABLE, !huge, 0, 0, 0)) {
		warn("cannot turn transparent huge pages %s", huge ? "on" : "off");
		return -1;
	}
	pages->start = map(pages, huge);
	if (!pages->start)
		return -1;

	long before = pages_minor_faults();

	pages_write(pages, 1);
	if (huge && pages_minor_faults() - before != (long)(count / PAGES_OF_HUGE)) {
		warnx("no huge pages: %zu pages were filled by %ld faults", count,
		      pages_minor_faults() - before);
		return -1;
	}
	return 0;
}

/**
 * pages_free - unmap them
 */
void pages_free(struct pages *pages)
{
	munmap((void *)pages->start, pages->count * pages->bytes);
	free(pages->order);
}

/**
 * pages_arrange - have pages_write() begin with @first and go on by @stride, round the end
 *
 * Return: 0, or -1 after it said on stderr what went wrong.
 */
int pages_arrange(struct pages *pages, size_t first, size_t stride)
{
	if (!pages->order)
		pages->order = malloc(pages->count * sizeof(*pages->order));
	if (!pages->order) {
		warn("cannot order %zu pages", pages->count);
		return -1;
	}
	for (size_t i = 0; i < pages->count; i++)
		pages->order[i] = (first + i * stride) % pages->count;
	return 0;
}

/**
 * pages_shuffle - have pages_write() go through them at random
 *
 * The same way in every run of a program, but each time in another one.
 *
 * Return: 0, or -1 after it said on stderr what went wrong.
 */
int pages_shuffle(struct pages *pages)
{
	if (pages_arrange(pages, 0, 1))
		return -1;
	/* Fisher and Yates; glibc's rand() is not seeded. */
	for (size_t left = pages->count; left > 1; left--) {
		size_t other = rand() % left;
		unsigned int page = pages->order[left - 1];

		pages->order[left - 1] = pages->order[other];
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
