// SPDX-License-Identifier: GPL-2.0
/*
 * Copy-on-write, counted exactly.
 *
 * wp_page_copy() is where the kernel copies, but it counts attempts (a racing
 * thread copies and throws away) and compilers inline it from 6.12 on.  What runs
 * once per page that was really put in place is its call of ptep_clear_flush(),
 * under the page-table lock.  Others call that function too, so a hook on it counts
 * only calls that return into wp_page_copy(), or into do_wp_page() where that
 * swallowed it.
 *
 * Three ways to hook, best first:
 *	ftrace	an ftrace handler with the function's arguments; cheapest
 *	kprobe	a kprobe on the same function; the same count
 *	entry	a kprobe on wp_page_copy() itself: counts attempts, so that threads
 *		which race for one page count it more than once
 * Where none attaches, records lack FAULTLINE_COW and people see n/a.
 *
 * arm, disarm and what they set are serialised by the registry's mutex.  The marker is
 * called with the page-table lock held, which is an RCU read section on PREEMPT_RT and
 * disables preemption elsewhere, and kprobes disable it anyway: that is all that
 * faultline_registry_find() and the look at mm->owner need.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ftrace.h>
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/sched/signal.h>
#include <linux/sysfs.h>

#include "compat.h"
#include "cow.h"
#include "registry.h"
#include "ring.h"

#define MARKER	"ptep_clear_flush"
#define COPIER	"wp_page_copy"

/**
 * struct cow_method - one way to count
 * @name: as in the parameter cow=
 * @arm: attach; 0 or a negative errno
 * @disarm: detach, and wait until no CPU is in the hook
 * @describe: what people read, a format with the caller's name
 */
struct cow_method {
	const char *name;
	int (*arm)(void);
	void (*disarm)(void);
	const char *describe;
};

/**
 * struct function - a function of the kernel's
 * @name: its symbol
 * @start: address
 * @size: bytes; 0 while it has not been found
 */
struct function {
	const char *name;
	unsigned long start;
	unsigned long size;
};

static struct function cow_marker;
/* Who calls the marker to put a copy in place. */
static struct function cow_caller;

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

/*
 * Whose page was it?  Usually the faulting process's own.  When a debugger, or a
 * kernel thread that borrowed the mm, writes into another's memory, it is its
 * owner's.
 */
static __always_inline void count(const struct vm_area_struct *vma)
{
	struct mm_struct *mm = vma->vm_mm;
	const struct signal_struct *signal = NULL;
	struct faultline_process *process;

	if (likely(current->mm == mm && !(current->flags & PF_KTHREAD))) {
		signal = current->signal;
	} else {
#ifdef CONFIG_MEMCG
		const struct task_struct *owner = rcu_dereference_raw(mm->owner);

		if (owner)
			signal = owner->signal;
#endif
	}
	if (!signal)
		return;
	process = faultline_registry_find(signal);
	if (process)
		atomic64_inc(&process->cow_faults);
}

static __always_inline bool from_cow_caller(unsigned long address)
{
	return address - cow_caller.start < cow_caller.size;
}

#ifdef FAULTLINE_FTRACE_ARGS
static void notrace ftrace_hook(unsigned long ip, unsigned long parent_ip,
				struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	if (from_cow_caller(parent_ip))
		count((const struct vm_area_struct *)faultline_ftrace_argument(fregs, 0));
}

/* Permanent: kernel.ftrace_enabled=0 is refused, rather than the count going stale. */
static struct ftrace_ops ftrace_marker = {
	.func	= ftrace_hook,
	.flags	= FTRACE_OPS_FL_PERMANENT,
};
#endif

static int kprobe_marker_hook(struct kprobe *probe, struct pt_regs *regs)
{
	if (from_cow_caller(faultline_return_address(regs)))
		count((const struct vm_area_struct *)regs_get_kernel_argument(regs, 0));
	return 0;
}

NOKPROBE_SYMBOL(kprobe_marker_hook);

static int kprobe_entry_hook(struct kprobe *probe, struct pt_regs *regs)
{
	const struct vm_fault *vmf = (const struct vm_fault *)regs_get_kernel_argument(regs, 0);

	count(vmf->vma);
	return 0;
}

NOKPROBE_SYMBOL(kprobe_entry_hook);

static struct kprobe probe;

#ifdef CONFIG_DYNAMIC_FTRACE
/*
 * A kprobe at the entry of a function is served by ftrace.  With
 * kernel.ftrace_enabled=0 it is silent, and if one is taken away while that is so,
 * ftrace keeps a flag of it, stumbles over that later and switches itself off for
 * good.  So none is enabled without this guard: a permanent handler, on a function of
 * ours that has done its work, with which the kernel refuses to switch ftrace off.
 */
static void notrace guard_hook(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
			       struct ftrace_regs *fregs)
{
}

static struct ftrace_ops ftrace_guard = {
	.func	= guard_hook,
	.flags	= FTRACE_OPS_FL_PERMANENT,
};

/* -EBUSY: ftrace is switched off. */
static int arm_guard(void)
{
	int err = ftrace_set_filter_ip(&ftrace_guard, (unsigned long)faultline_cow_init, 0, 1);

	return err ?: register_ftrace_function(&ftrace_guard);
}

static void disarm_guard(void)
{
	unregister_ftrace_function(&ftrace_guard);
}

static void free_guard(void)
{
	ftrace_free_filter(&ftrace_guard);
}
#else
static int arm_guard(void) { return 0; }
static void disarm_guard(void) {}
static void free_guard(void) {}
#endif

/*
 * kallsyms_lookup_name() is not exported; a kprobe finds the address, one that is
 * never enabled and so patches nothing, and sprint_symbol() tells where the function
 * ends.
 */
static bool find_function(const char *name, struct function *function)
{
	struct kprobe finder = { .symbol_name = name, .flags = KPROBE_FLAG_DISABLED };
	char symbol[KSYM_SYMBOL_LEN];
	unsigned long offset, size;
	const char *numbers;

	if (register_kprobe(&finder))
		return false;
	unregister_kprobe(&finder);
	sprint_symbol(symbol, (unsigned long)finder.addr);
	numbers = strrchr(symbol, '+');
	if (!numbers || sscanf(numbers, "+0x%lx/0x%lx", &offset, &size) != 2)
		return false;
	function->name = name;
	function->start = (unsigned long)finder.addr - offset;
	function->size = size;
	return true;
}

static int arm_ftrace(void)
{
#ifdef FAULTLINE_FTRACE_ARGS
	int err;

	if (!cow_marker.size || !cow_caller.size)
		return -ENOENT;
	err = ftrace_set_filter_ip(&ftrace_marker, cow_marker.start, 0, 1);
	return err ?: register_ftrace_function(&ftrace_marker);
#else
	return -EOPNOTSUPP;
#endif
}

static void disarm_ftrace(void)
{
#ifdef FAULTLINE_FTRACE_ARGS
	unregister_ftrace_function(&ftrace_marker);
#endif
}

static int arm_probe(const char *symbol, kprobe_pre_handler_t hook)
{
	int err = arm_guard();

	if (err)
		return err;
	memset(&probe, 0, sizeof(probe));
	probe.symbol_name = symbol;
	probe.pre_handler = hook;
	err = register_kprobe(&probe);
	if (err)
		disarm_guard();
	return err;
}

static int arm_kprobe(void)
{
	return cow_caller.size ? arm_probe(MARKER, kprobe_marker_hook) : -ENOENT;
}

static int arm_entry(void)
{
	return arm_probe(COPIER, kprobe_entry_hook);
}

static void disarm_probe(void)
{
	unregister_kprobe(&probe);
	disarm_guard();
}

static const struct cow_method methods[] = {
	{ "ftrace", arm_ftrace, disarm_ftrace, "ftrace " MARKER " called by %s" },
	{ "kprobe", arm_kprobe, disarm_probe,  "kprobe " MARKER " called by %s" },
	{ "entry",  arm_entry,  disarm_probe,  "kprobe " COPIER ", attempts" },
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
	};
	size_t i;

	find_function(MARKER, &cow_marker);
	for (i = 0; i < ARRAY_SIZE(callers) && !cow_caller.size; i++)
		find_function(callers[i], &cow_caller);
	describe("n/a: %s", "not armed yet");
}

/**
 * faultline_cow_exit() - give back what the hooks hold; they are disarmed
 *
 * Context: may sleep.
 */
void faultline_cow_exit(void)
{
#ifdef FAULTLINE_FTRACE_ARGS
	ftrace_free_filter(&ftrace_marker);
#endif
	free_guard();
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
 * can take seconds on a busy machine; the registry's mutex is held, or nobody else is
 * left.  On return no CPU runs a hook.
 */
void faultline_cow_disarm(void)
{
	if (!cow_armed_method)
		return;
	cow_armed_method->disarm();
	cow_armed_method = NULL;
}

/**
 * faultline_cow_armed() - are copy-on-write faults being counted?
 *
 * Context: the registry's mutex is held.
 * Return: true if so.
 */
bool faultline_cow_armed(void)
{
	return cow_armed_method;
}
