// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include "child.h"
#include "isolation.h"
#include "tap.h"
#include "words.h"

enum {
	/* As many as one call takes. */
	PAGES = 1024,
	INTO_CHILD = 1,
	INTO_PARENT,
	READ_APART,
	READ_AT_ONCE,
	REFUSED = 2,
};

/* One page after another, then every other one. */
static bool chosen(size_t page)
{
	return page < PAGES / 2 || page % 2;
}

static void expect(struct words *words, unsigned int writer)
{
	for (size_t page = 0; page < PAGES; page++)
		if (chosen(page))
			words->must[page] = words_of(page, writer);
}

/* Where a word of each chosen page is; returns how many they are. */
static int gather(const struct words *words, unsigned int writer, struct iovec *places,
		  uint32_t *values)
{
	int count = 0;

	for (size_t page = 0; page < PAGES; page++) {
		if (!chosen(page))
			continue;
		values[count] = words_of(page, writer);
		places[count++] = (struct iovec){ (void *)words_place(words, page),
						  sizeof(*values) };
	}
	return count;
}

typedef bool (*write_to)(pid_t pid, const struct words *words, unsigned int writer);

static bool by_process_vm_writev(pid_t pid, const struct words *words, unsigned int writer)
{
	struct iovec places[PAGES];
	uint32_t values[PAGES];
	int count = gather(words, writer, places, values);
	struct iovec all = { values, count * sizeof(*values) };

	return process_vm_writev(pid, &all, 1, places, count, 0) == (ssize_t)all.iov_len;
}

static bool by_proc_mem(pid_t pid, const struct words *words, unsigned int writer)
{
	struct iovec places[PAGES];
	uint32_t values[PAGES];
	int count = gather(words, writer, places, values), fd;
	char path[32];
	bool written = true;

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	for (int i = 0; i < count && written; i++)
		written = pwrite(fd, &values[i], sizeof(values[i]),
				 (off_t)(uintptr_t)places[i].iov_base) == sizeof(values[i]);
	close(fd);
	return written;
}

struct victim {
	struct words *words;
	/* Who will have written to it; 0: nobody. */
	unsigned int writer;
	write_to write;
};

static int look(void *argument)
{
	const struct victim *victim = argument;

	expect(victim->words, victim->writer);
	return words_wrong(victim->words) != 0;
}

static int write_to_parent(void *argument)
{
	const struct victim *victim = argument;

	if (!victim->write(getppid(), victim->words, victim->writer))
		return REFUSED;
	return words_wrong(victim->words) != 0;
}

/* One child is written to by its parent, which another child writes to; a third has nothing. */
static void write_to_others(const char *name, write_to write)
{
	struct words words;
	struct victim child = { &words, INTO_CHILD, write }, parent = { &words, INTO_PARENT, write };
	struct victim bystander = { &words, 0, write };

	if (words_fill(&words, PAGES, false))
		bail("pages");

	pid_t written = child_start_stopped(look, &child);
	pid_t holder = child_start_stopped(look, &bystander);

	if (write(written, &words, INTO_CHILD)) {
		child_resume(written);
		ok(!child_wait(written), "%s into a child's memory: it finds all of it", name);
		ok(!words_wrong(&words), "and its parent nothing");
	} else {
		skip("%s into a child's memory: %s", name, strerror(errno));
		child_end(written);
	}

	int status = child_wait(child_start(write_to_parent, &parent));

	if (status == REFUSED) {
		skip("%s into a parent's memory: it is refused", name);
	} else {
		expect(&words, INTO_PARENT);
		ok(!words_wrong(&words), "%s into a parent's memory: it finds all of it", name);
		ok(!status, "and the child that wrote it nothing");
	}
	child_resume(holder);
	ok(!child_wait(holder), "nor another child");
	words_free(&words);
}

/**
 * isolation_process_vm_writev - writes into another one's memory
 */
void isolation_process_vm_writev(unsigned int seed)
{
	(void)seed;
	write_to_others("process_vm_writev", by_process_vm_writev);
}

/**
 * isolation_proc_mem - writes into another one's memory, as debuggers do
 */
void isolation_proc_mem(unsigned int seed)
{
	(void)seed;
	write_to_others("/proc/PID/mem", by_proc_mem);
}

/* Files with what is to be read. */
struct source {
	struct words *words;
	/* A word for each chosen page. */
	int apart;
	/* All of the pages. */
	int at_once;
};

static int read_apart(void *argument)
{
	const struct source *source = argument;
	struct iovec places[PAGES];
	uint32_t values[PAGES];
	int count = gather(source->words, READ_APART, places, values);

	if (preadv(source->apart, places, count, 0) != (ssize_t)(count * sizeof(*values)))
		return REFUSED;
	expect(source->words, READ_APART);
	return words_wrong(source->words) != 0;
}

static int read_at_once(void *argument)
{
	const struct source *source = argument;
	struct words *words = source->words;
	ssize_t bytes = words->pages.count * words->pages.bytes;

	if (pread(source->at_once, (void *)words->pages.start, bytes, 0) != bytes)
		return REFUSED;
	for (size_t page = 0; page < PAGES; page++)
		words->must[page] = words_of(page, READ_AT_ONCE);
	return words_wrong(words) != 0;
}

static int file_with(const void *content, size_t bytes)
{
	int fd = memfd_create("cow_test", MFD_CLOEXEC);

	if (fd < 0 || pwrite(fd, content, bytes, 0) != (ssize_t)bytes)
		bail("a file with %zu bytes", bytes);
	return fd;
}

static void prepare(struct source *source, struct words *words)
{
	struct iovec places[PAGES];
	uint32_t values[PAGES];
	struct words image;
	int count = gather(words, READ_APART, places, values);

	if (words_fill(&image, PAGES, false))
		bail("pages");
	for (size_t page = 0; page < PAGES; page++)
		words_write(&image, page, READ_AT_ONCE);
	*source = (struct source){
		.words = words,
		.apart = file_with(values, count * sizeof(*values)),
		.at_once = file_with((const void *)image.pages.start, PAGES * image.pages.bytes),
	};
	words_free(&image);
}

/**
 * isolation_read - read(2) into memory that is shared
 */
void isolation_read(unsigned int seed)
{
	struct words words;
	struct source source;

	(void)seed;
	if (words_fill(&words, PAGES, false))
		bail("pages");
	prepare(&source, &words);
	ok(!child_wait(child_start(read_apart, &source)),
	   "a child that reads a word into each of some pages finds these there");
	ok(!words_wrong(&words), "and its parent does not");
	ok(!child_wait(child_start(read_at_once, &source)),
	   "a child that reads into all pages at once finds that there");
	ok(!words_wrong(&words), "and its parent does not");
	close(source.apart);
	close(source.at_once);
	words_free(&words);
}
