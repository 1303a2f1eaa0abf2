// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "enforcement.h"

/**
 * struct memory - the buffer, and whoever handles its faults
 * @enforcement: what is asked for
 * @pager: handles them
 * @page_bytes: of this machine's pages, each of which stands for one of the trace
 * @bytes: of the buffer
 * @buffer: what the program accesses
 * @ended: where the program tells that it has ended
 */
struct memory {
	struct enforcement *enforcement;
	struct pager pager;
	size_t page_bytes;
	size_t bytes;
	char *buffer;
	int ended;
};

/* All others count what repeats, or time by it, or must know what comes. */
bool enforcement_can(const struct policy *policy)
{
	return policy == &policy_fifo || policy == &policy_lru || policy == &policy_clock ||
	       policy == &policy_two_queue || policy == &policy_mglru;
}

static void *handle_all(void *argument)
{
	struct memory *memory = argument;

	pager_serve(&memory->pager, memory->ended);
	return NULL;
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

/* Looks where pages are, for an access would fault.  The trace has them in the same order. */
static uint64_t count_damaged(const struct memory *memory)
{
	const struct trace *trace = memory->enforcement->trace;
	uint64_t damaged = 0, *written = calloc(trace->header.pages, sizeof(*written));

	if (!written)
		err(EXIT_FAILURE, "memory");
	for (uint64_t i = 0; i < trace->header.runs; i++)
		written[trace->runs[i].page] += !!(trace->runs[i].count & RUN_WRITTEN);
	for (uint32_t page = 0; page < trace->header.pages; page++)
		damaged += pager_read(&memory->pager, page) != written[page];
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
	memory->pager.uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY);
	return memory->pager.uffd >= 0 && ioctl(memory->pager.uffd, UFFDIO_API, &api) == 0 &&
	       ioctl(memory->pager.uffd, UFFDIO_REGISTER, &range) == 0;
}

static bool make_memory(struct memory *memory, struct enforcement *enforcement)
{
	const struct trace_header *header = &enforcement->trace->header;
	struct pager *pager = &memory->pager;

	*memory = (struct memory){
		.enforcement = enforcement,
		.page_bytes = (size_t)sysconf(_SC_PAGESIZE),
		.buffer = MAP_FAILED,
		.ended = -1,
	};
	memory->bytes = header->pages * memory->page_bytes;
	if (!pager_init(pager, enforcement->policy, enforcement->frames, (uint32_t)header->pages,
			header->runs))
		return false;
	memory->ended = eventfd(0, EFD_CLOEXEC);
	pager->file = memfd_create("enforced", MFD_CLOEXEC);
	if (memory->ended < 0 || pager->file < 0 || ftruncate(pager->file, (off_t)memory->bytes))
		return false;
	memory->buffer = mmap(NULL, memory->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, pager->file,
			      0);
	pager->start = (uintptr_t)memory->buffer;
	return memory->buffer != MAP_FAILED && watch(memory);
}

static void free_memory(struct memory *memory)
{
	if (memory->buffer != MAP_FAILED)
		munmap(memory->buffer, memory->bytes);
	if (memory->ended >= 0)
		close(memory->ended);
	pager_free(&memory->pager);
}

bool enforcement_run(struct enforcement *enforcement)
{
	struct memory memory;
	pthread_t handler;
	bool good;
	int error;

	good = make_memory(&memory, enforcement);
	if (good) {
		errno = pthread_create(&handler, NULL, handle_all, &memory);
		good = !errno;
	}
	if (good) {
		access_all(&memory);
		eventfd_write(memory.ended, 1);
		pthread_join(handler, NULL);
		enforcement->counts = memory.pager.counts;
		enforcement->damaged = count_damaged(&memory);
	}
	error = errno;
	free_memory(&memory);
	errno = error;
	return good;
}
