// SPDX-License-Identifier: GPL-2.0
/*
 * Finding the kernel's functions, calling ours at their entry, and keeping ftrace on while
 * kprobes stand on them.
 */

#include <linux/ftrace.h>
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

#include "compat.h"
#include "hook.h"

/*
 * kallsyms_lookup_name() is not exported; a kprobe finds the address, one that is
 * never enabled and so patches nothing, and sprint_symbol() tells where the function
 * ends.
 */
static bool find(struct faultline_function *function, const char *name)
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

/**
 * faultline_hook_find() - find the first of these functions that this kernel has
 * @function: filled in, or left alone
 * @names: symbols, best first, and NULL
 *
 * Context: may sleep.
 * Return: true if one was found.
 */
bool faultline_hook_find(struct faultline_function *function, const char * const names[])
{
	for (; *names; names++)
		if (find(function, *names))
			return true;
	return false;
}

/* What is looked for, and what was found. */
struct tracepoint_search {
	const char *name;
	struct tracepoint *found;
};

static void compare_tracepoint(struct tracepoint *tracepoint, void *data)
{
	struct tracepoint_search *search = data;

	if (!strcmp(tracepoint->name, search->name))
		search->found = tracepoint;
}

/**
 * faultline_hook_tracepoint() - find a tracepoint of the kernel's
 * @name: its name
 *
 * Context: may sleep.
 * Return: the tracepoint, or NULL if this kernel does not have it.
 */
struct tracepoint *faultline_hook_tracepoint(const char *name)
{
	struct tracepoint_search search = { .name = name };

	for_each_kernel_tracepoint(compare_tracepoint, &search);
	return search.found;
}

/**
 * faultline_hook_call() - have ftrace call us at a function's entry
 * @ops: all zero before the first time
 * @function: the function
 * @entry: assembly that knows what the stack looks like then; or NULL
 *
 * Context: may sleep; callers order their calls for one @ops.
 * Return: 0; -ENOENT when the function was not found; -EOPNOTSUPP where there are no
 * direct calls, or no @entry for them; -EBUSY when somebody else has the function.
 */
int faultline_hook_call(struct ftrace_ops *ops, const struct faultline_function *function,
			void (*entry)(void))
{
#if FAULTLINE_DIRECT_CALLS
	int err;

	if (!function->size)
		return -ENOENT;
	err = ftrace_set_filter_ip(ops, function->start, 0, 1);
	return err ?: faultline_register_direct(ops, (unsigned long)entry);
#else
	return -EOPNOTSUPP;
#endif
}

/**
 * faultline_hook_uncall() - undo faultline_hook_call(), which returned 0
 * @ops: the same
 * @entry: the same
 *
 * On return no task is in @entry, or in what that calls, unless it sleeps there.
 * Context: may sleep; as faultline_hook_call().
 */
void faultline_hook_uncall(struct ftrace_ops *ops, void (*entry)(void))
{
#if FAULTLINE_DIRECT_CALLS
	faultline_unregister_direct(ops, (unsigned long)entry);
	/* For those that were preempted. */
	synchronize_rcu_tasks();
#endif
}

#ifdef CONFIG_DYNAMIC_FTRACE
/*
 * A kprobe at the entry of a function is served by ftrace.  With
 * kernel.ftrace_enabled=0 it is silent, and if one is taken away while that is so,
 * ftrace keeps a flag of it, stumbles over that later and switches itself off for
 * good.  So none is enabled without this guard: a permanent handler, on a function of
 * ours that nobody calls meanwhile, with which the kernel refuses to switch ftrace off.
 */
static void notrace guard_hook(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
			       struct ftrace_regs *fregs)
{
}

/* Those who need it; guard_mutex orders them. */
static unsigned int guard_users;
static DEFINE_MUTEX(guard_mutex);

static struct ftrace_ops guard = {
	.func	= guard_hook,
	.flags	= FTRACE_OPS_FL_PERMANENT,
};

/**
 * faultline_hook_guard() - keep ftrace switched on; before a kprobe is enabled
 *
 * Context: may sleep; takes guard_mutex.
 * Return: 0; -EBUSY when ftrace is switched off; another negative errno.
 */
int faultline_hook_guard(void)
{
	int err = 0;

	mutex_lock(&guard_mutex);
	if (!guard_users) {
		err = ftrace_set_filter_ip(&guard, (unsigned long)faultline_hook_exit, 0, 1);
		err = err ?: register_ftrace_function(&guard);
	}
	if (!err)
		guard_users++;
	mutex_unlock(&guard_mutex);
	return err;
}

/**
 * faultline_hook_unguard() - after the kprobe has gone
 *
 * Context: as faultline_hook_guard(), which returned 0.
 */
void faultline_hook_unguard(void)
{
	mutex_lock(&guard_mutex);
	if (!--guard_users)
		unregister_ftrace_function(&guard);
	mutex_unlock(&guard_mutex);
}

/**
 * faultline_hook_exit() - give back what the guard holds; it is off
 *
 * Context: may sleep.
 */
void faultline_hook_exit(void)
{
	ftrace_free_filter(&guard);
}
#else
int faultline_hook_guard(void) { return 0; }
void faultline_hook_unguard(void) {}
void faultline_hook_exit(void) {}
#endif
