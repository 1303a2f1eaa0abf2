/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Speculative pre-copy: after a copy-on-write fault, make the pages private that will be
 * written next, so that they do not fault.
 */
#ifndef _FAULTLINE_PRECOPY_H
#define _FAULTLINE_PRECOPY_H

#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/hash.h>
#include <linux/jump_label.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/userfaultfd_k.h>

#ifdef CONFIG_X86_64
#include "forecast.h"
#endif

struct faultline_process;

/**
 * enum faultline_precopy_setting - what a process or the system wants; or a number of
 *	pages from 1 to FAULTLINE_PRECOPY_DEEPEST, which are copied after each fault
 * @FAULTLINE_PRECOPY_GONE: it is registered no more
 * @FAULTLINE_PRECOPY_SYSTEM: what the system wants
 * @FAULTLINE_PRECOPY_OFF: nothing
 * @FAULTLINE_PRECOPY_AUTO: as many as the forecast says
 * @FAULTLINE_PRECOPY_DEEPEST: the greatest such number
 */
enum faultline_precopy_setting {
	FAULTLINE_PRECOPY_GONE		= -3,
	FAULTLINE_PRECOPY_SYSTEM	= -2,
	FAULTLINE_PRECOPY_OFF		= -1,
	FAULTLINE_PRECOPY_AUTO		= 0,
	FAULTLINE_PRECOPY_DEEPEST	= 64,
};

/**
 * enum faultline_precopy_count - what is counted, in pages; all attempts are copied or
 *	refused
 * @FAULTLINE_PRECOPY_COPIED: made private: copied, or taken over where nobody else had
 *	them any more
 * @FAULTLINE_PRECOPY_USED: of these, found used when their window was looked at again
 * @FAULTLINE_PRECOPY_WASTED: found unused then
 * @FAULTLINE_PRECOPY_MEMORY: refused: too little memory is left, or in the memory cgroup
 * @FAULTLINE_PRECOPY_EDGE: refused: beyond the mapping, or the page table
 * @FAULTLINE_PRECOPY_NOT_SHARED: refused: not a page that fork() left shared
 * @FAULTLINE_PRECOPY_RACED: refused: somebody else holds the page, or has changed it
 *	meanwhile; or it lies behind one of these
 * @FAULTLINE_PRECOPY_POLICY: refused: it would take too long, somebody waits for the CPU,
 *	or earlier guesses were wrong
 * @FAULTLINE_PRECOPY_COUNTS: how many there are
 */
enum faultline_precopy_count {
	FAULTLINE_PRECOPY_COPIED,
	FAULTLINE_PRECOPY_USED,
	FAULTLINE_PRECOPY_WASTED,
	FAULTLINE_PRECOPY_MEMORY,
	FAULTLINE_PRECOPY_EDGE,
	FAULTLINE_PRECOPY_NOT_SHARED,
	FAULTLINE_PRECOPY_RACED,
	FAULTLINE_PRECOPY_POLICY,
	FAULTLINE_PRECOPY_COUNTS
};

/* vm.cow_precopy_depth */
extern unsigned int faultline_precopy_system_depth;

#ifdef CONFIG_X86_64
/**
 * struct faultline_precopy_fault - the fault that a window follows
 * @vma: where; its lock, or that of all the memory, is held
 * @address: of the page that faulted
 * @pte: its entry
 * @pmd: the entry of its page table; in-place copies only
 * @pud: the one above; likewise
 * @flags: of the fault; likewise
 * @body: where do_wp_page() goes on; likewise
 * @known: references to each page that the caller holds; 0 but for the self-test
 * @free: of faultline_pte_held()
 */
struct faultline_precopy_fault {
	struct vm_area_struct *vma;
	unsigned long address;
	pte_t *pte;
	pmd_t *pmd;
	pud_t *pud;
	unsigned int flags;
	unsigned long body;
	int known;
	struct folio *free;
};

enum {
	FAULTLINE_PRECOPY_TASKS_BITS	= 8,
	FAULTLINE_PRECOPY_TASKS_TRIES	= 4,
	/* Of a task's word: it is copying ahead, and not for its fault. */
	FAULTLINE_PRECOPY_AHEAD		= 1,
};

DECLARE_STATIC_KEY_FALSE(faultline_precopy_on);
extern bool faultline_precopy_system_on;
extern atomic_t faultline_precopy_own_settings;
int faultline_precopy_own_depth(void);
extern unsigned long faultline_precopy_tasks[];

/**
 * faultline_precopy_task_word() - places where this task's word may be
 * @try: 0 to FAULTLINE_PRECOPY_TASKS_TRIES - 1
 *
 * Return: the place.
 */
static __always_inline unsigned long *faultline_precopy_task_word(unsigned int try)
{
	const unsigned int mask = (1 << FAULTLINE_PRECOPY_TASKS_BITS) - 1;

	return &faultline_precopy_tasks[(hash_ptr(current, FAULTLINE_PRECOPY_TASKS_BITS) + try) &
					mask];
}

/**
 * faultline_precopy_is_ahead() - does this task copy ahead of its faults just now?
 *
 * Context: any.
 * Return: true if so: what it copies is no fault.
 */
static __always_inline bool faultline_precopy_is_ahead(void)
{
	unsigned int try;

	if (!static_branch_unlikely(&faultline_precopy_on))
		return false;
	for (try = 0; try < FAULTLINE_PRECOPY_TASKS_TRIES; try++)
		if (READ_ONCE(*faultline_precopy_task_word(try)) ==
		    ((unsigned long)current | FAULTLINE_PRECOPY_AHEAD))
			return true;
	return false;
}

/**
 * faultline_precopy_system_setting() - what is wanted of who has no setting of his own
 *
 * Context: any.
 * Return: FAULTLINE_PRECOPY_OFF, FAULTLINE_PRECOPY_AUTO, or a number of pages.
 */
static __always_inline int faultline_precopy_system_setting(void)
{
	return READ_ONCE(faultline_precopy_system_on) ? READ_ONCE(faultline_precopy_system_depth) :
							FAULTLINE_PRECOPY_OFF;
}

/**
 * faultline_precopy_depth() - what is wanted of the current task
 *
 * Context: any.
 * Return: FAULTLINE_PRECOPY_OFF, FAULTLINE_PRECOPY_AUTO, or a number of pages.
 */
static __always_inline int faultline_precopy_depth(void)
{
	if (likely(!atomic_read(&faultline_precopy_own_settings)))
		return faultline_precopy_system_setting();
	return faultline_precopy_own_depth();
}

/**
 * faultline_precopy_allowed() - may pages of this mapping be copied ahead?
 * @vma: a mapping of the current task's
 *
 * Private anonymous memory that has pages.  Not what userfaultfd watches or drivers map,
 * and not what KSM may merge: copies would undo its work.
 *
 * Context: any; the vma cannot go away.
 * Return: true if so.
 */
static __always_inline bool faultline_precopy_allowed(const struct vm_area_struct *vma)
{
	const unsigned long never = VM_SHARED | VM_HUGETLB | VM_PFNMAP | VM_MIXEDMAP | VM_IO |
				    VM_MERGEABLE | __VM_UFFD_FLAGS;

	return (vma->vm_flags & (VM_WRITE | never)) == VM_WRITE && !vma->vm_ops &&
	       vma->anon_vma && vma->vm_mm == current->mm;
}

/**
 * faultline_precopy_pte() - the entry of a page of the fault's page table
 * @fault: the fault
 * @address: of the page
 *
 * Return: the entry.
 */
static __always_inline pte_t *faultline_precopy_pte(const struct faultline_precopy_fault *fault,
						    unsigned long address)
{
	return fault->pte + ((long)(address - fault->address) >> PAGE_SHIFT);
}

/**
 * faultline_precopy_look() - before a page is copied: may it be?
 * @fault: the fault
 * @entry: of the page
 *
 * Context: the page table cannot go away.
 * Return: FAULTLINE_PRECOPY_COPIED if so, or why not.
 */
static __always_inline enum faultline_precopy_count
faultline_precopy_look(struct faultline_precopy_fault *fault, pte_t entry)
{
	if (!faultline_pte_shared(entry))
		return FAULTLINE_PRECOPY_NOT_SHARED;
	if (faultline_pte_held(entry, fault->known, &fault->free))
		return FAULTLINE_PRECOPY_RACED;
	return FAULTLINE_PRECOPY_COPIED;
}

/**
 * faultline_precopy_outcome() - after the kernel was asked for it: was a page copied?
 * @result: what the kernel said
 * @pte: the page's entry; a use of the page will show from now on
 *
 * Context: the page table cannot go away.
 * Return: FAULTLINE_PRECOPY_COPIED if so, or why not.
 */
static __always_inline enum faultline_precopy_count
faultline_precopy_outcome(vm_fault_t result, pte_t *pte)
{
	pte_t entry = READ_ONCE(*pte);

	if (result & VM_FAULT_OOM)
		return FAULTLINE_PRECOPY_MEMORY;
	if (!pte_present(entry) || !pte_write(entry))
		return FAULTLINE_PRECOPY_RACED;
	faultline_pte_clear_accessed(pte, entry);
	return FAULTLINE_PRECOPY_COPIED;
}

/**
 * faultline_precopy_word() - the word of a task that has begun
 *
 * Context: any.
 * Return: its word.
 */
static __always_inline unsigned long *faultline_precopy_word(void)
{
	unsigned int try;

	for (try = 0; try < FAULTLINE_PRECOPY_TASKS_TRIES - 1; try++)
		if (READ_ONCE(*faultline_precopy_task_word(try)) == (unsigned long)current)
			break;
	return faultline_precopy_task_word(try);
}

unsigned long *faultline_precopy_begin(void);
void faultline_precopy_end(unsigned long *word);
bool faultline_precopy_idle(void);
void faultline_precopy_copy(struct faultline_precopy_fault *fault,
			    enum faultline_forecast_kind kind, unsigned long *word,
			    enum faultline_precopy_count
			    (*copy)(struct faultline_precopy_fault *fault, unsigned long address));
void faultline_precopy_count(enum faultline_precopy_count which, unsigned int pages);

int faultline_precopy_init(void);
void faultline_precopy_exit(void);
int faultline_precopy_switch(bool on);
int faultline_precopy_change(int before, int after);
void faultline_precopy_inherit(int setting);
void faultline_precopy_forget(int setting);
bool faultline_precopy_available(void);
void faultline_precopy_total(u64 counts[FAULTLINE_PRECOPY_COUNTS]);
void faultline_precopy_show(struct seq_file *seq);
#else
/* The page table's bits and the hooks are written for one architecture. */
static inline bool faultline_precopy_is_ahead(void) { return false; }
static inline int faultline_precopy_init(void) { return 0; }
static inline void faultline_precopy_exit(void) {}
static inline int faultline_precopy_switch(bool on) { return on ? -EOPNOTSUPP : 0; }
#define faultline_precopy_system_on	false
static inline void faultline_precopy_inherit(int setting) {}
static inline void faultline_precopy_forget(int setting) {}
static inline bool faultline_precopy_available(void) { return false; }
static inline void faultline_precopy_total(u64 counts[FAULTLINE_PRECOPY_COUNTS]) {}

static inline int faultline_precopy_change(int before, int after)
{
	return after >= FAULTLINE_PRECOPY_AUTO ? -EOPNOTSUPP : 0;
}

static inline void faultline_precopy_show(struct seq_file *seq)
{
	seq_puts(seq, "# pre-copy: n/a: not on this architecture\n");
}
#endif

#endif /* _FAULTLINE_PRECOPY_H */
