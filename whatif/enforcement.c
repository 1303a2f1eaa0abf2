// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "enforcement.h"
#include "page_ids.h"

/* Of stat(2), always. */
enum { BLOCK_BYTES = 512 };

/**
 * struct memory - the buffer, and whoever handles its faults
 * @enforcement: what is asked for
 * @page_bytes: of this machine's pages, each of which stands for one of the trace
 * @bytes: of the buffer
 * @buffer: what the program accesses
 * @file: its pages that are in memory
 * @store: those that are not
 * @faults: where the kernel tells of faults
 * @ended: where the program tells that it has ended
 * @seen: what the policy takes for the trace: what faulted until now
 * @runs: of @seen
 * @state: of the policy
 * @evictions: that it tells
 * @mapped: the page that the program has in its page table, if the policy must see hits
 * @stored: by page, is it in @store?
 * @resident: by page, is it in @file?
 * @copy: a page on its way
 */
struct memory {
	struct enforcement *enforcement;
	size_t page_bytes;
	size_t bytes;
	char *buffer;
	int file;
	FILE *store;
	int faults;
	int ended;
	struct trace seen;
	struct run *runs;
	void *state;
	struct evictions evictions;
	uint32_t mapped;
	uint8_t *stored;
	uint8_t *resident;
	char *copy;
};

/* All others count what repeats, or time by it, or must know what comes. */
bool enforcement_can(const struct policy *policy)
{
	return policy == &policy_fifo || policy == &policy_lru || policy == &policy_clock ||
	       policy == &policy_two_queue || policy == &policy_mglru;
}

static bool sees_hits(const struct policy *policy)
{
	return policy != &policy_fifo;
}

/* ---- Faults ---- */

static void transfer(ssize_t bytes, const struct memory *memory)
{
	if (bytes != (ssize_t)memory->page_bytes)
		err(EXIT_FAILURE, "a page could not be stored or fetched");
}

/* What is taken out of the file goes out of the program's page table, too. */
static void evict(struct memory *memory, uint32_t page)
{
	off_t at = (off_t)(page * memory->page_bytes);
	int store = fileno(memory->store);

	transfer(pread(memory->file, memory->copy, memory->page_bytes, at), memory);
	transfer(pwrite(store, memory->copy, memory->page_bytes, at), memory);
	if (fallocate(memory->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at,
		      (off_t)memory->page_bytes))
		err(EXIT_FAILURE, "a page could not be freed");
	memory->stored[page] = true;
	memory->resident[page] = false;
}

static void fetch(struct memory *memory, uint32_t page)
{
	struct uffdio_copy copy = {
		.dst = (uintptr_t)memory->buffer + page * memory->page_bytes,
		.src = (uintptr_t)memory->copy,
		.len = memory->page_bytes,
	};

	memset(memory->copy, 0, memory->page_bytes);
	if (memory->stored[page])
		transfer(pread(fileno(memory->store), memory->copy, memory->page_bytes,
			       (off_t)(page * memory->page_bytes)), memory);
	memory->resident[page] = true;
	if (ioctl(memory->faults, UFFDIO_COPY, &copy))
		err(EXIT_FAILURE, "UFFDIO_COPY");
}

static void let_continue(struct memory *memory, uint32_t page)
{
	struct uffdio_continue range = {
		.range.start = (uintptr_t)memory->buffer + page * memory->page_bytes,
		.range.len = memory->page_bytes,
	};

	if (ioctl(memory->faults, UFFDIO_CONTINUE, &range))
		err(EXIT_FAILURE, "UFFDIO_CONTINUE");
}

/* The next access to the page that was the last one will be seen, if it comes after another. */
static void unmap_last(struct memory *memory)
{
	if (memory->mapped != PAGE_NONE &&
	    madvise(memory->buffer + memory->mapped * memory->page_bytes, memory->page_bytes,
		    MADV_DONTNEED))
		err(EXIT_FAILURE, "MADV_DONTNEED");
}

static uint64_t pages_in_memory(const struct memory *memory)
{
	struct stat status;

	if (fstat(memory->file, &status))
		err(EXIT_FAILURE, "memory");
	return (uint64_t)status.st_blocks * BLOCK_BYTES / memory->page_bytes;
}

static void handle(struct memory *memory, uint32_t page, bool missing)
{
	struct enforcement *enforcement = memory->enforcement;
	uint64_t now = memory->seen.header.runs++, there;
	bool foreseen;

	/* A kernel that is short of memory takes pages out of page tables on its own account. */
	if (now == enforcement->trace->header.runs)
		errx(EXIT_FAILURE, "more faults than accesses: the machine is short of memory");
	memory->runs[now] = (struct run){ page, 1 };
	memory->evictions.count = 0;
	foreseen = enforcement->policy->replay(memory->state, now, now + 1) == missing;
	if (memory->evictions.failed)
		err(EXIT_FAILURE, "memory");
	enforcement->unforeseen += !foreseen;
	enforcement->faults += missing;
	if (sees_hits(enforcement->policy)) {
		unmap_last(memory);
		memory->mapped = page;
	}
	for (uint64_t i = 0; i < memory->evictions.count; i++)
		evict(memory, memory->evictions.all[i].page);
	if (missing)
		fetch(memory, page);
	else
		let_continue(memory, page);
	there = pages_in_memory(memory);
	if (there > enforcement->most)
		enforcement->most = there;
}

static void *handle_all(void *argument)
{
	struct memory *memory = argument;
	struct pollfd polled[] = {
		{ .fd = memory->faults, .events = POLLIN }, { .fd = memory->ended, .events = POLLIN },
	};
	struct uffd_msg message;

	for (;;) {
		if (poll(polled, 2, -1) < 0 && errno != EINTR)
			err(EXIT_FAILURE, "poll");
		if (polled[1].revents)
			return NULL;
		if (read(memory->faults, &message, sizeof(message)) != sizeof(message))
			continue;
		handle(memory, (uint32_t)((message.arg.pagefault.address -
					   (uintptr_t)memory->buffer) / memory->page_bytes),
		       !(message.arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_MINOR));
	}
}

/* ---- The program ---- */

/* Counts in each page how often that was written. */
static void access_all(struct memory *memory)
{
	const struct trace *trace = memory->enforcement->trace;
	volatile uint64_t *word;
	struct run run;

	for (uint64_t i = 0; i < trace->header.runs; i++) {
		run = trace->runs[i];
		word = (volatile uint64_t *)(memory->buffer + run.page * memory->page_bytes);
		if (run.count & RUN_WRITTEN)
			++*word;
		else
			(void)*word;
		for (uint32_t more = run_accesses(run); more > 1; more--)
			(void)*word;
	}
}

/* Looks where pages are, for an access would fault. */
static uint64_t count_damaged(struct memory *memory)
{
	const struct trace *trace = memory->enforcement->trace;
	uint64_t damaged = 0, found, *written = calloc(trace->header.pages, sizeof(*written));
	int fd;

	if (!written)
		err(EXIT_FAILURE, "memory");
	for (uint64_t i = 0; i < trace->header.runs; i++)
		written[trace->runs[i].page] += !!(trace->runs[i].count & RUN_WRITTEN);
	for (uint64_t page = 0; page < trace->header.pages; page++) {
		fd = memory->resident[page] ? memory->file : fileno(memory->store);
		if (pread(fd, &found, sizeof(found), (off_t)(page * memory->page_bytes)) !=
		    sizeof(found) || found != written[page])
			damaged++;
	}
	free(written);
	return damaged;
}

/* ---- Both ---- */

static bool watch(struct memory *memory)
{
	struct uffdio_api api = {
		.api = UFFD_API,
		.features = UFFD_FEATURE_MISSING_SHMEM | UFFD_FEATURE_MINOR_SHMEM,
	};
	struct uffdio_register range = {
		.range.start = (uintptr_t)memory->buffer,
		.range.len = memory->bytes,
		.mode = UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_MINOR,
	};

	/* Of faults in the program only: for those anybody may ask. */
	memory->faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY);
	return memory->faults >= 0 && ioctl(memory->faults, UFFDIO_API, &api) == 0 &&
	       ioctl(memory->faults, UFFDIO_REGISTER, &range) == 0;
}

static bool make_policy(struct memory *memory)
{
	const struct enforcement *enforcement = memory->enforcement;
	const struct trace_header *header = &enforcement->trace->header;
	struct policy_options options = {
		.frames = enforcement->frames < header->pages ? enforcement->frames :
			  (uint32_t)header->pages,
		.evictions = &memory->evictions,
	};

	/* Of what the program does there are no more faults than runs; handle() sees to it. */
	memory->runs = calloc(header->runs, sizeof(*memory->runs));
	memory->seen = (struct trace){ .runs = memory->runs };
	memory->seen.header.pages = header->pages;
	memory->state = enforcement->policy->create(&memory->seen, &options);
	return memory->runs && memory->state;
}

static bool make_memory(struct memory *memory, struct enforcement *enforcement)
{
	uint64_t pages = enforcement->trace->header.pages;

	*memory = (struct memory){
		.enforcement = enforcement,
		.page_bytes = (size_t)sysconf(_SC_PAGESIZE),
		.buffer = MAP_FAILED,
		.file = -1,
		.faults = -1,
		.ended = -1,
		.mapped = PAGE_NONE,
	};
	memory->bytes = pages * memory->page_bytes;
	memory->stored = calloc(pages, sizeof(*memory->stored));
	memory->resident = calloc(pages, sizeof(*memory->resident));
	memory->copy = malloc(memory->page_bytes);
	if (!memory->stored || !memory->resident || !memory->copy || !make_policy(memory))
		return false;
	memory->store = tmpfile();
	memory->ended = eventfd(0, EFD_CLOEXEC);
	memory->file = memfd_create("enforced", MFD_CLOEXEC);
	if (!memory->store || memory->ended < 0 || memory->file < 0 ||
	    ftruncate(memory->file, (off_t)memory->bytes))
		return false;
	memory->buffer = mmap(NULL, memory->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory->file,
			      0);
	return memory->buffer != MAP_FAILED && watch(memory);
}

static void free_memory(struct memory *memory)
{
	if (memory->faults >= 0)
		close(memory->faults);
	if (memory->buffer != MAP_FAILED)
		munmap(memory->buffer, memory->bytes);
	if (memory->file >= 0)
		close(memory->file);
	if (memory->ended >= 0)
		close(memory->ended);
	if (memory->store)
		fclose(memory->store);
	free(memory->evictions.all);
	free(memory->state);
	free(memory->runs);
	free(memory->copy);
	free(memory->resident);
	free(memory->stored);
}

bool enforcement_run(struct enforcement *enforcement)
{
	struct memory memory;
	pthread_t handler;
	bool good;
	int error;

	enforcement->faults = enforcement->unforeseen = enforcement->most = 0;
	good = make_memory(&memory, enforcement);
	if (good) {
		errno = pthread_create(&handler, NULL, handle_all, &memory);
		good = !errno;
	}
	if (good) {
		access_all(&memory);
		eventfd_write(memory.ended, 1);
		pthread_join(handler, NULL);
		enforcement->damaged = count_damaged(&memory);
	}
	error = errno;
	free_memory(&memory);
	errno = error;
	return good;
}
