/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handles the faults of a buffer, by userfaultfd(2), so that as many of its pages are in memory as
 * there are frames, and those that a policy of replacement says.
 *
 * A page in memory is in a file of memory that the buffer maps; the others are in a temporary file.
 * An access to one that is not in memory is a missing fault, and a fault that is counted.  So that
 * the policy sees hits, only the page that is accessed now is in the page table: an access to
 * another one that is in memory is a minor fault, and a hit.
 *
 * Who accesses the buffer is one thread, of this process or another: while it waits for its fault
 * nobody writes a page that goes.
 *
 * init -> watch, or who has the buffer does so -> serve -> free
 */
#ifndef PAGER_H
#define PAGER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "evictions.h"
#include "policy.h"
#include "trace.h"

enum {
	/* An instruction moves from two pages to two others at most. */
	PAGER_PERIOD_MAX = 4,
	PAGER_TRAPS = 3 * PAGER_PERIOD_MAX,
};

/**
 * struct pager_trap - where an access faulted
 * @address: that was accessed
 * @instruction: the address of the one that did so, or that called the kernel
 */
struct pager_trap {
	uint64_t address;
	uint64_t instruction;
};

/**
 * struct pager_counts - what came of it
 * @faults: those that the kernel had us handle
 * @unforeseen: times when the kernel missed a page that the policy has, or the reverse
 * @most: pages that were in memory at most, as the kernel counts them
 */
struct pager_counts {
	uint64_t faults;
	uint64_t unforeseen;
	uint64_t most;
};

/**
 * struct pager - a buffer, and a policy that rules over it
 * @policy: who goes
 * @frames: how many pages may be in memory
 * @start: of the buffer, in the memory of who accesses it
 * @file: its pages that are in memory
 * @uffd: where the kernel tells of faults
 * @syscall: /proc/PID/syscall of another process that accesses it, or -1
 * @seen: what the policy takes for the trace: what faulted until now, pages in the order of their
 *        first use
 * @counts: until now
 *
 * And for pager.c alone:
 * @page_bytes: of this machine's pages
 * @pages: of the buffer
 * @store: pages that are not in memory
 * @runs: of @seen
 * @runs_max: there is room for so many
 * @numbers: by page of the buffer, its number in @seen
 * @places: by number, which page of the buffer that is
 * @states: by number, of enum state
 * @state: of the policy
 * @evictions: that it tells
 * @mapped: pages in the page table, if the policy must see hits
 * @mapped_count: how many
 * @traps: the last ones, from the very last on
 * @stuck: how many of them in succession got nowhere
 * @copy: a page on its way
 */
struct pager {
	const struct policy *policy;
	uint32_t frames;
	uint64_t start;
	int file;
	int uffd;
	int syscall;
	struct trace seen;
	struct pager_counts counts;

	size_t page_bytes;
	uint32_t pages;
	FILE *store;
	struct run *runs;
	uint64_t runs_max;
	uint32_t *numbers;
	uint32_t *places;
	uint8_t *states;
	void *state;
	struct evictions evictions;
	uint32_t mapped[PAGER_TRAPS];
	uint32_t mapped_count;
	struct pager_trap traps[PAGER_TRAPS];
	uint32_t stuck;
	char *copy;
};

/**
 * pager_init() - nothing was accessed yet
 * @pager: filled in, but for @start, @file, @uffd and @syscall, which are none
 * @policy: that enforcement_can() enforce
 * @frames: of memory
 * @pages: of the buffer
 * @runs: that may be accessed at most
 *
 * Return: true, or false with errno; pager_free() in either case.
 */
bool pager_init(struct pager *pager, const struct policy *policy, uint64_t frames, uint32_t pages,
		uint64_t runs);

/**
 * pager_serve() - let accesses go on that wait, one after another
 * @pager: its @uffd does not block
 * @ended: can be read once nobody accesses the buffer any more
 *
 * Where that fails the program ends, as the access could never.
 */
void pager_serve(struct pager *pager, int ended);

/**
 * pager_read() - what is at the start of a page, wherever that is; nobody accesses it meanwhile
 * @pager: it
 * @number: of the page in the order of first uses
 */
uint64_t pager_read(const struct pager *pager, uint32_t number);

/**
 * pager_free() - and close what it has
 * @pager: it
 */
void pager_free(struct pager *pager);

#endif /* PAGER_H */
