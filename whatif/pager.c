// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "page_ids.h"
#include "pager.h"

enum {
	/* Of stat(2), always. */
	BLOCK_BYTES = 512,
	/* Nothing that an instruction wants needs as many tries. */
	STUCK_MAX = 1000,
};

/**
 * enum state - where a page is
 * @UNUSED: nowhere: it is zeros
 * @STORED: not in memory
 * @RESIDENT: in memory
 * @MAPPED: likewise, and in the page table
 */
enum state {
	UNUSED,
	STORED,
	RESIDENT,
	MAPPED,
};

static bool sees_hits(const struct policy *policy)
{
	return policy != &policy_fifo;
}

/* ---- Pages on their way ---- */

static off_t offset_of(const struct pager *pager, uint32_t number)
{
	return (off_t)(pager->places[number] * pager->page_bytes);
}

static void transfer(ssize_t bytes, const struct pager *pager)
{
	if (bytes != (ssize_t)pager->page_bytes)
		err(EXIT_FAILURE, "a page could not be stored or fetched");
}

/* What is taken out of the file goes out of the page table, too. */
static void take_out(struct pager *pager, uint32_t number)
{
	off_t at = offset_of(pager, number);

	transfer(pread(pager->file, pager->copy, pager->page_bytes, at), pager);
	if (fallocate(pager->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at,
		      (off_t)pager->page_bytes))
		err(EXIT_FAILURE, "a page could not be freed");
}

static void evict(struct pager *pager, uint32_t number)
{
	take_out(pager, number);
	transfer(pwrite(fileno(pager->store), pager->copy, pager->page_bytes,
			offset_of(pager, number)), pager);
	pager->states[number] = STORED;
}

/* In another process's page table there is no other way. */
static void unmap(struct pager *pager, uint32_t number)
{
	take_out(pager, number);
	transfer(pwrite(pager->file, pager->copy, pager->page_bytes, offset_of(pager, number)),
		 pager);
	pager->states[number] = RESIDENT;
}

static void fetch(struct pager *pager, uint32_t number)
{
	struct uffdio_copy copy = {
		.dst = pager->start + (uint64_t)offset_of(pager, number),
		.src = (uintptr_t)pager->copy,
		.len = pager->page_bytes,
	};

	memset(pager->copy, 0, pager->page_bytes);
	if (pager->states[number] == STORED)
		transfer(pread(fileno(pager->store), pager->copy, pager->page_bytes,
			       offset_of(pager, number)), pager);
	/* Who is killed has no memory any more. */
	if (ioctl(pager->uffd, UFFDIO_COPY, &copy) && errno != ESRCH)
		err(EXIT_FAILURE, "UFFDIO_COPY");
}

static void let_continue(const struct pager *pager, uint32_t number)
{
	struct uffdio_continue range = {
		.range.start = pager->start + (uint64_t)offset_of(pager, number),
		.range.len = pager->page_bytes,
	};

	if (!ioctl(pager->uffd, UFFDIO_CONTINUE, &range) || errno == ESRCH)
		return;
	if (errno != EEXIST || ioctl(pager->uffd, UFFDIO_WAKE, &range.range))
		err(EXIT_FAILURE, "UFFDIO_CONTINUE");
}

/* The next access to a page that was the last one will be seen, if it comes after another. */
static void unmap_last(struct pager *pager)
{
	for (uint32_t i = 0; i < pager->mapped_count; i++)
		if (pager->states[pager->mapped[i]] == MAPPED)
			unmap(pager, pager->mapped[i]);
	pager->mapped_count = 0;
}

/* ---- Instructions that want several pages at once ---- */

/* Of who waits for its fault: the last word of the line. */
static uint64_t instruction(const struct pager *pager)
{
	char line[256], *word;
	ssize_t length;

	do {
		length = pread(pager->syscall, line, sizeof(line) - 1, 0);
		if (length <= 0)
			return 0;
		line[length] = '\0';
		word = strrchr(line, ' ');
	} while (!word);
	return strtoull(word, NULL, 16);
}

/* The same three times over: nothing moves on. */
static bool repeats(const struct pager_trap *traps, uint32_t period)
{
	for (uint32_t i = 1; i < period; i++)
		if (traps[i].instruction != traps[0].instruction)
			return false;
	return memcmp(traps, traps + period, 2 * period * sizeof(*traps)) == 0;
}

/* With one page at a time an instruction that wants two would not come to its end. */
static bool is_stuck(struct pager *pager, uint64_t address)
{
	struct pager_trap *traps = pager->traps;

	if (pager->syscall < 0)
		return false;
	memmove(traps + 1, traps, (PAGER_TRAPS - 1) * sizeof(*traps));
	traps[0] = (struct pager_trap){ address, instruction(pager) };
	for (uint32_t period = 2; period <= PAGER_PERIOD_MAX; period++)
		if (traps[3 * period - 1].address && repeats(traps, period)) {
			if (++pager->stuck == STUCK_MAX)
				errx(EXIT_FAILURE, "an instruction wants more pages at once than "
				     "there are frames: expected more of them");
			return pager->mapped_count < PAGER_PERIOD_MAX;
		}
	pager->stuck = 0;
	return false;
}

/* ---- Faults ---- */

static uint64_t pages_in_memory(const struct pager *pager)
{
	struct stat status;

	if (fstat(pager->file, &status))
		err(EXIT_FAILURE, "memory");
	return (uint64_t)status.st_blocks * BLOCK_BYTES / pager->page_bytes;
}

static uint32_t number_of(struct pager *pager, uint64_t address)
{
	uint32_t page = (uint32_t)((address - pager->start) / pager->page_bytes);

	if (pager->numbers[page] == PAGE_NONE) {
		pager->places[pager->seen.header.pages] = page;
		pager->numbers[page] = (uint32_t)pager->seen.header.pages++;
	}
	return pager->numbers[page];
}

/* True if it must be there, as the policy has it. */
static bool ask_policy(struct pager *pager, uint32_t number, bool written)
{
	uint64_t now = pager->seen.header.runs++;
	bool missing;

	if (now == pager->runs_max)
		errx(EXIT_FAILURE, "too many accesses");
	pager->seen.header.accesses++;
	pager->runs[now] = (struct run){ number, 1 | (written ? RUN_WRITTEN : 0) };
	pager->evictions.count = 0;
	missing = pager->policy->replay(pager->state, now, now + 1);
	if (pager->evictions.failed)
		err(EXIT_FAILURE, "memory");
	return !missing;
}

static void handle(struct pager *pager, uint64_t address, uint64_t flags)
{
	uint32_t number = number_of(pager, address);
	bool missing = !(flags & UFFD_PAGEFAULT_FLAG_MINOR), stuck, there_already;
	uint64_t there;

	/* A signal had it fault twice, or a kernel short of memory took it out of the table. */
	if (pager->states[number] == MAPPED) {
		let_continue(pager, number);
		return;
	}
	stuck = is_stuck(pager, address);
	there_already = ask_policy(pager, number, flags & UFFD_PAGEFAULT_FLAG_WRITE);
	pager->counts.unforeseen += there_already == missing;
	pager->counts.faults += missing;
	if (sees_hits(pager->policy)) {
		if (!stuck)
			unmap_last(pager);
		pager->mapped[pager->mapped_count++] = number;
	}
	for (uint64_t i = 0; i < pager->evictions.count; i++)
		evict(pager, pager->evictions.all[i].page);
	if (missing)
		fetch(pager, number);
	else
		let_continue(pager, number);
	pager->states[number] = MAPPED;
	there = pages_in_memory(pager);
	if (there > pager->counts.most)
		pager->counts.most = there;
}

/* Let an access go on that waits, if one does. */
static void handle_one(struct pager *pager)
{
	struct uffd_msg message;

	if (read(pager->uffd, &message, sizeof(message)) == sizeof(message) &&
	    message.event == UFFD_EVENT_PAGEFAULT)
		handle(pager, message.arg.pagefault.address, message.arg.pagefault.flags);
}

void pager_serve(struct pager *pager, int ended)
{
	struct pollfd polled[] = {
		{ .fd = pager->uffd, .events = POLLIN }, { .fd = ended, .events = POLLIN },
	};

	for (;;) {
		if (poll(polled, 2, -1) < 0 && errno != EINTR)
			err(EXIT_FAILURE, "poll");
		if (polled[1].revents)
			return;
		handle_one(pager);
	}
}

uint64_t pager_read(const struct pager *pager, uint32_t number)
{
	int fd = pager->states[number] == STORED ? fileno(pager->store) : pager->file;
	uint64_t word;

	if (pread(fd, &word, sizeof(word), offset_of(pager, number)) != sizeof(word))
		err(EXIT_FAILURE, "a page could not be read");
	return word;
}

/* ---- All ---- */

static bool make_policy(struct pager *pager)
{
	struct policy_options options = {
		.frames = pager->frames,
		.evictions = &pager->evictions,
	};
	struct trace trace = { .runs = pager->runs, .header.pages = pager->pages };

	pager->state = pager->policy->create(&trace, &options);
	return pager->state;
}

bool pager_init(struct pager *pager, const struct policy *policy, uint64_t frames, uint32_t pages,
		uint64_t runs)
{
	*pager = (struct pager){
		.policy = policy,
		.frames = frames < pages ? (uint32_t)frames : pages,
		.file = -1,
		.uffd = -1,
		.syscall = -1,
		.page_bytes = (size_t)sysconf(_SC_PAGESIZE),
		.pages = pages,
		.runs_max = runs,
	};
	/* Memory for those that come, at a place that stays. */
	pager->runs = mmap(NULL, runs * sizeof(*pager->runs), PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (pager->runs == MAP_FAILED)
		return false;
	pager->seen.runs = pager->runs;
	pager->numbers = malloc(pages * sizeof(*pager->numbers));
	pager->places = calloc(pages, sizeof(*pager->places));
	pager->states = calloc(pages, sizeof(*pager->states));
	pager->copy = malloc(pager->page_bytes);
	pager->store = tmpfile();
	if (!pager->numbers || !pager->places || !pager->states || !pager->copy || !pager->store)
		return false;
	memset(pager->numbers, 0xff, pages * sizeof(*pager->numbers));
	return make_policy(pager);
}

static void close_one(int fd)
{
	if (fd >= 0)
		close(fd);
}

void pager_free(struct pager *pager)
{
	close_one(pager->uffd);
	close_one(pager->file);
	close_one(pager->syscall);
	if (pager->store)
		fclose(pager->store);
	if (pager->runs != MAP_FAILED)
		munmap(pager->runs, pager->runs_max * sizeof(*pager->runs));
	free(pager->evictions.all);
	free(pager->state);
	free(pager->copy);
	free(pager->states);
	free(pager->places);
	free(pager->numbers);
}
