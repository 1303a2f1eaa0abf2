// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "isolation.h"
#include "setting.h"
#include "tap.h"
#include "words.h"

#define HUGE_PAGES	"/proc/sys/vm/nr_hugepages"
#define HUGE_FREE	"/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages"

enum {
	PAGES = 512,
	/* Of hugetlbfs: for a process, and as many for the child that copies them. */
	HUGE = 4,
	HUGE_WANTED = 2 * HUGE,
	PARENT = 1,
	CHILD,
	LATER,
};

static void write_every_other(struct words *words, size_t first, unsigned int writer)
{
	for (size_t page = first; page < words->pages.count; page += 2)
		words_write(words, page, writer);
}

static void expect_every_other(struct words *words, size_t first, unsigned int writer)
{
	for (size_t page = first; page < words->pages.count; page += 2)
		words->must[page] = words_of(page, writer);
}

/* Its parent has written the even pages by now. */
static int share(void *argument)
{
	struct words *words = argument;
	int wrong;

	expect_every_other(words, 0, PARENT);
	wrong = words_wrong(words) != 0;
	write_every_other(words, 1, CHILD);
	return wrong || words_wrong(words);
}

/**
 * isolation_shared - of shared memory each process sees what the other one writes
 */
void isolation_shared(unsigned int seed)
{
	struct words words;
	size_t bytes = PAGES * sysconf(_SC_PAGESIZE);
	void *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t child;

	(void)seed;
	if (start == MAP_FAILED || words_adopt(&words, start, PAGES))
		bail("shared pages");
	child = child_start_stopped(share, &words);
	write_every_other(&words, 0, PARENT);
	child_resume(child);
	ok(!child_wait(child), "shared memory: a child finds what its parent writes");
	expect_every_other(&words, 1, CHILD);
	ok(!words_wrong(&words), "and its parent what the child writes");
	words_free(&words);
}

/* Its parent has written pages of its own, and then the file was. */
static int look_at_file(void *argument)
{
	struct words *words = argument;

	expect_every_other(words, 1, LATER);
	return words_wrong(words) != 0;
}

/* The same words, as another mapping of the file has them. */
static struct words mapping_of(int fd, int flags, const struct words *file)
{
	struct words words = *file;
	size_t bytes = words.pages.count * words.pages.bytes;

	words.must = malloc(words.pages.count * sizeof(*words.must));
	words.pages.start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
	if (words.pages.start == MAP_FAILED || !words.must)
		bail("a mapping of a file");
	memcpy(words.must, file->must, words.pages.count * sizeof(*words.must));
	return words;
}

/**
 * isolation_private_file - a file in private mappings
 *
 * What lies beside pages that are written goes on to be the file's.
 */
void isolation_private_file(unsigned int seed)
{
	size_t bytes = PAGES * sysconf(_SC_PAGESIZE);
	int fd = memfd_create("cow_test", MFD_CLOEXEC);
	void *start;
	struct words file, private;

	(void)seed;
	if (fd < 0 || ftruncate(fd, bytes))
		bail("a file");
	start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (start == MAP_FAILED || words_adopt(&file, start, PAGES))
		bail("a file's pages");
	for (int read_before = 0; read_before <= 1; read_before++) {
		const char *which = read_before ? "read before" : "never read before";
		pid_t child;

		private = mapping_of(fd, MAP_PRIVATE, &file);
		if (read_before)
			pages_read(&private.pages);
		child = child_start_stopped(look_at_file, &private);
		write_every_other(&private, 0, PARENT);
		ok(!words_wrong(&file), "a private mapping of a file, %s, is written: the file is "
		   "not", which);
		write_every_other(&file, 1, LATER);
		expect_every_other(&private, 1, LATER);
		ok(!words_wrong(&private), "then the file is: pages between those that were "
		   "written in private follow it");
		child_resume(child);
		ok(!child_wait(child), "and so do a child's, all of them");
		write_every_other(&file, 1, 0);
		words_free(&private);
	}
	words_free(&file);
	close(fd);
}

static int write_some(void *words)
{
	write_every_other(words, 1, CHILD);
	return words_wrong(words) != 0;
}

static void check_huge(void *start)
{
	struct words words;
	pid_t child;

	if (words_adopt(&words, start, HUGE * PAGES_OF_HUGE))
		bail("pages of hugetlbfs");
	child = child_start_stopped(write_some, &words);
	write_every_other(&words, 0, PARENT);
	child_resume(child);
	ok(!child_wait(child), "pages of hugetlbfs: a child finds what it wrote");
	ok(!words_wrong(&words), "and so does its parent");
	words_free(&words);
}

/**
 * isolation_hugetlb - huge pages of hugetlbfs
 */
void isolation_hugetlb(unsigned int seed)
{
	long pages = setting_read(HUGE_PAGES);
	void *start = MAP_FAILED;

	(void)seed;
	setting_write(HUGE_PAGES, pages + HUGE_WANTED);
	if (setting_read(HUGE_FREE) >= HUGE_WANTED)
		start = mmap(NULL, HUGE * PAGES_OF_HUGE * sysconf(_SC_PAGESIZE),
			     PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB,
			     -1, 0);
	if (start == MAP_FAILED)
		skip("pages of hugetlbfs: there are too few");
	else
		check_huge(start);
	setting_write(HUGE_PAGES, pages);
}
