// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel has a count of copies of its own, which nobody here wrote: the delay
 * accounting's wpcopy_count, told by taskstats.  Over the same stretch of time the
 * module counts the same, huge pages of hugetlbfs included, but for first writes to
 * private file pages, which the kernel's count knows nothing of.
 *
 * The kernel leaves out a copy that took no time by its clock (delayacct_end()), which
 * an emulated machine's may make of any; the clock of this guest goes on with every
 * instruction.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "memory.h"
#include "module.h"
#include "precopy.h"
#include "tap.h"
#include "taskstats.h"
#include "times.h"

enum {
	PAGES = 1024,
	ODD_PAGES = 777,
	PART_PAGES = 111,
	THREADS = 3,
	HUGE_BYTES = 2 << 20,
	HUGE_COUNT = 5,
};

#define HUGE_SETTING	"/proc/sys/vm/nr_hugepages"

/* Shared by parent and child until the child writes to it. */
static volatile char *memory, *more_memory;
/* The same of huge pages, or NULL where the kernel has none. */
static volatile char *huge_memory;
/* A file of PAGES pages. */
static int pages_file;

/* Copies of all threads of a process since its birth, dead ones included. */
static long kernels_count(pid_t pid)
{
	struct taskstats stats;

	if (!taskstats_read_process(pid, &stats))
		bail("taskstats does not know process %d", (int)pid);
	return (long)stats.wpcopy_count;
}

/* Of what the kernel counts, too, and of first writes. */
struct copies {
	long comparable, first;
};

/* These the kernel copied as always, but the module does not count them as faults. */
static long copied_ahead(pid_t pid)
{
	long long pages = status_value(pid, "precopied");

	return pages == TIMES_NONE ? 0 : (long)pages;
}

static struct copies modules_count(pid_t pid)
{
	struct counters counters;
	long first;

	if (!status_read(pid, &counters) || counters.cow < 0)
		bail("no count of copies of process %d", (int)pid);
	first = counters.cow_kinds[FAULTLINE_FILE_FIRST];
	if (first < 0 || counters.cow_kinds[FAULTLINE_HUGETLB] < 0)
		bail("a kind is n/a");
	return (struct copies){ counters.cow - first + copied_ahead(pid), first };
}

/* What programs copy unasked, as long as a child lives: stack, heap, data of libraries. */
static void live(void)
{
	pid_t child = child_start(child_sleep, NULL);
	char *text;

	for (int i = 0; i < 100; i++) {
		if (asprintf(&text, "%0*d", 1000, i) < 0)
			bail("asprintf");
		setenv("FAULTLINE_TEST", text, 1);
		free(text);
	}
	child_end(child);
}

static void *write_own_part(void *index)
{
	memory_write(memory + (size_t)index * PART_PAGES * PAGE_BYTES, PART_PAGES);
	return NULL;
}

/* Threads one after another: the kernel's count is of attempts, and they would race. */
static void write_by_threads(void)
{
	pthread_t thread;

	for (size_t index = 0; index < THREADS; index++)
		if (pthread_create(&thread, NULL, write_own_part, (void *)index) ||
		    pthread_join(thread, NULL))
			bail("pthread_create");
}

static void write_zero_pages(void)
{
	volatile char *fresh = memory_map(PART_PAGES);

	memory_read(fresh, PART_PAGES);
	memory_write(fresh, PART_PAGES);
}

static volatile char *map_file(void)
{
	void *start = mmap(NULL, PAGES * PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE, pages_file,
			   0);

	if (start == MAP_FAILED)
		bail("mmap of a file");
	return start;
}

static void write_file_pages(void)
{
	volatile char *first = map_file(), *later = map_file();

	memory_write(first, ODD_PAGES);
	memory_read(later, PART_PAGES);
	memory_write(later, PART_PAGES);
}

/* Stops after each stretch that is to be compared. */
static int copy_in_stretches(void *unused)
{
	(void)unused;
	live();
	raise(SIGSTOP);
	memory_write(memory, ODD_PAGES);
	raise(SIGSTOP);
	memory_write(memory + ODD_PAGES * PAGE_BYTES, PAGES - ODD_PAGES);
	raise(SIGSTOP);
	write_zero_pages();
	raise(SIGSTOP);
	memory = more_memory;
	write_by_threads();
	raise(SIGSTOP);
	write_file_pages();
	raise(SIGSTOP);
	for (size_t page = 0; huge_memory && page < HUGE_COUNT; page++)
		huge_memory[page * HUGE_BYTES] = 1;
	raise(SIGSTOP);
	return 0;
}

/* Until then a thread on its way out counts twice in taskstats. */
static bool is_single_threaded(void *pid)
{
	struct counters counters;

	return status_read(*(pid_t *)pid, &counters) && counters.threads == 1;
}

/*
 * Lets the child run to its next stop; it must copy so many pages at least, and so many
 * besides that only the module counts.
 */
static void compare(pid_t child, long least, long first, const char *what)
{
	struct copies before = modules_count(child), after;
	long kernels = kernels_count(child), modules;

	child_resume(child);
	if (waitpid(child, NULL, WUNTRACED) != child || !wait_until(is_single_threaded, &child))
		bail("the child does not stop");
	kernels = kernels_count(child) - kernels;
	after = modules_count(child);
	modules = after.comparable - before.comparable;
	ok(kernels == modules && modules >= least, "%s: the kernel counts %ld, the module %ld",
	   what, kernels, modules);
	if (first)
		ok(after.first - before.first == first, "and %ld first writes: %ld", first,
		   after.first - before.first);
}

/* The next stretch is copied ahead for the most part. */
static void ahead(pid_t child)
{
	long before = copied_ahead(child);

	if (!precopy_available()) {
		compare(child, PAGES - ODD_PAGES, 0, "247 pages written");
		skip("247 pages copied ahead: this kernel has no engine for that");
		return;
	}
	if (precopy_set(child, "auto"))
		bail("P %d", (int)child);
	compare(child, PAGES - ODD_PAGES, 0, "247 pages written, and most of them copied ahead");
	ok(copied_ahead(child) - before > (PAGES - ODD_PAGES) / 2, "which were %ld",
	   copied_ahead(child) - before);
	if (precopy_set(child, "off"))
		bail("P %d off", (int)child);
}

static void fill_file(void)
{
	static char page[PAGE_BYTES];

	pages_file = open("/tmp", O_TMPFILE | O_RDWR, 0600);
	for (int i = 0; i < PAGES; i++)
		if (write(pages_file, page, sizeof(page)) != sizeof(page))
			bail("a file in /tmp");
}

static void fill_huge(const char *count)
{
	FILE *setting = fopen(HUGE_SETTING, "we");

	if (!setting || fputs(count, setting) < 0 || fclose(setting))
		return;
	huge_memory = mmap(NULL, HUGE_COUNT * HUGE_BYTES, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	if (huge_memory == MAP_FAILED)
		bail("mmap of huge pages");
	for (size_t page = 0; page < HUGE_COUNT; page++)
		huge_memory[page * HUGE_BYTES] = 1;
}

int main(void)
{
	pid_t child;

	/* Read at fork: it must be set before the child is born. */
	if (!taskstats_account_delays("1")) {
		skip("copies equal those of taskstats: this kernel has no delay accounting");
		return finish();
	}
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	taskstats_open();
	memory = memory_map(PAGES);
	memory_write(memory, PAGES);
	more_memory = memory_map(PAGES);
	memory_write(more_memory, PAGES);
	fill_file();
	fill_huge("12");
	module_load("");

	child = child_start_stopped(copy_in_stretches, NULL);
	if (status_register(child))
		bail("R %d", (int)child);
	compare(child, 1, 0, "a process that has a child and just lives");
	compare(child, ODD_PAGES, 0, "777 pages written");
	ahead(child);
	compare(child, PART_PAGES, 0, "111 zero pages written");
	compare(child, THREADS * PART_PAGES, 0, "3 x 111 pages written by threads that are gone");
	compare(child, PART_PAGES, ODD_PAGES, "111 pages of a file read and then written");
	if (huge_memory)
		compare(child, HUGE_COUNT, 0, "5 huge pages of hugetlbfs written");
	else
		skip("huge pages of hugetlbfs: this kernel has none");
	child_end(child);
	taskstats_account_delays("0");
	return finish();
}
