// SPDX-License-Identifier: GPL-2.0
/*
 * cow: copy pages on write, a known number of times
 *
 * A process fills N pages and forks; what is then done to the pages says how
 * many of them the kernel must copy.  The parent keeps the pages until the
 * child has exited: a page that only one process is left with is reused, not
 * copied, as the last case shows.
 */
#include <err.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arguments.h"
#include "registration.h"

enum { PAGES_MAX = 1 << 28 };

struct buffer {
	volatile char *start;
	size_t pages;
	size_t page_bytes;
};

/**
 * struct scenario - what is done to the pages after a fork
 * @name: for the table
 * @stride: every how manieth page is written; 0: all are read
 * @child_gone: done by the parent, once the child has exited
 */
struct scenario {
	const char *name;
	size_t stride;
	bool child_gone;
};

static const struct scenario scenarios[] = {
	{ .name = "child reads all", .stride = 0 },
	{ .name = "child writes every other", .stride = 2 },
	{ .name = "child writes all", .stride = 1 },
	{ .name = "parent writes all, child gone", .stride = 1, .child_gone = true },
};

struct reading {
	struct registration_counters module;
	struct rusage usage;
};

static void write_pages(const struct buffer *buffer, size_t stride)
{
	for (size_t page = 0; page < buffer->pages; page += stride)
		buffer->start[page * buffer->page_bytes] = 1;
}

static void read_pages(const struct buffer *buffer)
{
	for (size_t page = 0; page < buffer->pages; page++)
		(void)buffer->start[page * buffer->page_bytes];
}

static void touch(const struct scenario *scenario, const struct buffer *buffer)
{
	if (scenario->stride)
		write_pages(buffer, scenario->stride);
	else
		read_pages(buffer);
}

static size_t must_copy(const struct scenario *scenario, const struct buffer *buffer)
{
	if (scenario->child_gone || !scenario->stride)
		return 0;
	return (buffer->pages + scenario->stride - 1) / scenario->stride;
}

static int take(struct reading *reading)
{
	if (registration_read(&reading->module))
		return -1;
	return getrusage(RUSAGE_SELF, &reading->usage);
}

/* Prints one row of the table; returns whether the module saw what it must. */
static bool report(const struct scenario *scenario, size_t must, const struct reading *before,
		   const struct reading *after)
{
	unsigned long long saw = after->module.cow - before->module.cow;
	bool counted = before->module.cow_counted && after->module.cow_counted;

	printf("%-30s %10zu ", scenario->name, must);
	if (counted)
		printf("%10llu ", saw);
	else
		printf("%10s ", "n/a");
	printf("%12ld\n", after->usage.ru_minflt - before->usage.ru_minflt);
	return counted && saw == must;
}

static bool measure(const struct scenario *scenario, const struct buffer *buffer)
{
	struct reading before, after;

	/*
	 * Reading the counters writes to stack, heap and libc's data, which
	 * the fork has left shared: the first reading copies those pages, so
	 * that nothing but the buffer is copied between the other two.
	 */
	if (take(&after) || take(&before))
		return false;
	touch(scenario, buffer);
	if (take(&after))
		return false;
	return report(scenario, must_copy(scenario, buffer), &before, &after);
}

static bool measure_in_child(const struct scenario *scenario, const struct buffer *buffer)
{
	if (registration_begin())
		return false;
	return measure(scenario, buffer);
}

/* The parent, registered itself, waits; the module forgets the child as it exits. */
static bool run(const struct scenario *scenario, const struct buffer *buffer)
{
	int status;

	fflush(stdout);

	pid_t child = fork();

	if (child < 0)
		err(EXIT_FAILURE, "fork");
	if (!child)
		exit(!scenario->child_gone && !measure_in_child(scenario, buffer));
	if (waitpid(child, &status, 0) < 0)
		err(EXIT_FAILURE, "waitpid");
	if (scenario->child_gone)
		return measure(scenario, buffer);
	return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
}

static bool run_all(const struct buffer *buffer)
{
	bool equal = true;

	printf("%-30s %10s %10s %12s\n", "pages copied on write", "must", "module saw",
	       "minor faults");
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
		equal &= run(&scenarios[i], buffer);
	return equal;
}

static void buffer_fill(struct buffer *buffer, int pages)
{
	buffer->pages = pages;
	buffer->page_bytes = sysconf(_SC_PAGESIZE);

	void *start = mmap(NULL, buffer->pages * buffer->page_bytes, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (start == MAP_FAILED)
		err(EXIT_FAILURE, "cannot map %d pages", pages);
	buffer->start = start;
	write_pages(buffer, 1);
}

/*
 * A fresh page waits for a while in its CPU's own list for the LRU, which
 * holds a reference to it; a write from another CPU then copies the page where
 * it would be reused.  So stay on one CPU.
 */
static void stay_on_this_cpu(void)
{
	cpu_set_t here;

	CPU_ZERO(&here);
	CPU_SET(sched_getcpu(), &here);
	if (sched_setaffinity(0, sizeof(here), &here))
		err(EXIT_FAILURE, "cannot stay on one CPU");
}

enum { OPTION_PAGES = 256 /* beyond characters: a long option only */ };

static const struct argp_option options[] = {
	{ "pages", OPTION_PAGES, "N", 0, "Pages that parent and child share (1024)", 0 },
	ARGUMENTS_COMMON,
	{ 0 }
};

static error_t parse(int key, char *text, struct argp_state *state)
{
	int *pages = state->input;

	switch (key) {
	case OPTION_PAGES:
		*pages = arguments_integer("--pages", text, 1, PAGES_MAX);
		return 0;
	default:
		return arguments_common(key, state);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Fork with N pages shared, touch them in ways that must copy a known number, and "
	       "compare with what Faultline counted."
	       "\v"
	       "The exit status is 0 if all counts are equal, 1 if not.\n\n"
	       "Examples:\n"
	       "  cow                 copies 0, 512, 1024 and 0 pages\n"
	       "  cow --pages 23      copies 0, 12, 23 and 0 pages\n",
};

int main(int argc, char **argv)
{
	int pages = 1024;
	struct buffer buffer;
	struct registration_counters counters;

	arguments_parse(&argp, argc, argv, &pages);

	/* A huge page would be filled, and later split, by one fault. */
	if (prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0))
		err(EXIT_FAILURE, "cannot turn off transparent huge pages");
	stay_on_this_cpu();

	/* Registered throughout, so that counting never pauses between two cases. */
	if (registration_begin() || registration_read(&counters))
		return EXIT_FAILURE;
	buffer_fill(&buffer, pages);

	bool equal = run_all(&buffer);

	if (!counters.cow_counted)
		warnx("the module counts no copy-on-write faults: %s", counters.cow_method);
	if (registration_end() || fflush(stdout))
		return EXIT_FAILURE;
	return equal ? EXIT_SUCCESS : EXIT_FAILURE;
}
