// SPDX-License-Identifier: GPL-2.0
/*
 * Following forks.
 *
 * The tracepoint sched_process_fork passes when a child is complete and has not run.
 * Its probes run with preemption off, where on PREEMPT_RT no memory can be allocated: so
 * a pool of registrations is kept ready, which a work fills up again.  A child that finds
 * the pool empty, or as many processes registered as may be, is counted as not followed.
 *
 * arm and disarm are serialised by the registry's mutex.
 */

#include <linux/atomic.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/tracepoint.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "follow.h"
#include "hook.h"
#include "process.h"
#include "registry.h"

enum {
	/* Forks that may come before the work does; 8 KB each. */
	POOL_SIZE	= 256,
	POOL_LOW	= POOL_SIZE / 2,
};

/* Guards the pool; raw, because forks take it with preemption off. */
static DEFINE_RAW_SPINLOCK(pool_lock);
static LIST_HEAD(pool);
static unsigned int pool_count;

/* Children since the module was loaded. */
static atomic64_t followed;
static atomic64_t refused;	/* max_processes were registered */
static atomic64_t unready;	/* the pool was empty */

/* The kernel's tracepoint while our probe is on it. */
static struct tracepoint *fork_tracepoint;

static struct faultline_process *pool_take(void)
{
	struct faultline_process *process;

	raw_spin_lock(&pool_lock);
	process = list_first_entry_or_null(&pool, struct faultline_process, link);
	if (process) {
		list_del(&process->link);
		pool_count--;
	}
	raw_spin_unlock(&pool_lock);
	return process;
}

static void pool_put(struct faultline_process *process)
{
	raw_spin_lock(&pool_lock);
	list_add(&process->link, &pool);
	pool_count++;
	raw_spin_unlock(&pool_lock);
}

/* 0, or -ENOMEM with the pool as far as it went. */
static int pool_fill(void)
{
	struct faultline_process *process;

	while (READ_ONCE(pool_count) < POOL_SIZE) {
		process = faultline_process_create(GFP_KERNEL);
		if (!process)
			return -ENOMEM;
		pool_put(process);
	}
	return 0;
}

static void pool_drain(void)
{
	struct faultline_process *process;

	while ((process = pool_take()))
		faultline_process_free(process);
}

static void fill_work_function(struct work_struct *work)
{
	pool_fill();
}

static DECLARE_WORK(fill_work, fill_work_function);

static void follow(const struct faultline_process *parent, struct task_struct *task)
{
	struct faultline_process *child = pool_take();
	int err;

	if (READ_ONCE(pool_count) < POOL_LOW)
		queue_work(system_dfl_wq, &fill_work);
	if (!child) {
		atomic64_inc(&unready);
		return;
	}
	faultline_process_adopt(child, task, task_tgid(task));
	err = faultline_registry_add_child(child, parent);
	if (err)
		faultline_process_free(child);
	/* Registered all the same, if by somebody else. */
	atomic64_inc(err == -ENOSPC ? &refused : &followed);
}

/* Preemption is off, which is an RCU read section. */
static void fork_probe(void *data, struct task_struct *parent, struct task_struct *child)
{
	const struct faultline_process *process;

	/* A thread belongs to the process that is registered. */
	if (child->signal == parent->signal)
		return;
	process = faultline_registry_find(parent->signal);
	if (process && process->follow)
		follow(process, child);
}

/**
 * faultline_follow_arm() - follow the children of those who asked for it
 *
 * Does nothing when armed already.
 * Context: may sleep; the registry's mutex is held.
 * Return: 0; -ENOMEM; -EOPNOTSUPP when the kernel has no such tracepoint.
 */
int faultline_follow_arm(void)
{
	struct tracepoint *tracepoint;
	int err;

	if (fork_tracepoint)
		return 0;
	tracepoint = faultline_hook_tracepoint("sched_process_fork");
	if (!tracepoint)
		return -EOPNOTSUPP;
	err = pool_fill();
	if (!err)
		err = tracepoint_probe_register(tracepoint, fork_probe, NULL);
	if (err) {
		pool_drain();
		return err;
	}
	fork_tracepoint = tracepoint;
	return 0;
}

/**
 * faultline_follow_disarm() - follow nobody any more
 *
 * Does nothing when disarmed already.
 * Context: may sleep; the registry's mutex is held.
 */
void faultline_follow_disarm(void)
{
	if (!fork_tracepoint)
		return;
	tracepoint_probe_unregister(fork_tracepoint, fork_probe, NULL);
	tracepoint_synchronize_unregister();
	fork_tracepoint = NULL;
	cancel_work_sync(&fill_work);
	pool_drain();
}

/**
 * faultline_follow_show() - a line for people: children followed, and not
 * @seq: written to
 */
void faultline_follow_show(struct seq_file *seq)
{
	seq_printf(seq, "# children: %lld followed, %lld not for want of room, %lld for want of memory\n",
		   atomic64_read(&followed), atomic64_read(&refused), atomic64_read(&unready));
}
