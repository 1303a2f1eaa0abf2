/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A recorded program itself, run in less and less memory.
 *
 * It reads nothing from standard input, its standard output goes nowhere and its standard error to
 * the caller's; and it has no huge pages.
 *
 * rehearse -> weigh -> run ...
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "verification.h"

/**
 * struct program - it
 * @argv: the command, searched for in PATH
 * @cgroup: a folder of cgroup v2, below which cgroups are made; its controllers include memory
 * @kernel_bytes: what the kernel needs for it, once weighed
 */
struct program {
	char **argv;
	const char *cgroup;
	uint64_t kernel_bytes;
};

/**
 * program_rehearse() - run it once, in no cgroup of ours
 * @program: its command and folder
 * @why: of WHY_BYTES
 *
 * Its files stay in memory then, and whoever reads them later is not charged with them.
 *
 * Return: true, or false with @why if there is no such command, or it fails, as do the others.
 */
bool program_rehearse(const struct program *program, char *why);

/**
 * program_weigh() - run it in a cgroup without a limit, to see what the kernel needs for it
 * @program: rehearsed; @program->kernel_bytes is filled in
 * @why: of WHY_BYTES
 *
 * That is memory.stat's kernel when it exits: page tables, and what its mappings and files take.
 */
bool program_weigh(struct program *program, char *why);

/**
 * program_run() - run it where there is room for so many pages of its own
 * @program: weighed
 * @frames: memory.max is so many of this machine's pages, and @program->kernel_bytes
 * @verification: filled in; those of children that it waits for are in it, too
 */
bool program_run(const struct program *program, uint64_t frames,
		 struct verification *verification);

#endif /* PROGRAM_H */
