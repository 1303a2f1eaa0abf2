// SPDX-License-Identifier: GPL-2.0
/*
 * Pre-copy on the way back to user mode, for kernels that in_place.c is not used on.
 *
 * The tracepoint page_fault_user passes before a fault is handled, with preemption off and no
 * lock on the memory.  If there is a window for the page, a task work is queued, which runs
 * when the fault has been handled, takes the lock, and has handle_mm_fault() make one page
 * after the other private.  It costs more than in place, has no history to go by, and knows
 * only of faults in user mode; all that it calls is exported.
 */

#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/task_work.h>
#include <linux/tracepoint.h>

#include <asm/trap_pf.h>

#include "compat.h"
#include "deferred.h"
#include "hook.h"
#include "page_table.h"
#include "precopy.h"

/**
 * struct deferred_window - a window that waits for its fault to be over
 * @work: queued on its task
 * @address: of the page that faulted
 * @kind: what speaks for it
 */
struct deferred_window {
	struct callback_head work;
	unsigned long address;
	enum faultline_forecast_kind kind;
};

static struct tracepoint *fault_tracepoint;
/* False: who comes late with a window shall not copy it. */
static bool deferred_armed;
/* Windows that are queued or being copied: of tasks that may sleep for long before. */
static atomic_t deferred_windows;

/* Needs the memory's lock, which keeps the page table of a vma. */
static pte_t *find_pte(struct mm_struct *mm, unsigned long address)
{
	unsigned long flags;
	pte_t *pte;

	local_irq_save(flags);
	pte = faultline_pte_find(mm, address);
	local_irq_restore(flags);
	return pte;
}

/* Needs the memory's lock. */
static enum faultline_precopy_count copy_ahead(struct faultline_precopy_fault *fault,
					       unsigned long address)
{
	pte_t *pte = faultline_precopy_pte(fault, address);
	enum faultline_precopy_count result = faultline_precopy_look(fault, READ_ONCE(*pte));

	if (result != FAULTLINE_PRECOPY_COPIED)
		return result;
	return faultline_precopy_outcome(handle_mm_fault(fault->vma, address, FAULT_FLAG_WRITE,
							 NULL), pte);
}

/* Needs the memory's lock. */
static void copy_window(const struct deferred_window *window)
{
	struct faultline_precopy_fault fault = {
		.vma = vma_lookup(current->mm, window->address),
		.address = window->address,
		.pte = find_pte(current->mm, window->address),
	};
	unsigned long *word;

	if (!fault.vma || !fault.pte || !faultline_precopy_allowed(fault.vma))
		return;
	word = faultline_precopy_begin();
	if (!word)
		return;
	/* That was a full barrier: either this is seen, or disarm sees the word. */
	if (READ_ONCE(deferred_armed))
		faultline_precopy_copy(&fault, window->kind, word, copy_ahead);
	faultline_precopy_end(word);
}

static void run_work(struct callback_head *work)
{
	struct deferred_window *window = container_of(work, struct deferred_window, work);

	if (current->mm && !(current->flags & PF_EXITING) && mmap_read_trylock(current->mm)) {
		copy_window(window);
		mmap_read_unlock(current->mm);
	}
	kfree(window);
	atomic_dec(&deferred_windows);
}

static void defer(unsigned long address, enum faultline_forecast_kind kind)
{
	struct deferred_window *window = kmalloc(sizeof(*window), GFP_NOWAIT | __GFP_NOWARN);

	if (!window)
		return;
	window->address = address;
	window->kind = kind;
	init_task_work(&window->work, run_work);
	atomic_inc(&deferred_windows);
	if (task_work_add(current, &window->work, TWA_RESUME)) {
		kfree(window);
		atomic_dec(&deferred_windows);
	}
}

/* What speaks for a window after this page.  Context: interrupts are off. */
static enum faultline_forecast_kind kind_of(struct mm_struct *mm, unsigned long address,
					    int depth)
{
	const pte_t *pte = faultline_pte_find(mm, address);

	if (!pte)
		return FAULTLINE_FORECAST_NOTHING;
	if (depth != FAULTLINE_PRECOPY_AUTO)
		return faultline_pte_shared(READ_ONCE(*pte)) ? FAULTLINE_FORECAST_FIXED :
							       FAULTLINE_FORECAST_NOTHING;
	return !faultline_pte_alone(pte) && faultline_forecast_run_wanted(mm, address, pte) ?
	       FAULTLINE_FORECAST_RUN : FAULTLINE_FORECAST_NOTHING;
}

/* Writes of a user to a page that is there and may not be written. */
static void fault_probe(void *data, unsigned long address, struct pt_regs *regs,
			unsigned long error_code)
{
	const unsigned long wanted = X86_PF_PROT | X86_PF_WRITE | X86_PF_USER;
	enum faultline_forecast_kind kind;
	unsigned long flags;
	int depth;

	if ((error_code & wanted) != wanted || !current->mm)
		return;
	depth = faultline_precopy_depth();
	if (depth == FAULTLINE_PRECOPY_OFF)
		return;
	address &= PAGE_MASK;
	local_irq_save(flags);
	kind = kind_of(current->mm, address, depth);
	local_irq_restore(flags);
	if (kind != FAULTLINE_FORECAST_NOTHING)
		defer(address, kind);
}

/**
 * faultline_deferred_prepare() - can this engine be used?
 *
 * Context: may sleep.
 * Return: NULL, or why not.
 */
const char *faultline_deferred_prepare(void)
{
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		return "no memory can be had in a tracepoint of PREEMPT_RT";
	if (!FAULTLINE_DIRECT_CALLS)
		return "this kernel has no ftrace direct calls";
	fault_tracepoint = faultline_hook_tracepoint("page_fault_user");
	return fault_tracepoint ? NULL : "this kernel has no tracepoint at faults";
}

/**
 * faultline_deferred_arm() - look at faults
 *
 * Context: may sleep; precopy.c's mutex is held.
 * Return: 0 or a negative errno.
 */
int faultline_deferred_arm(void)
{
	int err;

	WRITE_ONCE(deferred_armed, true);
	err = tracepoint_probe_register(fault_tracepoint, fault_probe, NULL);
	if (err)
		WRITE_ONCE(deferred_armed, false);
	return err;
}

/**
 * faultline_deferred_disarm() - do so no more; no task is in a window then
 *
 * Context: may sleep; precopy.c's mutex is held.
 */
void faultline_deferred_disarm(void)
{
	tracepoint_probe_unregister(fault_tracepoint, fault_probe, NULL);
	tracepoint_synchronize_unregister();
	WRITE_ONCE(deferred_armed, false);
	/* Pairs with the one in begin(). */
	smp_mb();
	while (!faultline_precopy_idle())
		msleep(20);
}

/**
 * faultline_deferred_exit() - wait until nobody will come back; it is disarmed for good
 *
 * A task that sleeps in its fault comes when it wakes up, or is killed.
 *
 * Context: may sleep.
 */
void faultline_deferred_exit(void)
{
	while (atomic_read(&deferred_windows))
		msleep(20);
	/* For the few instructions between that and the return. */
	synchronize_rcu_tasks();
}
