// SPDX-License-Identifier: GPL-2.0
/*
 * cow: copy pages on write, a known number of times
 *
 * A process fills N pages and forks; what child and parent then do to the pages says
 * how many of them the kernel must copy, and for whom.  A page is copied for who writes
 * it while the other one still has it, too: once, for then each has its own.  Who is
 * left with a page alone, because the other has copied it or is gone, faults and copies
 * nothing: it is reused.
 *
 * Counted is from a moment when all that a process writes besides (stack, libc) has
 * been copied: exactly what it must be.  From the fork on those few count, too.
 */
#include <err.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "arguments.h"
#include "lockstep.h"
#include "pages.h"
#include "registration.h"

/* What is done to the pages; from EVERY on, the stride of what is written. */
enum deed {
	NOTHING = -1,
	READ,
	EVERY,
	EVERY_OTHER,
};

/**
 * struct scenario - what is done to the pages after a fork
 * @name: for the table
 * @child: what the child does, first
 * @parent: what the parent does, then
 * @child_gone: the child has exited by then
 */
struct scenario {
	const char *name;
	enum deed child;
	enum deed parent;
	bool child_gone;
};

static const struct scenario scenarios[] = {
	{ "nobody touches anything", NOTHING, NOTHING, false },
	{ "child reads all", READ, NOTHING, false },
	{ "child writes every other", EVERY_OTHER, NOTHING, false },
	{ "child writes all", EVERY, NOTHING, false },
	{ "parent reads all", NOTHING, READ, false },
	{ "parent writes every other", NOTHING, EVERY_OTHER, false },
	{ "parent writes all", NOTHING, EVERY, false },
	{ "child writes every other, then parent all", EVERY_OTHER, EVERY, false },
	{ "child writes all, then parent all", EVERY, EVERY, false },
	{ "child writes all and exits, then parent all", EVERY, EVERY, true },
	{ "child exits, then parent writes all", NOTHING, EVERY, true },
};

/* Copies and faults of one process in one scenario. */
struct outcome {
	size_t must;
	bool known;
	unsigned long long counted;
	unsigned long long from_fork;
	unsigned long long minor_faults;
};

static void touch(enum deed deed, const struct pages *pages)
{
	if (deed >= EVERY)
		pages_write(pages, deed);
	else if (deed == READ)
		pages_read(pages);
}

static bool writes(enum deed deed, size_t page)
{
	return deed >= EVERY && page % deed == 0;
}

static void must_copy(const struct scenario *scenario, size_t pages, struct outcome *child,
		      struct outcome *parent)
{
	for (size_t page = 0; page < pages; page++) {
		bool copied = writes(scenario->child, page);

		child->must += copied;
		parent->must += writes(scenario->parent, page) && !copied &&
				!scenario->child_gone;
	}
}

/*
 * The same with no page at all, so that the stack is as deep as it will be: what a
 * process writes to there is copied before anybody counts.
 */
static void rehearse(enum deed deed)
{
	touch(deed, &(struct pages){ .bytes = 1 });
}

static void read_counters(pid_t pid, struct registration_counters *counters)
{
	if (registration_read_of(pid, counters))
		exit(EXIT_FAILURE);
}

static void conclude(struct outcome *outcome, const struct registration_counters *fork,
		     const struct registration_counters *before,
		     const struct registration_counters *after)
{
	outcome->known = before->cow_counted && after->cow_counted;
	outcome->counted = after->cow - before->cow;
	outcome->from_fork = after->cow - fork->cow;
	outcome->minor_faults = after->minor - before->minor;
}

static void be_the_child(const struct scenario *scenario, const struct pages *pages)
{
	rehearse(scenario->child);
	lockstep_stop();
	touch(scenario->child, pages);
	lockstep_stop();
	_exit(EXIT_SUCCESS);
}

/* The child is followed from its birth, and stopped before and after what it does. */
static void watch_child(pid_t child, struct outcome *outcome)
{
	const struct registration_counters birth = { .cow = 0 };
	struct registration_counters before, after;

	lockstep_await(child);
	read_counters(child, &before);
	lockstep_resume(child);
	lockstep_await(child);
	read_counters(child, &after);
	conclude(outcome, &birth, &before, &after);
}

static void measure_parent(enum deed deed, const struct pages *pages,
			   const struct registration_counters *fork, struct outcome *outcome)
{
	struct registration_counters before, after;

	rehearse(deed);
	/* The first reading copies what reading writes to. */
	read_counters(getpid(), &after);
	read_counters(getpid(), &before);
	touch(deed, pages);
	read_counters(getpid(), &after);
	conclude(outcome, fork, &before, &after);
}

/* Prints one row of the table; returns whether the module saw what it must. */
static bool report(const char *process, const struct scenario *scenario,
		   const struct outcome *outcome)
{
	printf("%-7s %8zu ", process, outcome->must);
	if (outcome->known)
		printf("%8llu %9llu ", outcome->counted, outcome->from_fork);
	else
		printf("%8s %9s ", "n/a", "n/a");
	printf("%12llu  %s\n", outcome->minor_faults, scenario->name);
	return outcome->known && outcome->counted == outcome->must;
}

static bool run(const struct scenario *scenario, const struct pages *pages)
{
	struct registration_counters fork;
	struct outcome child = { 0 }, parent = { 0 };

	must_copy(scenario, pages->count, &child, &parent);
	read_counters(getpid(), &fork);

	pid_t pid = lockstep_fork();

	if (!pid)
		be_the_child(scenario, pages);
	watch_child(pid, &child);
	if (scenario->child_gone)
		lockstep_end(pid);
	measure_parent(scenario->parent, pages, &fork, &parent);
	if (!scenario->child_gone)
		lockstep_end(pid);

	bool equal = report("child", scenario, &child);

	return report("parent", scenario, &parent) && equal;
}

static bool run_all(const struct pages *pages)
{
	bool equal = true;

	printf("# pages: %zu\n", pages->count);
	printf("%-7s %8s %8s %9s %12s  %s\n", "process", "must", "counted", "from_fork",
	       "minor_faults", "scenario");
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
		equal &= run(&scenarios[i], pages);
	return equal;
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
	int *count = state->input;

	switch (key) {
	case OPTION_PAGES:
		*count = arguments_integer("--pages", text, 1, PAGES_MAX);
		return 0;
	default:
		return arguments_common(key, state);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Fork with N pages shared, have child and parent touch them in ways that must copy "
	       "a known number, and compare with what Faultline counted."
	       "\v"
	       "A line for each process in each scenario: pages that must be copied for it, "
	       "those counted while it touched them, those since the fork (its stack and the like "
	       "included), and its minor faults while it touched them, of those that copy nothing, "
	       "too.  The exit status is 0 if all counts are equal, 1 if not.\n\n"
	       "Examples:\n"
	       "  cow                 a child that writes all copies 1024 pages\n"
	       "  cow --pages 23      one that writes every other, 12\n",
};

int main(int argc, char **argv)
{
	int count = 1024;
	struct pages pages;
	struct registration_counters counters;

	arguments_parse(&argp, argc, argv, &count);
	stay_on_this_cpu();

	/* Registered throughout, so that counting never pauses between two scenarios. */
	if (registration_begin_with_children() || registration_read_of(getpid(), &counters) ||
	    pages_fill(&pages, count, false))
		return EXIT_FAILURE;

	bool equal = run_all(&pages);

	if (!counters.cow_counted)
		warnx("the module counts no copy-on-write faults: %s", counters.cow_method);
	if (registration_end() || fflush(stdout))
		return EXIT_FAILURE;
	return equal ? EXIT_SUCCESS : EXIT_FAILURE;
}
