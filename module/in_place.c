// SPDX-License-Identifier: GPL-2.0
/*
 * Pre-copy in the fault itself.
 *
 * do_wp_page() is where the kernel breaks a share: it is called with the page table locked
 * and the entry read, and gives back the lock.  An ftrace direct call at its entry asks for
 * a window; if there is one it takes the function's place, calls the rest of it for the page
 * that faulted, and then once more for each page of the window, having locked the table and
 * looked at the entry again.  So a page is copied, charged and accounted for by the kernel
 * alone, under the very lock that the fault holds on the memory.
 *
 * That relies on what a static function expects of its callers.  It was read and tried in the
 * kernels of the list below, and only there is it used, after isolation.c has seen it at work
 * on the very kernel.
 */

#include <linux/delay.h>
#include <linux/ftrace.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/pagemap.h>
#include <linux/rcupdate.h>
#include <linux/version.h>

#include "compat.h"
#include "direct.h"
#include "hook.h"
#include "in_place.h"
#include "isolation.h"
#include "page_table.h"

static struct faultline_function breaker;
static struct ftrace_ops breaker_ops;

/* 6.1 and 6.12, with whatever fixes they get. */
static bool is_listed(void)
{
	unsigned int series = LINUX_VERSION_CODE >> 8;

	return series == KERNEL_VERSION(6, 1, 0) >> 8 || series == KERNEL_VERSION(6, 12, 0) >> 8;
}

/* Not what the kernel does for others (ptrace, GUP), and not just for reading. */
static bool is_plain_write(const struct vm_fault *vmf)
{
	return (vmf->flags & (FAULT_FLAG_WRITE | FAULT_FLAG_REMOTE | FAULT_FLAG_UNSHARE)) ==
	       FAULT_FLAG_WRITE;
}

/**
 * faultline_in_place_wanted() - is there a window for this fault?
 * @vmf: the fault
 *
 * Called by faultline_write_entry.  Context: the page table is locked.
 * Return: what speaks for it; the task has begun, if there is one.
 */
unsigned int notrace faultline_in_place_wanted(const struct vm_fault *vmf)
{
	enum faultline_forecast_kind kind = FAULTLINE_FORECAST_FIXED;
	int depth;

	if (!is_plain_write(vmf) || !faultline_precopy_allowed(vmf->vma))
		return FAULTLINE_FORECAST_NOTHING;
	depth = faultline_precopy_depth();
	/* Of the zero page nothing is copied. */
	if (depth == FAULTLINE_PRECOPY_OFF || vmf->orig_pte.pte & _PAGE_SPECIAL)
		return FAULTLINE_FORECAST_NOTHING;
	if (depth == FAULTLINE_PRECOPY_AUTO)
		kind = faultline_forecast_wanted(vmf->vma, vmf->address, vmf->pte);
	if (kind != FAULTLINE_FORECAST_NOTHING && !faultline_precopy_begin())
		return FAULTLINE_FORECAST_NOTHING;
	return kind;
}

#ifdef FAULTLINE_WRONG_COPY
/*
 * In the build that the tests are tested with (tests/long/precopy_wrong_copy.sh): the page
 * becomes writable and stays everybody's.
 */
static bool wrong_copy = true;
module_param(wrong_copy, bool, 0644);

static vm_fault_t break_share(struct vm_fault *vmf, unsigned long body)
{
	if (!wrong_copy)
		return faultline_write_resume(vmf, body);
	WRITE_ONCE(vmf->pte->pte, pte_val(vmf->orig_pte) | _PAGE_RW);
	faultline_pte_unlock(vmf->ptl);
	return 0;
}
#else
#define break_share	faultline_write_resume
#endif

/**
 * faultline_in_place_copy() - make one more page private
 * @fault: the fault that was handled
 * @address: of a page of the same vma and page table
 *
 * Context: may sleep; the vma's or the memory's lock is held.
 * Return: FAULTLINE_PRECOPY_COPIED, or why not.
 */
enum faultline_precopy_count faultline_in_place_copy(struct faultline_precopy_fault *fault,
						     unsigned long address)
{
	pte_t *pte = faultline_precopy_pte(fault, address);
	enum faultline_precopy_count result;
	struct vm_fault vmf = {
		.vma = fault->vma,
		.gfp_mask = GFP_HIGHUSER_MOVABLE,
		.pgoff = linear_page_index(fault->vma, address),
		.address = address,
		.real_address = address,
		.flags = fault->flags,
		.pmd = fault->pmd,
		.pud = fault->pud,
		.pte = pte,
		.ptl = pte_lockptr(fault->vma->vm_mm, fault->pmd),
	};

	faultline_pte_lock(vmf.ptl);
	vmf.orig_pte = READ_ONCE(*pte);
	result = faultline_precopy_look(fault, vmf.orig_pte);
	if (result != FAULTLINE_PRECOPY_COPIED) {
		faultline_pte_unlock(vmf.ptl);
		return result;
	}
	/* Unlocks. */
	return faultline_precopy_outcome(break_share(&vmf, fault->body), pte);
}

/**
 * faultline_in_place_fault() - in do_wp_page()'s place, for a fault that has a window
 * @vmf: the fault
 * @body: where do_wp_page() goes on
 * @kind: what speaks for the window
 *
 * Called by faultline_write_entry.  Context: as do_wp_page(): the page table is locked on
 * entry and not on return; sleeps in between.
 * Return: what do_wp_page() returned.
 */
vm_fault_t notrace faultline_in_place_fault(struct vm_fault *vmf, unsigned long body,
					    unsigned int kind)
	__releases(vmf->ptl) __releases(RCU)
{
	struct faultline_precopy_fault fault = {
		.vma = vmf->vma,
		.address = vmf->address,
		.pte = vmf->pte,
		.pmd = vmf->pmd,
		.pud = vmf->pud,
		.flags = FAULT_FLAG_WRITE | (vmf->flags & FAULT_FLAG_VMA_LOCK),
		.body = body,
	};
	unsigned long *word = faultline_precopy_word();
	vm_fault_t result = faultline_write_resume(vmf, body);

	/* With one of these the lock on the memory may be gone. */
	if (!(result & (VM_FAULT_ERROR | VM_FAULT_RETRY | VM_FAULT_COMPLETED)))
		faultline_precopy_copy(&fault, kind, word, faultline_in_place_copy);
	faultline_precopy_end(word);
	return result;
}

/**
 * faultline_in_place_prepare() - can this engine be used?
 *
 * Context: may sleep.
 * Return: NULL, or why not.
 */
const char *faultline_in_place_prepare(void)
{
	static const char * const names[] = { "do_wp_page", NULL };

	if (!FAULTLINE_DIRECT_CALLS)
		return "this kernel has no ftrace direct calls";
	if (!is_listed())
		return "not tried with this version of the kernel";
	if (!faultline_hook_find(&breaker, names))
		return "this kernel has no do_wp_page of its own";
	return faultline_isolation_test(breaker.start);
}

/**
 * faultline_in_place_arm() - stand in for do_wp_page()
 *
 * Context: may sleep; precopy.c's mutex is held.
 * Return: 0 or a negative errno: -EBUSY when somebody else does.
 */
int faultline_in_place_arm(void)
{
	return faultline_hook_call(&breaker_ops, &breaker, faultline_write_entry);
}

/**
 * faultline_in_place_disarm() - do so no more; no task is in a window then
 *
 * Context: may sleep; precopy.c's mutex is held.
 */
void faultline_in_place_disarm(void)
{
	faultline_hook_uncall(&breaker_ops, faultline_write_entry);
	/* They may sleep, and the grace period that has passed did not wait for them. */
	while (!faultline_precopy_idle())
		msleep(20);
	/* Nor for the few instructions between their last word and their return. */
	synchronize_rcu_tasks();
}

/**
 * faultline_in_place_exit() - give back what the hook holds; it is disarmed for good
 *
 * Context: may sleep.
 */
void faultline_in_place_exit(void)
{
	ftrace_free_filter(&breaker_ops);
}
