// SPDX-License-Identifier: GPL-2.0
/*
 * faultline-whatif costs: what faults cost on this machine, by having some.  Each figure is the
 * median of several tries, the time of the access that faults included.
 */
#include <err.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "arguments.h"
#include "command.h"
#include "costs.h"
#include "loading.h"

enum {
	PAGE	= 1 << COSTS_PAGE_SHIFT,
	PAGES	= 1024,
	TRIES	= 9,
	/* A prime: the order in which pages of the file are read, so that nothing is ahead. */
	STEP	= 389,
};

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return 1e9 * (double)now.tv_sec + (double)now.tv_nsec;
}

/* Pages that nobody has touched, and that stay small. */
static volatile char *map_fresh(void)
{
	void *map = mmap(NULL, (size_t)PAGES * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		err(EXIT_FAILURE, "memory");
	madvise(map, (size_t)PAGES * PAGE, MADV_NOHUGEPAGE);
	return map;
}

static void unmap(volatile char *map)
{
	munmap((void *)map, (size_t)PAGES * PAGE);
}

/* ns for each page. */
static double write_each(volatile char *map)
{
	double start = now_ns();

	for (int i = 0; i < PAGES; i++)
		map[(size_t)i * PAGE] = 1;
	return (now_ns() - start) / PAGES;
}

static double try_minor(void)
{
	volatile char *map = map_fresh();
	double ns = write_each(map);

	unmap(map);
	return ns;
}

/* The child keeps what it shares until the pipe ends. */
static double try_cow(void)
{
	volatile char *map = map_fresh();
	int ends[2];
	pid_t child;
	double ns;
	char end;

	write_each(map);
	if (pipe2(ends, O_CLOEXEC))
		err(EXIT_FAILURE, "pipe");
	child = fork();
	if (child < 0)
		err(EXIT_FAILURE, "fork");
	if (!child) {
		close(ends[1]);
		_exit(read(ends[0], &end, 1) != 0);
	}
	ns = write_each(map);
	close(ends[0]);
	close(ends[1]);
	waitpid(child, NULL, 0);
	unmap(map);
	return ns;
}

static double try_copy(void)
{
	volatile char *from = map_fresh(), *to = map_fresh();
	double start;

	write_each(from);
	write_each(to);
	start = now_ns();
	for (int i = 0; i < PAGES; i++)
		memcpy((char *)to + (size_t)i * PAGE, (char *)from + (size_t)i * PAGE, PAGE);
	start = now_ns() - start;
	unmap(from);
	unmap(to);
	return start / PAGES;
}

static long majors(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_majflt;
}

/*
 * From a file that is not in memory, in an order in which nothing is read ahead, or one after the
 * other; NAN where it stays there, as in tmpfs.
 */
static double read_each(int fd, bool ahead)
{
	volatile char *map;
	long before;
	double start;

	if (fsync(fd) || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))
		return NAN;
	map = mmap(NULL, (size_t)PAGES * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return NAN;
	madvise((void *)map, (size_t)PAGES * PAGE, ahead ? MADV_SEQUENTIAL : MADV_RANDOM);
	before = majors();
	start = now_ns();
	for (int i = 0; i < PAGES; i++)
		(void)map[(size_t)i * (ahead ? 1 : STEP) % PAGES * PAGE];
	start = (now_ns() - start) / PAGES;
	before = majors() - before;
	unmap(map);
	return ahead ? (before ? start : NAN) : before == PAGES ? start : NAN;
}

static double try_file(bool ahead)
{
	static const char page[PAGE] = { 1 };
	char why[WHY_BYTES];
	int fd = loading_unnamed(why);
	double ns = NAN;
	int written = 0;

	if (fd < 0) {
		warnx("%s", why);
		return NAN;
	}
	while (written < PAGES && write(fd, page, PAGE) == PAGE)
		written++;
	if (written == PAGES)
		ns = read_each(fd, ahead);
	close(fd);
	return ns;
}

static double try_major(void)
{
	return try_file(false);
}

static double try_read(void)
{
	return try_file(true);
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static double median(double (*try)(void))
{
	double ns[TRIES];

	for (int i = 0; i < TRIES; i++) {
		ns[i] = try();
		if (isnan(ns[i]))
			return NAN;
	}
	qsort(ns, TRIES, sizeof(*ns), compare);
	return ns[TRIES / 2];
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	if (key == ARGP_KEY_ARG)
		return EINVAL;
	(void)text;
	return arguments_common(key, state);
}

static const struct argp_option options[] = {
	ARGUMENTS_COMMON,
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Measure what faults cost on this machine, for --costs."
	       "\v"
	       "Major ones are of a file in TMPDIR, or /var/tmp; n/a where it stays in memory.\n\n"
	       "Examples:\n"
	       "  faultline-whatif costs > costs.txt\n"
	       "  faultline-whatif ls.txt --frames=64 --costs=costs.txt\n",
};

int command_costs(int argc, char **argv)
{
	struct costs costs;

	arguments_parse(&argp, argc, argv, NULL);
	costs_init(&costs);
	/* Pages of another size cost other times. */
	if (sysconf(_SC_PAGESIZE) != PAGE)
		errx(EXIT_FAILURE, "costs: expected a machine with pages of %d bytes", PAGE);
	costs.ns[COST_MINOR] = median(try_minor);
	costs.ns[COST_MAJOR] = median(try_major);
	costs.ns[COST_COW] = median(try_cow);
	costs.ns[COST_COPY] = median(try_copy);
	costs.ns[COST_READ] = median(try_read);
	costs_write(&costs, stdout);
	if (fflush(stdout) || ferror(stdout))
		err(EXIT_FAILURE, "standard output");
	return EXIT_SUCCESS;
}
