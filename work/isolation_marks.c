// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "child.h"
#include "isolation.h"
#include "pagemap.h"
#include "setting.h"
#include "tap.h"
#include "words.h"

#define KSM_RUN		"/sys/kernel/mm/ksm/run"
#define KSM_PAGES	"/sys/kernel/mm/ksm/pages_to_scan"
#define KSM_SCANS	"/sys/kernel/mm/ksm/full_scans"
#define KSM_MERGED	"/proc/self/ksm_merging_pages"

enum {
	PAGES = 512,
	WRITTEN = 64,
	KSM_TRIES = 200,
	KSM_TRY_US = 50000,
	KSM_SETTLED_SCANS = 3,
	/* Of /proc/kpageflags; the kernel's own headers have it. */
	FLAG_MLOCKED = 33,
};

static int look(void *words)
{
	return words_wrong(words) != 0;
}

struct guard {
	int fd;
	size_t page_bytes;
	atomic_int events;
};

static int protect(int fd, volatile char *start, size_t bytes, bool protected)
{
	struct uffdio_writeprotect range = {
		.range = { (uintptr_t)start, bytes },
		.mode = protected ? UFFDIO_WRITEPROTECT_MODE_WP : 0,
	};

	return ioctl(fd, UFFDIO_WRITEPROTECT, &range);
}

/* Lets every write pass, one page at a time, and counts them. */
static void *let_pass(void *argument)
{
	struct guard *guard = argument;
	struct uffd_msg message;

	while (read(guard->fd, &message, sizeof(message)) == sizeof(message)) {
		uintptr_t address = message.arg.pagefault.address;

		guard->events++;
		address -= address % guard->page_bytes;
		if (protect(guard->fd, (volatile char *)address, guard->page_bytes, false))
			bail("letting a write pass");
	}
	return NULL;
}

/* A userfaultfd that is told of writes to protected pages, or -1. */
static int open_guard(const struct words *words)
{
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	struct uffdio_api api = {
		.api = UFFD_API,
		.features = UFFD_FEATURE_PAGEFAULT_FLAG_WP,
	};
	struct uffdio_register pages = {
		.range = { (uintptr_t)words->pages.start, words->pages.count * words->pages.bytes },
		.mode = UFFDIO_REGISTER_MODE_WP,
	};

	if (fd >= 0 && !ioctl(fd, UFFDIO_API, &api) && !ioctl(fd, UFFDIO_REGISTER, &pages))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* The pages are protected, and then the first of them are written. */
static void guard_all(struct words *words, struct guard *guard)
{
	pid_t child;
	size_t left;

	if (protect(guard->fd, words->pages.start, PAGES * words->pages.bytes, true))
		bail("protecting pages");
	child = child_start_stopped(look, words);
	for (size_t page = 0; page < WRITTEN; page++)
		words_write(words, page, 1);
	left = pagemap_count(words, WRITTEN, 1, PAGEMAP_WRITE_PROTECTED);
	ok(guard->events == WRITTEN, "%d writes to pages that userfaultfd protects: %d events",
	   WRITTEN, guard->events);
	ok(left == PAGES - WRITTEN, "and %zu of %d pages that were not written are protected yet",
	   left, PAGES - WRITTEN);
	child_resume(child);
	ok(!child_wait(child) && !words_wrong(words), "and each process finds what it wrote");
}

/* Every other page is protected, and those between are written, then they themselves. */
static void guard_every_other(struct words *words, struct guard *guard)
{
	pid_t child;
	size_t left;

	guard->events = 0;
	if (protect(guard->fd, words->pages.start, PAGES * words->pages.bytes, false))
		bail("letting pages go");
	for (size_t page = 1; page < PAGES; page += 2)
		if (protect(guard->fd, words->pages.start + page * words->pages.bytes,
			    words->pages.bytes, true))
			bail("protecting page %zu", page);
	child = child_start_stopped(look, words);
	for (size_t page = 0; page < PAGES; page += 2)
		words_write(words, page, 2);
	left = pagemap_count(words, 1, 2, PAGEMAP_WRITE_PROTECTED);
	ok(!guard->events && left == PAGES / 2, "writes between protected pages: %d events, and "
	   "%zu of %d are protected yet", guard->events, left, PAGES / 2);
	for (size_t page = 1; page < PAGES; page += 2)
		words_write(words, page, 3);
	ok(guard->events == PAGES / 2, "writes to these: %d of %d events", guard->events,
	   PAGES / 2);
	child_resume(child);
	ok(!child_wait(child) && !words_wrong(words), "and each process finds what it wrote");
}

/**
 * isolation_userfaultfd - pages that userfaultfd protects from writes
 */
void isolation_userfaultfd(unsigned int seed)
{
	struct words words;
	struct guard guard = { 0 };
	pthread_t thread;

	(void)seed;
	if (words_fill(&words, PAGES, false))
		bail("pages");
	guard.fd = open_guard(&words);
	guard.page_bytes = words.pages.bytes;
	if (guard.fd < 0) {
		skip("userfaultfd's write protection: %s", strerror(errno));
		words_free(&words);
		return;
	}
	if (pthread_create(&thread, NULL, let_pass, &guard))
		bail("a thread");
	guard_all(&words, &guard);
	guard_every_other(&words, &guard);
	pthread_cancel(thread);
	pthread_join(thread, NULL);
	close(guard.fd);
	words_free(&words);
}

static bool await_merged(long wanted)
{
	for (int i = 0; i < KSM_TRIES && setting_read(KSM_MERGED) < wanted; i++)
		usleep(KSM_TRY_US);
	return setting_read(KSM_MERGED) >= wanted;
}

/* Until whatever ksmd has to say of pages that were written it has said. */
static void await_scans(void)
{
	long enough = setting_read(KSM_SCANS) + KSM_SETTLED_SCANS;

	for (int i = 0; i < KSM_TRIES && setting_read(KSM_SCANS) < enough; i++)
		usleep(KSM_TRY_US);
}

/* What is merged here has more than one place: an entry says if a page has but one. */
static void write_merged(struct words *words)
{
	size_t before, left, written;
	long merged;

	/* While it scans it might merge or leave pages of its own accord. */
	setting_write(KSM_RUN, 0);
	merged = setting_read(KSM_MERGED);
	before = pagemap_count(words, 0, 1, PAGEMAP_EXCLUSIVE);
	for (size_t page = 0; page < WRITTEN; page++)
		words_write(words, page, 1);
	left = pagemap_count(words, 0, 1, PAGEMAP_EXCLUSIVE);
	written = left - pagemap_count(words, WRITTEN, 1, PAGEMAP_EXCLUSIVE);
	ok(!before && written == WRITTEN && left == written,
	   "%d pages of %d that KSM has merged are written: %zu of these leave it, and %zu of the "
	   "others", WRITTEN, PAGES, written, left - written);
	setting_write(KSM_RUN, 1);
	await_scans();
	merged -= setting_read(KSM_MERGED);
	ok(merged == WRITTEN, "and %ld fewer are merged", merged);
}

/**
 * isolation_ksm - pages that KSM has merged
 */
void isolation_ksm(unsigned int seed)
{
	long run = setting_read(KSM_RUN), scan = setting_read(KSM_PAGES);
	struct words words = { .must = calloc(PAGES, sizeof(*words.must)) };
	void *start;
	size_t bytes;

	(void)seed;
	/* Filled by that, all pages are the same. */
	if (!words.must || pages_fill(&words.pages, PAGES, false))
		bail("pages");
	start = (void *)words.pages.start;
	bytes = PAGES * words.pages.bytes;
	if (madvise(start, bytes, MADV_MERGEABLE) || setting_read(KSM_MERGED) < 0 ||
	    !setting_write(KSM_PAGES, 10 * PAGES) || !setting_write(KSM_RUN, 1)) {
		skip("pages that KSM has merged: not with this kernel or these rights");
	} else {
		if (await_merged(PAGES))
			write_merged(&words);
		else
			skip("pages that KSM has merged: %ld of %d are", setting_read(KSM_MERGED),
			     PAGES);
		setting_write(KSM_RUN, run);
		setting_write(KSM_PAGES, scan);
		madvise(start, bytes, MADV_UNMERGEABLE);
	}
	words_free(&words);
}

/* What the kernel says of a page's frame; 0 without the right to know. */
static uint64_t frame_flags(const struct words *words, size_t page)
{
	int fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	uint64_t flags = 0, frame = pagemap_of(words, page) & PAGEMAP_FRAME;

	if (fd < 0 || pread(fd, &flags, sizeof(flags), frame * sizeof(flags)) != sizeof(flags))
		flags = 0;
	if (fd >= 0)
		close(fd);
	return flags;
}

static bool is_locked(const struct words *words, size_t page)
{
	return frame_flags(words, page) >> FLAG_MLOCKED & 1;
}

/* VmLck of this process in kB. */
static long locked_kb(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	char line[256];
	long kb = -1;

	while (status && fgets(line, sizeof(line), status))
		sscanf(line, "VmLck: %ld", &kb);
	if (status)
		fclose(status);
	return kb;
}

static int write_all(void *argument)
{
	struct words *words = argument;

	for (size_t page = 0; page < PAGES; page++)
		words_write(words, page, 2);
	return words_wrong(words) != 0;
}

/**
 * isolation_mlock - locked pages, which a child does not inherit as such
 */
void isolation_mlock(unsigned int seed)
{
	struct words words;
	long before, after;
	size_t locked = 0, present;
	bool told;
	pid_t child;

	(void)seed;
	if (words_fill(&words, PAGES, false))
		bail("pages");
	if (mlock((void *)words.pages.start, PAGES * words.pages.bytes)) {
		skip("locked pages: %s", strerror(errno));
		words_free(&words);
		return;
	}
	told = is_locked(&words, PAGES - 1);
	before = locked_kb();
	child = child_start_stopped(write_all, &words);
	for (size_t page = 0; page < PAGES / 2; page++)
		words_write(&words, page, 1);
	after = locked_kb();
	ok(after == before, "locked pages are written while a child has them: %ld of %ld kB stay "
	   "locked", after, before);
	for (size_t page = 0; page < PAGES; page++)
		locked += is_locked(&words, page);
	if (told)
		ok(locked == PAGES, "and the kernel may swap out none of them (%zu of %d)",
		   PAGES - locked, PAGES);
	else
		skip("and the kernel may swap out none of them: it does not tell");
	present = pagemap_count(&words, 0, 1, PAGEMAP_PRESENT);
	ok(present == PAGES, "and %zu of %d pages stay in memory", present, PAGES);
	child_resume(child);
	ok(!child_wait(child) && !words_wrong(&words), "and each process finds what it wrote");
	words_free(&words);
}

static bool is_written(size_t page)
{
	return page < PAGES / 4 || (page < PAGES / 2 && page % 2);
}

/**
 * isolation_soft_dirty - which pages the kernel says were written since one asked
 *
 * Of those that nobody wrote some may be said to be.  That costs whoever saves them, but
 * is not wrong: so they are only counted.
 */
void isolation_soft_dirty(unsigned int seed)
{
	struct words words;
	size_t missing = 0, extra = 0;
	pid_t child;

	(void)seed;
	if (words_fill(&words, PAGES, false))
		bail("pages");
	child = child_start_stopped(look, &words);
	if (!(pagemap_of(&words, 0) & PAGEMAP_SOFT_DIRTY) ||
	    !setting_write("/proc/self/clear_refs", 4) ||
	    pagemap_count(&words, 0, 1, PAGEMAP_SOFT_DIRTY)) {
		skip("soft-dirty pages: this kernel does not know them");
		child_end(child);
		words_free(&words);
		return;
	}
	for (size_t page = 0; page < PAGES; page++)
		if (is_written(page))
			words_write(&words, page, 1);
	for (size_t page = 0; page < PAGES; page++) {
		bool dirty = pagemap_of(&words, page) & PAGEMAP_SOFT_DIRTY;

		missing += is_written(page) && !dirty;
		extra += !is_written(page) && dirty;
	}
	ok(!missing, "all pages that are written are soft-dirty (%zu are not; %zu are that nobody "
	   "wrote)", missing, extra);
	child_resume(child);
	ok(!child_wait(child) && !words_wrong(&words), "and each process finds what it wrote");
	words_free(&words);
}
