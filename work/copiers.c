// SPDX-License-Identifier: GPL-2.0
/*
 * copiers: children that copy all of their parent's pages, and how long that took
 *
 * A process fills N pages and forks C children, which then write to every page, all at
 * the same time.  The parent keeps its pages: so each child must copy N, and is
 * registered only while it does, so that its counts and times are of these alone.
 */
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arguments.h"
#include "clock.h"
#include "lockstep.h"
#include "pages.h"
#include "registration.h"

#define HISTOGRAM "/proc/faultline/histogram"

enum { CHILDREN_MAX = 64 };

struct job {
	int pages;
	int children;
	bool random;
	bool huge;
};

struct child {
	pid_t pid;
	/* In memory that it shares with its parent: how long its writes took. */
	unsigned long long *elapsed_ns;
};

static void write_timed(const struct pages *pages, unsigned long long *elapsed_ns)
{
	unsigned long long start = clock_now_ns();

	pages_write(pages, 1);
	*elapsed_ns = clock_now_ns() - start;
}

static void be_a_child(const struct pages *pages, unsigned long long *elapsed_ns)
{
	/* With no page: what this writes to on the stack is then copied already. */
	write_timed(&(struct pages){ .bytes = 1 }, elapsed_ns);
	lockstep_stop();
	write_timed(pages, elapsed_ns);
	lockstep_stop();
	_exit(EXIT_SUCCESS);
}

static void fork_all(const struct job *job, const struct pages *pages, struct child *children)
{
	unsigned long long *elapsed_ns = mmap(NULL, job->children * sizeof(*elapsed_ns),
					      PROT_READ | PROT_WRITE,
					      MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (elapsed_ns == MAP_FAILED)
		err(EXIT_FAILURE, "cannot map shared memory");
	for (int i = 0; i < job->children; i++) {
		children[i].elapsed_ns = &elapsed_ns[i];
		children[i].pid = lockstep_fork();
		if (!children[i].pid)
			be_a_child(pages, children[i].elapsed_ns);
		lockstep_await(children[i].pid);
		if (registration_begin_of(children[i].pid))
			exit(EXIT_FAILURE);
	}
}

/* One line of the table for each line about the child, or once the names of them all. */
static void print_times(const struct job *job, const struct child *child, const char *cow)
{
	FILE *histogram = fopen(HISTOGRAM, "r");
	char *line = NULL;
	size_t size = 0;
	int pid, start;

	if (!histogram)
		err(EXIT_FAILURE, "%s", HISTOGRAM);
	while (getline(&line, &size, histogram) >= 0) {
		start = 0;
		if (!child && !strncmp(line, "pid id ", strlen("pid id ")))
			printf("pages backing order children must counted elapsed_ns %s",
			       line + strlen("pid id "));
		if (child && sscanf(line, "%d %*u %n", &pid, &start) == 1 && start &&
		    pid == child->pid)
			printf("%d %s %s %d %d %s %llu %s", job->pages, job->huge ? "thp" : "4k",
			       job->random ? "random" : "sequential", job->children, job->pages,
			       cow, *child->elapsed_ns, line + start);
	}
	free(line);
	fclose(histogram);
}

static bool report(const struct job *job, const struct child *child)
{
	struct registration_counters counters;
	char cow[32] = "n/a";

	if (registration_read_of(child->pid, &counters))
		exit(EXIT_FAILURE);
	if (counters.cow_counted)
		snprintf(cow, sizeof(cow), "%llu", counters.cow);
	print_times(job, child, cow);
	return counters.cow_counted && counters.cow == (unsigned long long)job->pages;
}

static bool run(const struct job *job, const struct pages *pages)
{
	struct child children[CHILDREN_MAX];
	bool equal = true;

	fork_all(job, pages, children);
	for (int i = 0; i < job->children; i++)
		lockstep_resume(children[i].pid);
	for (int i = 0; i < job->children; i++)
		lockstep_await(children[i].pid);
	print_times(job, NULL, NULL);
	for (int i = 0; i < job->children; i++)
		equal &= report(job, &children[i]);
	for (int i = 0; i < job->children; i++)
		lockstep_end(children[i].pid);
	return equal;
}

enum {
	OPTION_PAGES = 256, /* beyond characters: long options only */
	OPTION_CHILDREN,
	OPTION_RANDOM,
	OPTION_HUGE,
};

static const struct argp_option options[] = {
	{ "pages", OPTION_PAGES, "N", 0, "Pages that each child copies (4096)", 0 },
	{ "children", OPTION_CHILDREN, "C", 0, "How many do so at the same time (1)", 0 },
	{ "random", OPTION_RANDOM, NULL, 0, "In random order, not from first to last", 0 },
	{ "huge", OPTION_HUGE, NULL, 0, "Pages that lie in transparent huge pages", 0 },
	ARGUMENTS_COMMON,
	{ 0 }
};

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct job *job = state->input;

	switch (key) {
	case OPTION_PAGES:
		job->pages = arguments_integer("--pages", text, 1, PAGES_MAX);
		return 0;
	case OPTION_CHILDREN:
		job->children = arguments_integer("--children", text, 1, CHILDREN_MAX);
		return 0;
	case OPTION_RANDOM:
		job->random = true;
		return 0;
	case OPTION_HUGE:
		job->huge = true;
		return 0;
	case ARGP_KEY_END:
		if (job->huge && job->pages % PAGES_OF_HUGE)
			errx(EXIT_USAGE, "--huge: expected --pages in multiples of %d, not %d",
			     PAGES_OF_HUGE, job->pages);
		return 0;
	default:
		return arguments_common(key, state);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Fork children that write to all of their parent's pages, so that each must copy N "
	       "of them, and print what Faultline counted and timed: two lines for each child, "
	       "in the columns of " HISTOGRAM ", which says n/a unless the module's parameter "
	       "latency says that copies, or copies and faults, be timed."
	       "\v"
	       "The exit status is 0 if all counts are N, 1 if not.\n\n"
	       "Examples:\n"
	       "  copiers --pages 16384 --children 8    copies 512 MB in all\n"
	       "  copiers --huge --random\n",
};

int main(int argc, char **argv)
{
	struct job job = { .pages = 4096, .children = 1 };
	struct pages pages;

	arguments_parse(&argp, argc, argv, &job);
	if (pages_fill(&pages, job.pages, job.huge) || (job.random && pages_shuffle(&pages)))
		return EXIT_FAILURE;

	bool equal = run(&job, &pages);

	if (fflush(stdout))
		err(EXIT_FAILURE, "standard output");
	return equal ? EXIT_SUCCESS : EXIT_FAILURE;
}
