/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The registered processes: register, unregister, find, walk, forget on exit.
 *
 * Two views of one set.  The hash, by signal_struct, is for the COW hook: RCU, no
 * lock, a few instructions when nobody matches.  The list, in order of
 * registration, is for the sampler and for /proc: SRCU, so that walking it may
 * sleep and holds up no one.
 */
#ifndef _FAULTLINE_REGISTRY_H
#define _FAULTLINE_REGISTRY_H

#include <linux/hash.h>
#include <linux/mm_types.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/srcu.h>

#include "process.h"

struct file;

enum {
	FAULTLINE_REGISTRY_HASH_BITS = 12,
};

extern struct hlist_head faultline_registry_hash[1 << FAULTLINE_REGISTRY_HASH_BITS];
extern struct list_head faultline_registry_list;
extern struct srcu_struct faultline_registry_srcu;

void faultline_registry_destroy(void);

int faultline_registry_register(const struct file *writer, pid_t nr, bool follow);
int faultline_registry_unregister(const struct file *writer, pid_t nr);
int faultline_registry_precopy(const struct file *writer, pid_t nr, int setting);
int faultline_registry_trace(const struct file *writer, pid_t nr, bool on);
int faultline_registry_add_child(struct faultline_process *child,
				 const struct faultline_process *parent);
void faultline_registry_forget(struct faultline_process *process);
void faultline_registry_rearm(void);

bool faultline_registry_may_see(const struct file *reader,
				const struct faultline_process *process);
unsigned int faultline_registry_count(void);
unsigned int faultline_registry_traced(void);
unsigned int faultline_registry_limit(void);

/**
 * faultline_registry_find() - the registration of a process, from the fault path
 * @signal: its signal_struct
 *
 * Context: RCU read side or preemption disabled.
 * Return: the process, or NULL when it is not registered.
 */
static __always_inline struct faultline_process *
faultline_registry_find(const struct signal_struct *signal)
{
	struct faultline_process *process;
	struct hlist_head *bucket =
		&faultline_registry_hash[hash_ptr(signal, FAULTLINE_REGISTRY_HASH_BITS)];

	hlist_for_each_entry_rcu_notrace(process, bucket, bucket)
		if (process->signal == signal)
			return process;
	return NULL;
}

/**
 * faultline_registry_find_memory() - the registration of a process by its memory
 * @mm: its memory, which somebody is changing
 *
 * Usually its own threads do.  When a debugger, or a kernel thread that borrowed the mm,
 * writes into it, it is its owner's.
 *
 * Context: RCU read side or preemption disabled.
 * Return: the process, or NULL when it is not registered.
 */
static __always_inline struct faultline_process *
faultline_registry_find_memory(const struct mm_struct *mm)
{
	struct faultline_process *process = NULL;

	if (likely(current->mm == mm)) {
		process = faultline_registry_find(current->signal);
		if (process || !(current->flags & PF_KTHREAD))
			return process;
	}
#ifdef CONFIG_MEMCG
	{
		const struct task_struct *owner = rcu_dereference_raw(mm->owner);

		if (owner)
			process = faultline_registry_find(owner->signal);
	}
#endif
	return process;
}

/* Walk all processes, between srcu_read_lock and _unlock of faultline_registry_srcu. */
#define faultline_registry_for_each(process) \
	list_for_each_entry_srcu(process, &faultline_registry_list, link, \
				 srcu_read_lock_held(&faultline_registry_srcu))

/**
 * faultline_registry_next() - the process that was registered after this one
 * @process: a process of the list, or one that has left it in this walk
 *
 * Context: between srcu_read_lock and _unlock of faultline_registry_srcu.
 * Return: the process, or NULL when it was the last.
 */
static inline struct faultline_process *
faultline_registry_next(const struct faultline_process *process)
{
	struct list_head *next = READ_ONCE(process->link.next);

	if (next == &faultline_registry_list)
		return NULL;
	return list_entry(next, struct faultline_process, link);
}

#endif /* _FAULTLINE_REGISTRY_H */
