/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A memory cgroup (v2) of our own, that is gone when it has been used.
 *
 * make -> enter, charges, limit ... -> remove
 */
#ifndef CGROUP_H
#define CGROUP_H

#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * struct cgroup - it
 * @path: its folder
 * @before: signals that were held back before
 */
struct cgroup {
	char path[PATH_MAX];
	sigset_t before;
};

/**
 * struct cgroup_charges - what it is charged with, in bytes
 * @pages: anonymous memory, and pages of files that nobody else was charged with before
 * @kernel: what the kernel needs to have them: page tables above all
 */
struct cgroup_charges {
	uint64_t pages;
	uint64_t kernel;
};

/**
 * cgroup_make() - have an empty one
 * @cgroup: filled in
 * @folder: a folder of cgroup v2, below which it is made; its controllers include memory
 * @why: of WHY_BYTES
 *
 * Signals that end the caller are held back until it is removed.  Who is forked meanwhile inherits
 * that.
 *
 * Return: true, or false with @why, as do the others, and then there is nothing to remove.
 */
bool cgroup_make(struct cgroup *cgroup, const char *folder, char *why);

/**
 * cgroup_enter() - have it charged with what a process takes from now on
 * @cgroup: made
 * @pid: the process
 * @why: of WHY_BYTES
 */
bool cgroup_enter(const struct cgroup *cgroup, pid_t pid, char *why);

/**
 * cgroup_charges() - what it is charged with now
 * @cgroup: made
 * @charges: filled in
 * @why: of WHY_BYTES
 *
 * memory.current is more: each CPU charges up to 64 pages in advance, and gives back what is left
 * of them where the limit is reached.
 */
bool cgroup_charges(const struct cgroup *cgroup, struct cgroup_charges *charges, char *why);

/**
 * cgroup_limit() - set its memory.max
 * @cgroup: made
 * @bytes: to this
 * @why: of WHY_BYTES
 */
bool cgroup_limit(const struct cgroup *cgroup, uint64_t bytes, char *why);

/**
 * cgroup_remove() - remove it
 * @cgroup: made; those who were in it have come to their end
 */
void cgroup_remove(const struct cgroup *cgroup);

#endif /* CGROUP_H */
