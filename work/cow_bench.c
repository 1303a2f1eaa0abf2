// SPDX-License-Identifier: GPL-2.0
/*
 * cow_bench: how long it takes to write to memory that is shared since a fork
 *
 * A process fills pages with words that it knows and forks children, one after another
 * or some at a time, who then write a word to each page of a pattern; or it writes itself
 * while a child has the pages, or when it is gone.  Only the writes are timed, and only
 * their faults counted: all else that a process touches meanwhile (stack, libc, its row
 * of the table) it has touched before, in a rehearsal without a page.  Afterwards both
 * look whether all words are what they must be.
 *
 * It needs no module: it is to show what one changes.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arguments.h"
#include "clock.h"
#include "lockstep.h"
#include "registration.h"
#include "words.h"

enum {
	PAGES_OF_MB = (1 << 20) / 4096,
	CHILDREN_MAX = 10000,
	TOGETHER_MAX = 64,
	DEPTH_MAX = 64,
};

enum writer {
	CHILD,
	PARENT,
	/* When the child has exited. */
	PARENT_ALONE,
};

enum method {
	WRITE,
	/* The kernel writes, on behalf of read(2). */
	READ_ZEROS,
	/* The kernel is asked to copy all pages beforehand. */
	POPULATE,
};

enum order {
	FORWARD,
	BACKWARD,
	EVERY_OTHER,
	FROM_THE_MIDDLE,
	RANDOM,
};

/**
 * struct pattern - who writes what
 * @percent: of the pages that are written; 0: a single one
 */
struct pattern {
	const char *name;
	enum order order;
	int percent;
	enum writer writer;
	enum method method;
};

static const struct pattern patterns[] = {
	{ "sequential", FORWARD, 100, CHILD, WRITE },
	{ "reverse", BACKWARD, 100, CHILD, WRITE },
	{ "every_other", EVERY_OTHER, 50, CHILD, WRITE },
	{ "random", RANDOM, 100, CHILD, WRITE },
	{ "random_61", RANDOM, 61, CHILD, WRITE },
	{ "random_25", RANDOM, 25, CHILD, WRITE },
	{ "random_5", RANDOM, 5, CHILD, WRITE },
	{ "single", FROM_THE_MIDDLE, 0, CHILD, WRITE },
	{ "parent", FORWARD, 100, PARENT, WRITE },
	{ "reuse", FORWARD, 100, PARENT_ALONE, WRITE },
	{ "read", FORWARD, 100, CHILD, READ_ZEROS },
	{ "populate", FORWARD, 100, CHILD, POPULATE },
};

enum { PATTERNS = sizeof(patterns) / sizeof(patterns[0]) };

struct job {
	const struct pattern *pattern;
	int mb;
	int children;
	int together;
	bool fresh;
	const char *policy;
};

/**
 * struct row - what is said of one child, or of what its parent wrote in its presence
 * @minor_faults: the kernel's count, of pages that it was asked to populate, too
 * @page_faults: traps of the CPU; only if @traps_known
 * @wrong: pages with a wrong word, here or in the other process
 */
struct row {
	unsigned long long ns;
	long minor_faults;
	unsigned long long page_faults;
	bool traps_known;
	size_t wrong;
};

static const struct pattern *pattern_named(const char *name)
{
	char names[256] = "";

	for (size_t i = 0; i < PATTERNS; i++) {
		if (!strcmp(patterns[i].name, name))
			return &patterns[i];
		strcat(strcat(names, i ? ", " : ""), patterns[i].name);
	}
	errx(EXIT_USAGE, "PATTERN: expected one of %s, not '%s'", names, name);
}

static size_t pages_written(const struct pattern *pattern, const struct pages *pages)
{
	return pattern->percent ? pages->count * pattern->percent / 100 : 1;
}

static void arrange(enum order order, struct pages *pages)
{
	int error = 0;

	switch (order) {
	case FORWARD:
		error = pages_arrange(pages, 0, 1);
		break;
	case BACKWARD:
		error = pages_arrange(pages, pages->count - 1, pages->count - 1);
		break;
	case EVERY_OTHER:
		error = pages_arrange(pages, 0, 2);
		break;
	case FROM_THE_MIDDLE:
		/* In the midst of a page table, too. */
		error = pages_arrange(pages, pages->count / 3, 1);
		break;
	case RANDOM:
		error = pages_shuffle(pages);
		break;
	}
	if (error)
		exit(EXIT_FAILURE);
}

/* Counts for the calling process alone; -1: this kernel or its settings have it not. */
static int open_page_faults(void)
{
	struct perf_event_attr event = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(event),
		.config = PERF_COUNT_SW_PAGE_FAULTS,
	};

	return syscall(SYS_perf_event_open, &event, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

static unsigned long long read_page_faults(int fd, bool *known)
{
	unsigned long long count = 0;

	*known = fd >= 0 && read(fd, &count, sizeof(count)) == sizeof(count);
	return count;
}

static void read_zeros(volatile char *start, size_t bytes)
{
	int zeros = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	for (size_t done = 0; done < bytes;) {
		ssize_t here = read(zeros, (char *)start + done, bytes - done);

		if (here <= 0)
			err(EXIT_FAILURE, "/dev/zero");
		done += here;
	}
	close(zeros);
}

static void write_words(const struct words *words, size_t count, unsigned int writer)
{
	for (size_t i = 0; i < count; i++) {
		size_t page = words->pages.order[i];

		*words_place(words, page) = words_of(page, writer);
	}
}

static void touch(enum method method, const struct words *words, size_t count,
		  unsigned int writer)
{
	size_t bytes = count * words->pages.bytes;

	switch (method) {
	case READ_ZEROS:
		read_zeros(words->pages.start, bytes);
		break;
	case POPULATE:
		if (madvise((void *)words->pages.start, bytes, MADV_POPULATE_WRITE))
			err(EXIT_FAILURE, "this kernel cannot populate");
		write_words(words, count, writer);
		break;
	case WRITE:
		write_words(words, count, writer);
		break;
	}
}

static void measure(enum method method, const struct words *words, size_t count,
		    unsigned int writer, int page_faults, struct row *row)
{
	unsigned long long traps = read_page_faults(page_faults, &row->traps_known);
	long minor_faults = pages_minor_faults();
	unsigned long long start = clock_now_ns();

	touch(method, words, count, writer);
	row->ns = clock_now_ns() - start;
	row->minor_faults = pages_minor_faults() - minor_faults;
	row->page_faults = read_page_faults(page_faults, &row->traps_known) - traps;
}

/* The rehearsal; what has been touched in it is touched for good. */
static void rehearse(enum method method, const struct words *words, int page_faults,
		     struct row *row)
{
	measure(method, words, 0, 0, page_faults, row);
}

static void expect(struct words *words, size_t count, unsigned int writer)
{
	for (size_t i = 0; i < count; i++) {
		size_t page = words->pages.order[i];

		words->must[page] = words_of(page, writer);
	}
}

static size_t not_zero(const struct pages *pages)
{
	size_t wrong = 0;

	for (size_t page = 0; page < pages->count; page++) {
		const char *start = (const char *)pages->start + page * pages->bytes;

		/* A page equals itself moved on by a byte, and begins with 0. */
		wrong += start[0] || memcmp(start, start + 1, pages->bytes - 1) != 0;
	}
	return wrong;
}

static void be_the_child(const struct pattern *pattern, struct words *words,
			 unsigned int number, struct row *row)
{
	size_t count = pages_written(pattern, &words->pages);
	int page_faults = open_page_faults();

	rehearse(pattern->method, words, page_faults, row);
	lockstep_stop();
	if (pattern->writer == CHILD) {
		measure(pattern->method, words, count, number, page_faults, row);
		expect(words, count, number);
	}
	lockstep_stop();
	row->wrong = pattern->method == READ_ZEROS ? not_zero(&words->pages) : words_wrong(words);
	_exit(EXIT_SUCCESS);
}

static void measure_parent(const struct pattern *pattern, struct words *words,
			   unsigned int number, struct row *row)
{
	size_t count = pages_written(pattern, &words->pages);
	int page_faults = open_page_faults();

	rehearse(pattern->method, words, page_faults, row);
	measure(pattern->method, words, count, number, page_faults, row);
	expect(words, count, number);
	close(page_faults);
}

/*
 * Children @first and on, who write together; or the only one, and what its parent writes.
 * Nobody looks at the words before all have been written.
 */
static void run_generation(const struct job *job, struct words *words, unsigned int first,
			   int together, struct row *rows)
{
	const struct pattern *pattern = job->pattern;
	pid_t children[TOGETHER_MAX];

	for (int i = 0; i < together; i++) {
		/* If it does not live to look, none is right. */
		rows[i].wrong = words->pages.count;
		children[i] = lockstep_fork();
		if (!children[i])
			be_the_child(pattern, words, first + i, &rows[i]);
		lockstep_await(children[i]);
	}
	if (pattern->writer == PARENT)
		measure_parent(pattern, words, first, rows);
	for (int i = 0; i < together; i++)
		lockstep_resume(children[i]);
	for (int i = 0; i < together; i++)
		lockstep_await(children[i]);
	for (int i = 0; i < together; i++)
		lockstep_end(children[i]);
	if (pattern->writer == PARENT_ALONE)
		measure_parent(pattern, words, first, rows);

	size_t wrong = words_wrong(words);

	for (int i = 0; i < together; i++)
		rows[i].wrong += wrong;
}

static void print_row(const struct job *job, const struct words *words, unsigned int generation,
		      unsigned int child, const struct row *row)
{
	printf("%s %u %u %zu %llu %ld ", job->pattern->name, generation, child,
	       pages_written(job->pattern, &words->pages), row->ns, row->minor_faults);
	if (row->traps_known)
		printf("%llu", row->page_faults);
	else
		printf("n/a");
	printf(" %zu\n", row->wrong);
}

/* Returns whether all words were right. */
static bool run(const struct job *job, struct words *words)
{
	struct row *rows = mmap(NULL, job->together * sizeof(*rows), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int child = 1;
	bool right = true;

	if (rows == MAP_FAILED)
		err(EXIT_FAILURE, "cannot map shared memory");
	arrange(job->pattern->order, &words->pages);
	printf("pattern generation child pages_written ns minor_faults page_faults wrong\n");
	for (int generation = 1; child <= job->children; generation++) {
		int left = job->children - child + 1;
		int together = left < job->together ? left : job->together;

		if (job->fresh && generation > 1)
			arrange(job->pattern->order, &words->pages);
		run_generation(job, words, child, together, rows);
		for (int i = 0; i < together; i++) {
			print_row(job, words, generation, child++, &rows[i]);
			right &= !rows[i].wrong;
		}
	}
	return right;
}

static const char *policy(const char *text)
{
	if (strcmp(text, "auto") != 0 && strcmp(text, "off") != 0)
		arguments_integer("--policy, if not auto or off", text, 1, DEPTH_MAX);
	return text;
}

static const struct argp_option options[] = {
	{ "memory", 'm', "MB", 0, "Memory that parent and child share (16)", 0 },
	{ "children", 'c', "N", 0, "Children that are forked in all (5)", 0 },
	{ "together", 't', "N", 0, "How many of them write at the same time (1)", 0 },
	{ "fresh", 'f', NULL, 0, "Another random order, of other pages, in each generation", 0 },
	{ "policy", 'p', "POLICY", 0,
	  "Register with Faultline, with children, and have it copy ahead: auto, off, or so many "
	  "pages (1 to 64)", 0 },
	ARGUMENTS_COMMON,
	{ 0 }
};

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct job *job = state->input;

	switch (key) {
	case 'm':
		job->mb = arguments_integer("--memory", text, 1, PAGES_MAX / PAGES_OF_MB);
		return 0;
	case 'c':
		job->children = arguments_integer("--children", text, 1, CHILDREN_MAX);
		return 0;
	case 't':
		job->together = arguments_integer("--together", text, 1, TOGETHER_MAX);
		return 0;
	case 'f':
		job->fresh = true;
		return 0;
	case 'p':
		job->policy = policy(text);
		return 0;
	case ARGP_KEY_ARG:
		if (job->pattern)
			return EINVAL;
		job->pattern = pattern_named(text);
		return 0;
	case ARGP_KEY_END:
		if (!job->pattern)
			return EINVAL;
		if (job->together > 1 && job->pattern->writer != CHILD)
			errx(EXIT_USAGE, "--together: expected a pattern that children write, "
			     "not '%s'", job->pattern->name);
		return 0;
	default:
		return arguments_common(key, state);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "PATTERN",
	.doc = "Fork children that write to the memory of their parent, and print for each how "
	       "long its writes took, and how often they faulted."
	       "\v"
	       "A child writes to all pages, sequential, in reverse or at random; to every_other; "
	       "to random_61, random_25 or random_5 percent of them; to a single one; all by one "
	       "read(2); or after MADV_POPULATE_WRITE (populate), which is timed, too.  Or the "
	       "parent writes to all, while a child has them (parent), or when it has exited "
	       "(reuse).\n\n"
	       "minor_faults are the kernel's, page_faults the CPU's traps (n/a without the right "
	       "to perf events).  wrong counts pages that do not hold what their process wrote, "
	       "in the child and in its parent; if there are any, the exit status is 1.\n\n"
	       "Examples:\n"
	       "  cow_bench sequential        5 children, 4096 faults each without the module\n"
	       "  cow_bench -c 40 -t 8 -f random_25\n"
	       "  cow_bench -p auto parent    the same with pre-copy\n",
};

int main(int argc, char **argv)
{
	struct job job = { .mb = 16, .children = 5, .together = 1 };
	struct words words;

	arguments_parse(&argp, argc, argv, &job);
	if (job.policy && (registration_begin_with_children() || registration_precopy(job.policy)))
		return EXIT_FAILURE;
	if (words_fill(&words, (size_t)job.mb * PAGES_OF_MB, false))
		return EXIT_FAILURE;

	bool right = run(&job, &words);

	if (fflush(stdout) || ferror(stdout))
		err(EXIT_FAILURE, "standard output");
	return right ? EXIT_SUCCESS : EXIT_FAILURE;
}
