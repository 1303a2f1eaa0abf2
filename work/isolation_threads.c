// SPDX-License-Identifier: GPL-2.0
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "isolation.h"
#include "pages.h"
#include "tap.h"

enum {
	PAGES = 1024,
	WRITERS = 3,
	FORKS = 20,
	RUN_MAX = 200,
	TAKEN_MAX = 64,
	/* The word on each page that a child writes; those before it are the writers'. */
	CHILDS_WORD = WRITERS,
	WORDS,
	LOOK_US = 10000,
	TAKE_US = 200,
};

static struct {
	struct pages pages;
	unsigned int seed;
	atomic_bool stop;
	/* Words that were neither what their only writer wrote last, nor taken away. */
	atomic_size_t wrong;
	/* Held while pages are taken away for a moment: then nobody forks or looks. */
	pthread_mutex_t whole;
} memory = { .whole = PTHREAD_MUTEX_INITIALIZER };

static volatile uint32_t *word(size_t page, size_t index)
{
	return (volatile uint32_t *)(memory.pages.start + page * memory.pages.bytes) + index;
}

/*
 * Runs of pages, each a number of its own, so that one written earlier that shows again
 * is noticed: as a write is that went to a page which was then replaced by its copy.
 */
static void *write_runs(void *argument)
{
	size_t writer = (size_t)argument;
	unsigned int random = memory.seed + writer;
	static uint32_t last[WRITERS][PAGES];

	for (size_t page = 0; page < PAGES; page++)
		last[writer][page] = *word(page, writer);
	for (uint32_t number = 1; !memory.stop;) {
		size_t start = rand_r(&random) % PAGES, count = rand_r(&random) % RUN_MAX;

		for (size_t i = 0; i < count; i++, number++) {
			size_t page = (start + i) % PAGES;
			uint32_t found = *word(page, writer);

			memory.wrong += found && found != last[writer][page];
			last[writer][page] = number;
			*word(page, writer) = number;
			found = *word(page, writer);
			memory.wrong += found && found != number;
		}
	}
	return NULL;
}

static void remap(char *start, size_t bytes)
{
	munmap(start, bytes);
	if (mmap(start, bytes, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != start)
		bail("mapping %zu bytes again", bytes);
}

static void *take_away(void *unused)
{
	unsigned int random = memory.seed + WRITERS;

	(void)unused;
	while (!memory.stop) {
		size_t first = rand_r(&random) % PAGES, count = 1 + rand_r(&random) % TAKEN_MAX;
		char *start = (char *)memory.pages.start + first * memory.pages.bytes;
		size_t bytes = (first + count > PAGES ? PAGES - first : count) * memory.pages.bytes;

		pthread_mutex_lock(&memory.whole);
		switch (rand_r(&random) % 5) {
		case 0:
			madvise(start, bytes, MADV_DONTNEED);
			break;
		case 1:
			madvise(start, bytes, MADV_FREE);
			break;
		case 2:
			mprotect(start, bytes, PROT_READ);
			mprotect(start, bytes, PROT_READ | PROT_WRITE);
			break;
		case 3:
			mprotect(start, bytes, PROT_NONE);
			mprotect(start, bytes, PROT_READ | PROT_WRITE);
			break;
		case 4:
			remap(start, bytes);
			break;
		}
		pthread_mutex_unlock(&memory.whole);
		usleep(TAKE_US);
	}
	return NULL;
}

/* Who finds a page taken away tries again until it is there. */
static void try_again(int number, siginfo_t *info, void *unused)
{
	const char *start = (const char *)memory.pages.start;
	const char *address = info->si_addr;

	(void)unused;
	if (address < start || address >= start + PAGES * memory.pages.bytes)
		signal(number, SIG_DFL);
}

/* In a child, where no other thread is: returns whether any word changed under its eyes. */
static int keep_snapshot(void *number)
{
	uint32_t (*seen)[WRITERS] = malloc(PAGES * sizeof(*seen)), own = (size_t)number;
	bool wrong = !seen;

	signal(SIGSEGV, SIG_DFL);
	for (size_t page = 0; page < PAGES && seen; page++)
		for (size_t writer = 0; writer < WRITERS; writer++)
			seen[page][writer] = *word(page, writer);
	for (size_t page = 0; page < PAGES; page++)
		*word(page, CHILDS_WORD) = own;
	usleep(LOOK_US);
	for (size_t page = 0; page < PAGES && seen; page++) {
		wrong |= *word(page, CHILDS_WORD) != own;
		for (size_t writer = 0; writer < WRITERS; writer++)
			wrong |= *word(page, writer) != seen[page][writer];
	}
	return wrong;
}

/* Forks one after another; counts those that did not keep what they were born with. */
static int fork_snapshots(size_t *leaked)
{
	int changed = 0;

	for (size_t number = 1; number <= FORKS; number++) {
		pid_t child;

		pthread_mutex_lock(&memory.whole);
		child = child_start(keep_snapshot, (void *)number);
		pthread_mutex_unlock(&memory.whole);
		changed += child_wait(child) != 0;
		pthread_mutex_lock(&memory.whole);
		for (size_t page = 0; page < PAGES; page++)
			*leaked += *word(page, CHILDS_WORD) != 0;
		pthread_mutex_unlock(&memory.whole);
	}
	return changed;
}

/**
 * isolation_threads - threads write, while another takes pages away and the process forks
 */
void isolation_threads(unsigned int seed)
{
	const struct sigaction again = { .sa_sigaction = try_again, .sa_flags = SA_SIGINFO };
	struct sigaction before;
	pthread_t threads[WRITERS + 1];
	size_t leaked = 0;
	int changed;

	if (pages_fill(&memory.pages, PAGES, false))
		bail("pages");
	for (size_t page = 0; page < PAGES; page++)
		for (size_t index = 0; index < WORDS; index++)
			*word(page, index) = 0;
	memory.seed = seed * (WRITERS + 1);
	memory.stop = false;
	memory.wrong = 0;
	sigaction(SIGSEGV, &again, &before);
	for (size_t writer = 0; writer < WRITERS; writer++)
		if (pthread_create(&threads[writer], NULL, write_runs, (void *)writer))
			bail("a thread");
	if (pthread_create(&threads[WRITERS], NULL, take_away, NULL))
		bail("a thread");
	changed = fork_snapshots(&leaked);
	memory.stop = true;
	for (size_t i = 0; i <= WRITERS; i++)
		pthread_join(threads[i], NULL);
	sigaction(SIGSEGV, &before, NULL);

	ok(!changed, "%d snapshots of memory that %d threads write to and another takes away: "
	   "%d changed", FORKS, WRITERS, changed);
	ok(!leaked, "what these children write, the threads do not find (%zu words)", leaked);
	ok(!memory.wrong, "each thread finds what it wrote last, or nothing (%zu words else)",
	   memory.wrong);
	pages_free(&memory.pages);
}
