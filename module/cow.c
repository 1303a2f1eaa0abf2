// SPDX-License-Identifier: GPL-2.0
/*
 * Copy-on-write, counted exactly and by kind.
 *
 * wp_page_copy() is where the kernel copies, but it counts attempts (a racing
 * thread copies and throws away) and compilers inline it from 6.12 on.  What runs
 * once per page that was really put in place is its call of ptep_clear_flush(),
 * under the page-table lock, with the old entry still in the page table.  Others call
 * that function too, so a hook on it counts only calls that return into
 * wp_page_copy(), or into do_wp_page() where that swallowed it, or into hugetlb_wp().
 *
 * The first write to a page of a private file mapping clears no entry.  Its page is put
 * in place by do_set_pte(), since 6.6 set_pte_range(), which is called for every page
 * that a file fault maps, but with a page for the copy (cow_page) only then.
 *
 * Three ways to hook, best first:
 *	ftrace	ftrace handlers with the functions' arguments; cheapest
 *	kprobe	kprobes on the same functions; the same counts
 *	entry	a kprobe on wp_page_copy() itself: counts attempts, so that threads
 *		which race for one page count it more than once
 * Where none attaches, records lack FAULTLINE_COW and people see n/a; where only the
 * second function cannot be hooked, its kind is n/a.
 *
 * arm, disarm and what they set are serialised by the registry's mutex.  The hooks are
 * called with the page-table lock held, which is an RCU read section on PREEMPT_RT and
 * disables preemption elsewhere, and kprobes disable it anyway: that is all that
 * faultline_registry_find_memory() needs.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/sched/signal.h>
#include <linux/sysfs.h>

#include "compat.h"
#include "cow.h"
#include "direct.h"
#include "faults.h"
#include "hook.h"
#include "latency.h"
#include "precopy.h"
#include "registry.h"
#include "ring.h"

#define MARKER	"ptep_clear_flush"
#define COPIER	"wp_page_copy"

/**
 * struct cow_hook - a function that puts a page in place
 * @function: where it is in this kernel, if it is there
 * @ops: its ftrace handler, or NULL where those get no arguments
 * @probe: or its kprobe
 * @armed: by one of these it is attached
 * @direct: it is attached by an ftrace direct call
 */
struct cow_hook {
	struct faultline_function function;
	struct ftrace_ops *ops;
	struct kprobe probe;
	bool armed;
	bool direct;
};

/**
 * struct cow_method - one way to count
 * @name: as in the parameter cow=
 * @arm: attach; 0 or a negative errno
 * @disarm: detach, and wait until no CPU is in a hook
 * @describe: what people read, a format with the caller's name
 * @at_marker: counts at the marker, after the copy
 */
struct cow_method {
	const char *name;
	int (*arm)(void);
	void (*disarm)(void);
	const char *describe;
	bool at_marker;
};

/* Who calls the marker to put a copy in place, and who to put a huge page there. */
static struct faultline_function cow_caller;
static struct faultline_function cow_huge_caller;

static const struct cow_method *cow_armed_method;

static char *cow = "auto";
static const char * const cow_choices[] = { "auto", "ftrace", "kprobe", "entry", "off", NULL };

static int cow_set(const char *value, const struct kernel_param *param)
{
	int choice = __sysfs_match_string(cow_choices, -1, value);

	if (choice < 0) {
		pr_err("cow=%s: expected auto, ftrace, kprobe, entry or off\n", value);
		return -EINVAL;
	}
	*(const char **)param->arg = cow_choices[choice];
	return 0;
}

static const struct kernel_param_ops cow_ops = {
	.set = cow_set,
	.get = param_get_charp,
};
module_param_cb(cow, &cow_ops, &cow, 0444);
MODULE_PARM_DESC(cow, "how to count copy-on-write: auto (default), ftrace, kprobe, entry, off");

/* Somebody wants to know more of each copy.  One key for all, for whom nobody does. */
static DEFINE_STATIC_KEY_FALSE(cow_watched);
static unsigned int cow_watchers;

static __always_inline void count(struct faultline_process *process, enum faultline_kind kind,
				  unsigned long address, bool copied)
{
	atomic64_inc(&process->cow_faults[kind]);
	if (!static_branch_unlikely(&cow_watched))
		return;
	faultline_latency_page_copied(process, kind, address, copied);
	if (static_branch_unlikely(&faultline_faults_on))
		faultline_faults_page_copied(kind);
}

/* Made by the function that latency.c times; the others copy elsewhere, or not at all. */
static __always_inline bool copied_there(enum faultline_kind kind)
{
	return kind == FAULTLINE_ANON || kind == FAULTLINE_FILE || kind == FAULTLINE_KSM;
}

/*
 * Memory that is no file's and that KSM may not merge: that answers most of it without
 * a look at the page, which costs a cache miss on a real machine.
 */
static __always_inline bool is_plain(const struct vm_area_struct *vma, pte_t pte)
{
	return !vma->vm_file && !(vma->vm_flags & VM_MERGEABLE) && !pte_special(pte);
}

/* Whose page a write replaces. */
static enum faultline_kind kind_of(const struct vm_area_struct *vma, pte_t pte)
{
	struct folio *folio;

	if (pte_special(pte))
		return is_zero_pfn(pte_pfn(pte)) ? FAULTLINE_ZERO : FAULTLINE_FILE;
	if (is_plain(vma, pte))
		return FAULTLINE_ANON;
	folio = page_folio(pte_page(pte));
	if (!folio_test_anon(folio))
		return FAULTLINE_FILE;
	return folio_test_ksm(folio) ? FAULTLINE_KSM : FAULTLINE_ANON;
}

/* Of what is not the plain case: another kind, another's memory, or nobody registered. */
static noinline void count_kind(const struct mm_struct *mm, enum faultline_kind kind,
				unsigned long address)
{
	struct faultline_process *process = faultline_registry_find_memory(mm);

	if (!process)
		return;
	count(process, process->signal == current->signal ? kind : FAULTLINE_REMOTE, address,
	      copied_there(kind));
}

/* The same by the entry of the page table.  Apart, so that the plain case saves no registers. */
static noinline void count_page(const struct vm_area_struct *vma, pte_t pte,
				unsigned long address)
{
	count_kind(vma->vm_mm, kind_of(vma, pte), address);
}

/* A process of this task's, if the memory is its own and it is registered. */
static __always_inline struct faultline_process *find_own(const struct mm_struct *mm)
{
	return likely(current->mm == mm) ? faultline_registry_find(current->signal) : NULL;
}

static __always_inline void marker_hook(unsigned long caller, unsigned long vma_argument,
					unsigned long address, unsigned long pte_argument)
{
	const struct vm_area_struct *vma = (const struct vm_area_struct *)vma_argument;
	struct faultline_process *process;
	pte_t pte;

	if (likely(faultline_hook_within(&cow_caller, caller))) {
		if (faultline_precopy_is_ahead())
			return;
		pte = READ_ONCE(*(pte_t *)pte_argument);
		process = find_own(vma->vm_mm);
		if (likely(process && is_plain(vma, pte)))
			count(process, FAULTLINE_ANON, address, true);
		else if (process || current->mm != vma->vm_mm || current->flags & PF_KTHREAD)
			count_page(vma, pte, address);
	} else if (unlikely(faultline_hook_within(&cow_huge_caller, caller))) {
		count_kind(vma->vm_mm, FAULTLINE_HUGETLB, address);
	}
}

/* The page is in cow_page, and the lock is held. */
static __always_inline void first_hook(const struct vm_fault *vmf)
{
	count_kind(vmf->vma->vm_mm, FAULTLINE_FILE_FIRST, vmf->address);
}

#ifdef FAULTLINE_FTRACE_ARGS
static void notrace ftrace_marker(unsigned long ip, unsigned long parent_ip,
				  struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	marker_hook(parent_ip, faultline_ftrace_argument(fregs, 0),
		    faultline_ftrace_argument(fregs, 1), faultline_ftrace_argument(fregs, 2));
}

static void notrace ftrace_first(unsigned long ip, unsigned long parent_ip,
				 struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	const struct vm_fault *vmf = (const struct vm_fault *)faultline_ftrace_argument(fregs, 0);

	if (vmf->cow_page)
		first_hook(vmf);
}

/* Permanent: kernel.ftrace_enabled=0 is refused, rather than the count going stale. */
static struct ftrace_ops marker_ops = {
	.func	= ftrace_marker,
	.flags	= FTRACE_OPS_FL_PERMANENT | FAULTLINE_FTRACE_FLAGS,
};

static struct ftrace_ops huge_marker_ops = {
	.func	= ftrace_marker,
	.flags	= FTRACE_OPS_FL_PERMANENT | FAULTLINE_FTRACE_FLAGS,
};

static struct ftrace_ops first_ops = {
	.func	= ftrace_first,
	.flags	= FTRACE_OPS_FL_PERMANENT | FAULTLINE_FTRACE_FLAGS,
};
#endif

static int notrace kprobe_marker(struct kprobe *probe, struct pt_regs *regs)
{
	marker_hook(faultline_return_address(regs), regs_get_kernel_argument(regs, 0),
		    regs_get_kernel_argument(regs, 1), regs_get_kernel_argument(regs, 2));
	return 0;
}

NOKPROBE_SYMBOL(kprobe_marker);

static int notrace kprobe_first(struct kprobe *probe, struct pt_regs *regs)
{
	const struct vm_fault *vmf = (const struct vm_fault *)regs_get_kernel_argument(regs, 0);

	if (vmf->cow_page)
		first_hook(vmf);
	return 0;
}

NOKPROBE_SYMBOL(kprobe_first);

static int notrace kprobe_entry(struct kprobe *probe, struct pt_regs *regs)
{
	const struct vm_fault *vmf = (const struct vm_fault *)regs_get_kernel_argument(regs, 0);

	if (!faultline_precopy_is_ahead())
		count_page(vmf->vma, vmf->orig_pte, vmf->address);
	return 0;
}

NOKPROBE_SYMBOL(kprobe_entry);

/* By which a page gets into its place. */
static struct cow_hook marker;
/* The same of huge pages, where the architecture has a function of its own for them. */
static struct cow_hook huge_marker;
/* By which a page of a file gets there, and a copy of one at its first write. */
static struct cow_hook first_writer;
/* Where a copy is attempted. */
static struct cow_hook copier;

#if FAULTLINE_DIRECT_CALLS
/*
 * The first write's function is called for each page that a fault maps, 16 at a time for
 * readers of files: a direct call looks at cow_page and returns, in 5 instructions
 * where an ftrace handler takes 40 (make bench).
 */
/* For assembly, which knows no structs. */
const unsigned long faultline_cow_page_offset = offsetof(struct vm_fault, cow_page);

void notrace faultline_cow_first(const struct vm_fault *vmf)
{
	first_hook(vmf);
}
#else
#define faultline_first_entry	NULL
#endif

static struct ftrace_ops direct_ops;

static int attach_direct(void)
{
	int err = faultline_hook_call(&direct_ops, &first_writer.function, faultline_first_entry);

	first_writer.direct = !err;
	return err;
}

static void detach_direct(void)
{
	if (first_writer.direct)
		faultline_hook_uncall(&direct_ops, faultline_first_entry);
	first_writer.direct = false;
}

static int attach_ftrace(struct cow_hook *hook)
{
	int err;

	if (!hook->ops)
		return -EOPNOTSUPP;
	if (!hook->function.size)
		return -ENOENT;
	err = ftrace_set_filter_ip(hook->ops, hook->function.start, 0, 1);
	err = err ?: register_ftrace_function(hook->ops);
	hook->armed = !err;
	return err;
}

static void detach_ftrace(struct cow_hook *hook)
{
	if (hook->armed)
		unregister_ftrace_function(hook->ops);
	hook->armed = false;
}

static void free_ftrace(struct cow_hook *hook)
{
	if (hook->ops)
		ftrace_free_filter(hook->ops);
}

static int attach_kprobe(struct cow_hook *hook, kprobe_pre_handler_t handler)
{
	int err;

	if (!hook->function.size)
		return -ENOENT;
	memset(&hook->probe, 0, sizeof(hook->probe));
	hook->probe.symbol_name = hook->function.name;
	hook->probe.pre_handler = handler;
	err = register_kprobe(&hook->probe);
	hook->armed = !err;
	return err;
}

static void detach_kprobe(struct cow_hook *hook)
{
	if (hook->armed)
		unregister_kprobe(&hook->probe);
	hook->armed = false;
}

/* Without the marker nothing is counted; without one of the others, all but its kind. */
static int arm_ftrace(void)
{
	int err = cow_caller.size ? attach_ftrace(&marker) : -ENOENT;

	if (err)
		return err;
	if (attach_direct())
		attach_ftrace(&first_writer);
	attach_ftrace(&huge_marker);
	return 0;
}

static void disarm_ftrace(void)
{
	detach_ftrace(&huge_marker);
	detach_ftrace(&first_writer);
	detach_direct();
	detach_ftrace(&marker);
}

static int arm_kprobes(struct cow_hook *hook, kprobe_pre_handler_t handler)
{
	int err = faultline_hook_guard();

	if (err)
		return err;
	err = attach_kprobe(hook, handler);
	if (err) {
		faultline_hook_unguard();
		return err;
	}
	attach_kprobe(&first_writer, kprobe_first);
	return 0;
}

static int arm_kprobe(void)
{
	int err = cow_caller.size ? arm_kprobes(&marker, kprobe_marker) : -ENOENT;

	if (!err)
		attach_kprobe(&huge_marker, kprobe_marker);
	return err;
}

static int arm_entry(void)
{
	return arm_kprobes(&copier, kprobe_entry);
}

static void disarm_kprobes(void)
{
	detach_kprobe(&huge_marker);
	detach_kprobe(&first_writer);
	detach_kprobe(&copier);
	detach_kprobe(&marker);
	faultline_hook_unguard();
}

static const struct cow_method methods[] = {
	{ "ftrace", arm_ftrace, disarm_ftrace,  "ftrace " MARKER " called by %s", true },
	{ "kprobe", arm_kprobe, disarm_kprobes, "kprobe " MARKER " called by %s", true },
	{ "entry",  arm_entry,  disarm_kprobes, "kprobe " COPIER ", attempts", false },
};

static void describe(const char *format, const char *name)
{
	char text[FAULTLINE_METHOD_LEN];

	snprintf(text, sizeof(text), format, name);
	faultline_ring_set_cow_method(text);
}

/**
 * faultline_cow_init() - find out who copies in this kernel
 *
 * Context: may sleep.
 */
void faultline_cow_init(void)
{
	/* Compilers give a function another name when they change its parameters. */
	static const char * const callers[] = {
		COPIER, COPIER ".isra.0", COPIER ".constprop.0", "do_wp_page", "do_wp_page.isra.0",
		NULL
	};
	static const char * const markers[] = { MARKER, NULL };
	static const char * const copiers[] = { COPIER, NULL };
	static const char * const huge_callers[] = { "hugetlb_wp", "hugetlb_wp.isra.0", NULL };
	static const char * const huge_markers[] = { "huge_" MARKER, NULL };
	static const char * const first_writers[] = { "set_pte_range", "do_set_pte", NULL };

#ifdef FAULTLINE_FTRACE_ARGS
	marker.ops = &marker_ops;
	huge_marker.ops = &huge_marker_ops;
	first_writer.ops = &first_ops;
#endif
	faultline_hook_find(&cow_caller, callers);
	faultline_hook_find(&marker.function, markers);
	faultline_hook_find(&copier.function, copiers);
	faultline_hook_find(&cow_huge_caller, huge_callers);
	faultline_hook_find(&huge_marker.function, huge_markers);
	faultline_hook_find(&first_writer.function, first_writers);
	describe("n/a: %s", "not armed yet");
}

/**
 * faultline_cow_exit() - give back what the hooks hold; they are disarmed
 *
 * Context: may sleep.
 */
void faultline_cow_exit(void)
{
	ftrace_free_filter(&direct_ops);
	free_ftrace(&first_writer);
	free_ftrace(&huge_marker);
	free_ftrace(&marker);
}

/**
 * faultline_cow_arm() - begin to count; does nothing when armed already
 *
 * Tries the methods in their order, or the one that the parameter cow= names, and
 * leaves in the ring's header which it is.
 *
 * Context: may sleep; the registry's mutex is held.
 */
void faultline_cow_arm(void)
{
	size_t i;
	int err = -ENOENT;

	if (cow_armed_method)
		return;
	if (!strcmp(cow, "off")) {
		describe("n/a: %s", "switched off by cow=off");
		return;
	}
	for (i = 0; i < ARRAY_SIZE(methods); i++) {
		if (strcmp(cow, "auto") && strcmp(cow, methods[i].name))
			continue;
		err = methods[i].arm();
		if (!err) {
			cow_armed_method = &methods[i];
			describe(methods[i].describe, cow_caller.name);
			return;
		}
		/* kernel.ftrace_enabled is 0. */
		if (err == -EBUSY)
			break;
	}
	describe("n/a: %s", err == -EBUSY ? "kernel.ftrace_enabled is 0" :
					    "no hook attaches to this kernel");
	pr_warn_once("copy-on-write faults cannot be counted (error %d)\n", err);
}

/**
 * faultline_cow_disarm() - stop counting; does nothing when disarmed already
 *
 * The text in the ring's header stays: it tells of the records that are in it.
 *
 * Context: may sleep until every task has been seen off the hook's trampoline, which
 * can take seconds on a busy machine; the registry's mutex is held.  On return no CPU
 * runs a hook.
 */
void faultline_cow_disarm(void)
{
	if (!cow_armed_method)
		return;
	cow_armed_method->disarm();
	cow_armed_method = NULL;
}

/**
 * faultline_cow_watch() - begin or end to tell somebody of each copy
 * @who: whom
 * @on: whether it wants to know
 *
 * Context: may sleep; the registry's mutex is held.
 */
void faultline_cow_watch(enum faultline_cow_watcher who, bool on)
{
	if (on)
		cow_watchers |= who;
	else
		cow_watchers &= ~who;
	if (cow_watchers)
		static_branch_enable(&cow_watched);
	else
		static_branch_disable(&cow_watched);
}

/**
 * faultline_cow_counted() - what is being counted
 *
 * Context: the registry's mutex is held, or a process is registered and will be for as
 * long as the answer matters.
 * Return: those of FAULTLINE_COW, FAULTLINE_COW_FILE_FIRST and FAULTLINE_COW_HUGETLB
 * that hold from now on; 0 while nothing is armed.
 */
u32 faultline_cow_counted(void)
{
	u32 counted = 0;

	if (!cow_armed_method)
		return 0;
	counted |= FAULTLINE_COW;
	if (first_writer.armed || first_writer.direct)
		counted |= FAULTLINE_COW_FILE_FIRST;
	if (cow_armed_method->at_marker && cow_huge_caller.size &&
	    (huge_marker.armed || !huge_marker.function.size))
		counted |= FAULTLINE_COW_HUGETLB;
	return counted;
}

/**
 * faultline_cow_caller() - who copies, where copies are counted after they were made
 *
 * Context: the registry's mutex is held.
 * Return: the function that copies and then calls the marker, or NULL when nothing is
 * armed, or attempts are counted.
 */
const struct faultline_function *faultline_cow_caller(void)
{
	return cow_armed_method && cow_armed_method->at_marker ? &cow_caller : NULL;
}
