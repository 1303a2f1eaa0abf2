// SPDX-License-Identifier: GPL-2.0
/*
 * cow_test: nobody sees what another one writes
 *
 * Checks of copy-on-write as programs know it, by what they can see, so that they hold
 * on every kernel, with the module and without.  Each is a function of isolation_*.c.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "isolation.h"
#include "tap.h"

enum { ROUNDS_MAX = 1000000 };

static const struct {
	const char *name;
	void (*function)(unsigned int seed);
} checks[] = {
	{ "fork_trees", isolation_fork_trees },
	{ "crowd", isolation_crowd },
	{ "parent_writes", isolation_parent_writes },
	{ "threads", isolation_threads },
	{ "process_vm_writev", isolation_process_vm_writev },
	{ "proc_mem", isolation_proc_mem },
	{ "read", isolation_read },
	{ "holes", isolation_holes },
	{ "edges", isolation_edges },
	{ "swap", isolation_swap },
	{ "userfaultfd", isolation_userfaultfd },
	{ "ksm", isolation_ksm },
	{ "mlock", isolation_mlock },
	{ "soft_dirty", isolation_soft_dirty },
	{ "shared", isolation_shared },
	{ "private_file", isolation_private_file },
	{ "hugetlb", isolation_hugetlb },
};

enum { CHECKS = sizeof(checks) / sizeof(checks[0]) };

struct job {
	int rounds;
	bool wanted[CHECKS];
	bool all;
};

static size_t check_named(const char *name)
{
	char names[256] = "";

	for (size_t i = 0; i < CHECKS; i++) {
		if (!strcmp(checks[i].name, name))
			return i;
		strcat(strcat(names, i ? ", " : ""), checks[i].name);
	}
	errx(EXIT_USAGE, "CHECK: expected some of %s, not '%s'", names, name);
}

static const struct argp_option options[] = {
	{ "rounds", 'r', "N", 0, "How many times, each with random numbers of its own (1)", 0 },
	ARGUMENTS_COMMON,
	{ 0 }
};

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct job *job = state->input;

	switch (key) {
	case 'r':
		job->rounds = arguments_integer("--rounds", text, 1, ROUNDS_MAX);
		return 0;
	case ARGP_KEY_ARG:
		job->wanted[check_named(text)] = true;
		job->all = false;
		return 0;
	default:
		return arguments_common(key, state);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "[CHECK...]",
	.doc = "Check that no process sees what another one writes to memory that they share "
	       "since a fork, and that nothing changes on pages that nobody writes."
	       "\v"
	       "CHECK is fork_trees, crowd, parent_writes, threads; process_vm_writev, proc_mem, "
	       "read (into such memory); holes, edges, swap (what lies beside); userfaultfd, ksm, "
	       "mlock, soft_dirty (what the kernel has marked); shared, private_file, hugetlb "
	       "(memory of other kinds).  Without any, all are run.  What this kernel or your "
	       "rights do not allow is skipped.  The exit status is 0 if all claims hold, 1 if "
	       "not.\n\n"
	       "Examples:\n"
	       "  cow_test\n"
	       "  cow_test -r 100 fork_trees threads\n",
};

int main(int argc, char **argv)
{
	struct job job = { .rounds = 1, .all = true };

	arguments_parse(&argp, argc, argv, &job);
	for (int round = 1; round <= job.rounds; round++)
		for (size_t i = 0; i < CHECKS; i++)
			if (job.all || job.wanted[i])
				checks[i].function(round);
	return finish();
}
