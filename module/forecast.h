/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which pages of a process's memory will be written next, and what became of such guesses.
 */
#ifndef _FAULTLINE_FORECAST_H
#define _FAULTLINE_FORECAST_H

#include <linux/pgtable.h>
#include <linux/types.h>

#include "history.h"
#include "page_table.h"

struct faultline_forecast;
struct mm_struct;
struct vm_area_struct;

/**
 * enum faultline_forecast_kind - what speaks for a window
 * @FAULTLINE_FORECAST_NOTHING: nothing; there is none
 * @FAULTLINE_FORECAST_RUN: pages written beside the one that faults
 * @FAULTLINE_FORECAST_HISTORY: pages written after earlier forks
 * @FAULTLINE_FORECAST_FIXED: no forecast, but the process's setting, which is a depth
 */
enum faultline_forecast_kind {
	FAULTLINE_FORECAST_NOTHING,
	FAULTLINE_FORECAST_RUN,
	FAULTLINE_FORECAST_HISTORY,
	FAULTLINE_FORECAST_FIXED,
};

/**
 * struct faultline_window - pages to be made private ahead of their writes
 * @base: address of the page of bit 0
 * @mask: the pages, a bit each; those beside the base's page table are left out
 * @kind: what speaks for them
 * @descent: of faultline_history_descent() if that is history
 */
struct faultline_window {
	unsigned long base;
	u64 mask;
	enum faultline_forecast_kind kind;
	u64 descent;
};

int faultline_forecast_create(void);
void faultline_forecast_destroy(void);
void faultline_forecast_exit(void);

bool faultline_forecast_run_wanted(const struct mm_struct *mm, unsigned long address,
				   const pte_t *pte);
struct faultline_forecast *faultline_forecast_get(struct mm_struct *mm, gfp_t gfp);
bool faultline_forecast_window(struct faultline_forecast *forecast,
			       enum faultline_forecast_kind kind,
			       const struct vm_area_struct *vma, unsigned long address,
			       const pte_t *pte, unsigned int most,
			       struct faultline_window *window);
void faultline_forecast_begin(struct faultline_forecast *forecast,
			      const struct faultline_window *window);
void faultline_forecast_copied(struct faultline_forecast *forecast,
			       const struct faultline_window *window, unsigned long stopped);

/**
 * faultline_forecast_wanted() - is there something to be said of what will be written next?
 * @vma: anonymous memory that has pages
 * @address: of a page in it that is being written and that fork() left shared
 * @pte: its entry
 *
 * To be asked once for each such fault, because history is made of the answers.
 * Context: any; the vma and its page table cannot go away.
 * Return: what to ask faultline_forecast_window() for.
 */
static __always_inline enum faultline_forecast_kind
faultline_forecast_wanted(const struct vm_area_struct *vma, unsigned long address,
			  const pte_t *pte)
{
	/* Most of what has no run has nothing near it: there it ends, inline. */
	if (!faultline_pte_alone(pte) && faultline_forecast_run_wanted(vma->vm_mm, address, pte))
		return FAULTLINE_FORECAST_RUN;
	if (faultline_history_write(faultline_history_descent(vma), vma, address))
		return FAULTLINE_FORECAST_HISTORY;
	return FAULTLINE_FORECAST_NOTHING;
}

#endif /* _FAULTLINE_FORECAST_H */
