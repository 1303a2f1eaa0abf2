// SPDX-License-Identifier: GPL-2.0
/*
 * The registered processes.
 *
 * registry_mutex serialises register, unregister and disarming; it is never taken
 * by the sampler or on a fault path, so a writer that is preempted while it holds
 * it delays other writers only.  registry_lock guards both views and the count
 * for the few instructions of a change.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "course.h"
#include "cow.h"
#include "faults.h"
#include "follow.h"
#include "latency.h"
#include "precopy.h"
#include "registry.h"
#include "ring.h"
#include "sampler.h"

enum {
	/* Four to a bucket of the hash on average, so that the COW hook stays short. */
	MAX_PROCESSES_LIMIT	= 4 << FAULTLINE_REGISTRY_HASH_BITS,
	MAX_PROCESSES_DEFAULT	= 1 << 12,
	/*
	 * How long COW counting stays armed after the last process has gone, so
	 * that a script which registers one short process after another does not
	 * patch kernel text for each.
	 */
	DISARM_DELAY_MS		= 1000,
};

static unsigned int max_processes = MAX_PROCESSES_DEFAULT;

static int max_processes_set(const char *value, const struct kernel_param *param)
{
	int err = param_set_uint_minmax(value, param, 1, MAX_PROCESSES_LIMIT);

	if (err)
		pr_err("max_processes=%s: expected 1 to %d\n", value, MAX_PROCESSES_LIMIT);
	return err;
}

static const struct kernel_param_ops max_processes_ops = {
	.set = max_processes_set,
	.get = param_get_uint,
};
module_param_cb(max_processes, &max_processes_ops, &max_processes, 0444);
MODULE_PARM_DESC(max_processes,
		 "processes that may be registered at a time (1 to 16384, default 4096)");

static DEFINE_MUTEX(registry_mutex);
/* Raw: a fork takes it with preemption off, on PREEMPT_RT, too. */
static DEFINE_RAW_SPINLOCK(registry_lock);
struct hlist_head faultline_registry_hash[1 << FAULTLINE_REGISTRY_HASH_BITS];
LIST_HEAD(faultline_registry_list);
DEFINE_SRCU(faultline_registry_srcu);
/* Processes whose last record is not published yet; guarded by registry_lock. */
static unsigned int registry_count;
/* Registrations ever made; guarded by registry_lock. */
static u64 registry_last_id;
/* Processes that are traced; guarded by registry_lock. */
static unsigned int registry_traced;

/* Nobody is registered; whoever wants to be waits for registry_mutex. */
static void disarm(void)
{
	faultline_faults_disarm();
	faultline_follow_disarm();
	faultline_latency_disarm();
	faultline_cow_disarm();
}

/* Only who is traced has children that are, so that nobody is from now on. */
static void disarm_faults_if_idle(void)
{
	lockdep_assert_held(&registry_mutex);
	if (!faultline_registry_traced())
		faultline_faults_disarm();
}

static void disarm_if_idle(struct work_struct *work)
{
	mutex_lock(&registry_mutex);
	disarm_faults_if_idle();
	if (!faultline_registry_count())
		disarm();
	mutex_unlock(&registry_mutex);
}

static DECLARE_DELAYED_WORK(disarm_work, disarm_if_idle);

static void disarm_later(void)
{
	mod_delayed_work(system_percpu_wq, &disarm_work, msecs_to_jiffies(DISARM_DELAY_MS));
}

/* The count that readers see in the ring is this one. */
static unsigned int count_add(int change)
{
	lockdep_assert_held(&registry_lock);
	registry_count += change;
	faultline_ring_set_registered(registry_count);
	return registry_count;
}

/* The same user and group in all their forms, and no capability more than the opener. */
static bool same_user(const struct cred *opener, const struct cred *cred)
{
	return uid_eq(opener->fsuid, cred->euid) && uid_eq(opener->fsuid, cred->suid) &&
	       uid_eq(opener->fsuid, cred->uid) && gid_eq(opener->fsgid, cred->egid) &&
	       gid_eq(opener->fsgid, cred->sgid) && gid_eq(opener->fsgid, cred->gid) &&
	       opener->user_ns == cred->user_ns &&
	       cap_issubset(cred->cap_permitted, opener->cap_effective);
}

/* A process that made itself undumpable, or runs a file that its user may not read. */
static bool may_access_memory(const struct file *file, struct task_struct *task)
{
	struct task_struct *thread = faultline_process_thread_with_memory(task->signal);
	struct user_namespace *ns;
	bool may = false;

	if (!thread)
		return false;
	task_lock(thread);
	if (thread->mm)
		may = faultline_dumpable(thread, &ns) ||
		      file_ns_capable(file, ns, CAP_SYS_PTRACE);
	task_unlock(thread);
	return may;
}

/*
 * May whoever opened this file look into the task?  The rule of ptrace(2) for
 * reading, as in __ptrace_may_access(), but for security modules, which cannot be
 * asked from here.  Asked of the opener, so that a privileged program which is made
 * to write into this file lends no power.
 */
static bool may_access(const struct file *file, struct task_struct *task)
{
	const struct cred *opener = file->f_cred, *cred;
	bool may;

	if (same_thread_group(task, current) && opener == current_cred())
		return true;
	rcu_read_lock();
	cred = __task_cred(task);
	may = same_user(opener, cred) || file_ns_capable(file, cred->user_ns, CAP_SYS_PTRACE);
	/* Pairs with commit_creds(), which lowers dumpability before it changes them. */
	smp_rmb();
	may = may && may_access_memory(file, task);
	rcu_read_unlock();
	return may;
}

/**
 * faultline_registry_may_see() - may the reader of a file see this process?
 * @reader: the open file
 * @process: a process, held by an SRCU walk
 *
 * Context: may not hold process->lock.
 * Return: true if the one who opened the file may look into it.
 */
bool faultline_registry_may_see(const struct file *reader,
				const struct faultline_process *process)
{
	struct task_struct *leader;
	bool may = false;

	rcu_read_lock();
	leader = pid_task(process->pid, PIDTYPE_TGID);
	if (leader)
		may = may_access(reader, leader);
	rcu_read_unlock();
	return may;
}

/*
 * The process that a writer names: 0 is itself, other numbers are of its own pid
 * namespace.  Takes references to both, or says why not.
 */
static int get_target(const struct file *writer, pid_t nr, struct task_struct **task,
		      struct pid **pid)
{
	int err = 0;

	rcu_read_lock();
	*pid = nr ? find_vpid(nr) : task_tgid(current);
	*task = *pid ? pid_task(*pid, PIDTYPE_TGID) : NULL;
	if (!*task || ((*task)->flags & PF_KTHREAD))
		err = -ESRCH;
	else if (!atomic_read(&(*task)->signal->live))
		err = -ESRCH;
	else if (!may_access(writer, *task))
		err = -EPERM;
	if (!err) {
		get_task_struct(*task);
		get_pid(*pid);
	}
	rcu_read_unlock();
	return err;
}

static void put_target(struct task_struct *task, struct pid *pid)
{
	put_pid(pid);
	put_task_struct(task);
}

/* Needs registry_mutex, so that what is found cannot be unregistered meanwhile. */
static struct faultline_process *find_registered(const struct signal_struct *signal)
{
	struct faultline_process *process;

	lockdep_assert_held(&registry_mutex);
	rcu_read_lock();
	process = faultline_registry_find(signal);
	rcu_read_unlock();
	return process;
}

/*
 * The first process begins a run, arms COW counting and starts the sampler.  It
 * counts from before its first record, so that a reader of that record knows that
 * more will follow.
 */
static int reserve(void)
{
	bool first;
	int err = 0;

	lockdep_assert_held(&registry_mutex);
	raw_spin_lock(&registry_lock);
	first = !registry_count;
	if (registry_count == max_processes) {
		err = -ENOSPC;
	} else {
		if (first)
			faultline_ring_begin_run();
		count_add(1);
	}
	raw_spin_unlock(&registry_lock);
	if (first && !err) {
		faultline_course_begin_run();
		faultline_cow_arm();
		faultline_latency_arm();
		faultline_sampler_start();
	}
	return err;
}

static void unreserve(void)
{
	unsigned int left;

	raw_spin_lock(&registry_lock);
	left = count_add(-1);
	/* Before the lock is let go, and with it the next run. */
	if (!left)
		faultline_course_end_run();
	raw_spin_unlock(&registry_lock);
	if (!left)
		disarm_later();
	faultline_ring_wake();
}

/* False, and nothing has changed, for a process that is registered no more. */
static bool change_trace(struct faultline_process *process, enum faultline_trace trace)
{
	lockdep_assert_held(&registry_lock);
	if (process->trace == FAULTLINE_TRACE_GONE)
		return false;
	registry_traced += trace == FAULTLINE_TRACE_ON;
	registry_traced -= process->trace == FAULTLINE_TRACE_ON;
	WRITE_ONCE(process->trace, trace);
	return true;
}

/* Needs registry_lock. */
static void insert_in_hash(struct faultline_process *process)
{
	lockdep_assert_held(&registry_lock);
	hlist_add_head_rcu(&process->bucket,
			   &faultline_registry_hash[hash_ptr(process->signal,
							     FAULTLINE_REGISTRY_HASH_BITS)]);
}

/* In order of id, by which a reader of /proc finds its place again.  Needs registry_lock. */
static void insert_in_list(struct faultline_process *process)
{
	struct faultline_process *before;

	lockdep_assert_held(&registry_lock);
	list_for_each_entry_reverse(before, &faultline_registry_list, link)
		if (before->id < process->id)
			break;
	list_add_rcu(&process->link, &before->link);
}

/*
 * Into the hash before its counters are read, and into the list after: the COW hook
 * misses nothing that the other counters have, and the sampler finds it complete.
 */
static int insert(struct faultline_process *process)
{
	bool taken;

	lockdep_assert_held(&registry_mutex);
	raw_spin_lock(&registry_lock);
	/* Who was followed from a fork meanwhile did not wait for the mutex. */
	taken = faultline_registry_find(process->signal);
	if (!taken) {
		process->id = ++registry_last_id;
		insert_in_hash(process);
	}
	raw_spin_unlock(&registry_lock);
	if (taken)
		return -EEXIST;
	faultline_process_begin(process);
	raw_spin_lock(&registry_lock);
	insert_in_list(process);
	raw_spin_unlock(&registry_lock);
	faultline_ring_wake();
	return 0;
}

static int add(struct task_struct *task, struct pid *pid, bool follow)
{
	struct faultline_process *process;
	int err;

	lockdep_assert_held(&registry_mutex);
	if (find_registered(task->signal))
		return -EEXIST;
	process = faultline_process_create(GFP_KERNEL_ACCOUNT);
	if (!process)
		return -ENOMEM;
	faultline_process_adopt(process, task, pid);
	process->follow = follow;
	err = reserve();
	if (err)
		goto err_free;
	if (follow) {
		err = faultline_follow_arm();
		if (err)
			goto err_unreserve;
	}
	process->counted = faultline_cow_counted();
	err = insert(process);
	if (err)
		goto err_unreserve;
	return 0;

err_unreserve:
	unreserve();
err_free:
	faultline_process_free(process);
	return err;
}

/**
 * faultline_registry_register() - register a process and publish its first record
 * @writer: the open file that asks
 * @nr: pid in the caller's pid namespace, or 0 for the caller
 * @follow: children that it forks from now on are registered at birth, and theirs
 *
 * Context: may sleep; takes registry_mutex.
 * Return: 0; -ESRCH no such process, or it is exiting; -EPERM the opener may not
 * look into it; -EEXIST registered already; -ENOSPC max_processes are; -ENOMEM;
 * -EINTR killed while waiting.
 */
int faultline_registry_register(const struct file *writer, pid_t nr, bool follow)
{
	struct task_struct *task;
	struct pid *pid;
	int err = get_target(writer, nr, &task, &pid);

	if (err)
		return err;
	err = mutex_lock_killable(&registry_mutex);
	if (!err) {
		err = add(task, pid, follow);
		mutex_unlock(&registry_mutex);
	}
	put_target(task, pid);
	return err;
}

static int set_precopy(struct faultline_process *process, int setting)
{
	int before = READ_ONCE(process->precopy), err;

	lockdep_assert_held(&registry_mutex);
	if (before == FAULTLINE_PRECOPY_GONE)
		return -ENOENT;
	err = faultline_precopy_change(before, setting);
	if (err)
		return err;
	/* The sampler forgets who exits without waiting for the mutex. */
	if (cmpxchg(&process->precopy, before, setting) == before)
		return 0;
	/* With @before, which is not there to be given back any more. */
	faultline_precopy_inherit(before);
	faultline_precopy_forget(setting);
	return -ENOENT;
}

/* The same signature as set_precopy(), for with_registered(). */
static int set_trace(struct faultline_process *process, int on)
{
	int err;

	lockdep_assert_held(&registry_mutex);
	err = on ? faultline_faults_arm() : 0;
	if (err)
		return err;
	raw_spin_lock(&registry_lock);
	if (!change_trace(process, on ? FAULTLINE_TRACE_ON : FAULTLINE_TRACE_OFF))
		err = -ENOENT;
	raw_spin_unlock(&registry_lock);
	disarm_faults_if_idle();
	return err;
}

/* The same signature as set_precopy(), for with_registered(). */
static int unregister(struct faultline_process *process, int unused)
{
	if (!faultline_process_close(process, FAULTLINE_UNREGISTERED))
		return -ENOENT;
	faultline_registry_forget(process);
	return 0;
}

/* Do something with the registered process that a writer names. */
static int with_registered(const struct file *writer, pid_t nr,
			   int (*act)(struct faultline_process *process, int argument),
			   int argument)
{
	struct faultline_process *process;
	struct task_struct *task;
	struct pid *pid;
	int idx, err = get_target(writer, nr, &task, &pid);

	if (err)
		return err;
	err = mutex_lock_killable(&registry_mutex);
	if (!err) {
		/* The sampler may forget it meanwhile; SRCU keeps it from being freed. */
		idx = srcu_read_lock(&faultline_registry_srcu);
		process = find_registered(task->signal);
		err = process ? act(process, argument) : -ENOENT;
		srcu_read_unlock(&faultline_registry_srcu, idx);
		mutex_unlock(&registry_mutex);
	}
	put_target(task, pid);
	return err;
}

/* The registered process that is the caller's own zombie. */
static struct faultline_process *find_zombie(pid_t nr)
{
	struct faultline_process *process = NULL;
	struct task_struct *task;

	rcu_read_lock();
	task = pid_task(find_vpid(nr), PIDTYPE_TGID);
	if (task && same_thread_group(rcu_dereference(task->real_parent), current))
		process = find_registered(task->signal);
	rcu_read_unlock();
	return process && faultline_process_finished(process) ? process : NULL;
}

/* What the next tick would do: whoever waits for a child may have its figures at once. */
static int finish_zombie(pid_t nr)
{
	struct faultline_process *process;
	int idx, err = mutex_lock_killable(&registry_mutex);

	if (err)
		return err;
	idx = srcu_read_lock(&faultline_registry_srcu);
	process = find_zombie(nr);
	if (process && faultline_process_close(process, FAULTLINE_EXITED))
		faultline_registry_forget(process);
	else
		err = -ESRCH;
	srcu_read_unlock(&faultline_registry_srcu, idx);
	mutex_unlock(&registry_mutex);
	return err;
}

/**
 * faultline_registry_unregister() - publish a process's last record and forget it
 * @writer: the open file that asks
 * @nr: pid in the caller's pid namespace, or 0 for the caller
 *
 * Of a child of the caller's that has exited and is not reaped, the last record tells
 * that it exited.
 *
 * Context: may sleep; takes registry_mutex.
 * Return: 0; -ESRCH no such process, or it is exiting; -EPERM the opener may not
 * look into it; -ENOENT not registered; -EINTR killed while waiting.
 */
int faultline_registry_unregister(const struct file *writer, pid_t nr)
{
	int err = with_registered(writer, nr, unregister, 0);

	return err == -ESRCH ? finish_zombie(nr) : err;
}

/**
 * faultline_registry_precopy() - a registered process's own setting of pre-copy
 * @writer: the open file that asks
 * @nr: pid in the caller's pid namespace, or 0 for the caller
 * @setting: FAULTLINE_PRECOPY_OFF, FAULTLINE_PRECOPY_AUTO, or a depth
 *
 * Context: may sleep; takes registry_mutex.
 * Return: as faultline_registry_unregister(), and faultline_precopy_change().
 */
int faultline_registry_precopy(const struct file *writer, pid_t nr, int setting)
{
	return with_registered(writer, nr, set_precopy, setting);
}

/**
 * faultline_registry_trace() - begin or end to trace the faults of a registered process
 * @writer: the open file that asks
 * @nr: pid in the caller's pid namespace, or 0 for the caller
 * @on: begin, also with the children that it will have, if they are followed
 *
 * A fault that is under way when it ends may still be written.
 *
 * Context: may sleep; takes registry_mutex.
 * Return: as faultline_registry_unregister(), and faultline_faults_arm(); -EPERM, too, for who
 * may not read what would be written.
 */
int faultline_registry_trace(const struct file *writer, pid_t nr, bool on)
{
	if (on && !file_ns_capable(writer, &init_user_ns, CAP_PERFMON))
		return -EPERM;
	return with_registered(writer, nr, set_trace, on);
}

/**
 * faultline_registry_add_child() - register a child at its birth
 * @child: has adopted it
 * @parent: who forked it; registered, or just forgotten
 *
 * Its first record comes with the next tick.
 *
 * Context: in a fork, preemption is off, the child has not run; takes registry_lock.
 * Return: 0; -EEXIST when somebody saw the child and registered it already; -ENOSPC when
 * as many processes are registered as may be, or none is any more, so that counting may
 * be about to end.  Nothing has happened then.
 */
int faultline_registry_add_child(struct faultline_process *child,
				 const struct faultline_process *parent)
{
	int err = 0;

	raw_spin_lock(&registry_lock);
	if (faultline_registry_find(child->signal)) {
		err = -EEXIST;
	} else if (!registry_count || registry_count >= max_processes) {
		err = -ENOSPC;
	} else {
		child->follow = true;
		child->precopy = READ_ONCE(parent->precopy);
		/* It was unregistered meanwhile. */
		if (child->precopy == FAULTLINE_PRECOPY_GONE)
			child->precopy = FAULTLINE_PRECOPY_SYSTEM;
		faultline_precopy_inherit(child->precopy);
		if (parent->trace == FAULTLINE_TRACE_ON)
			change_trace(child, FAULTLINE_TRACE_ON);
		child->parent_id = parent->id;
		child->counted = faultline_cow_counted();
		child->id = ++registry_last_id;
		insert_in_hash(child);
		insert_in_list(child);
		count_add(1);
	}
	raw_spin_unlock(&registry_lock);
	return err;
}

static void free_after_walks(struct rcu_head *rcu)
{
	faultline_process_free(container_of(rcu, struct faultline_process, rcu));
}

/**
 * faultline_registry_forget() - take a closed process out of the registry
 * @process: a process that the caller closed: two callers cannot both have
 *
 * Readers of the hash end with an RCU grace period, walkers of the list with an
 * SRCU one; it is freed after both.
 *
 * Context: process context; takes registry_lock.
 */
void faultline_registry_forget(struct faultline_process *process)
{
	bool last_traced;

	raw_spin_lock(&registry_lock);
	hlist_del_rcu(&process->bucket);
	list_del_rcu(&process->link);
	last_traced = process->trace == FAULTLINE_TRACE_ON && registry_traced == 1;
	change_trace(process, FAULTLINE_TRACE_GONE);
	raw_spin_unlock(&registry_lock);
	if (last_traced)
		disarm_later();
	faultline_precopy_forget(xchg(&process->precopy, FAULTLINE_PRECOPY_GONE));
	call_srcu(&faultline_registry_srcu, &process->rcu, free_after_walks);
	unreserve();
}

/**
 * faultline_registry_rearm() - time what the parameter latency says now
 *
 * Context: may sleep; takes registry_mutex.
 */
void faultline_registry_rearm(void)
{
	mutex_lock(&registry_mutex);
	if (faultline_registry_count())
		faultline_latency_arm();
	mutex_unlock(&registry_mutex);
}

/**
 * faultline_registry_count() - registered processes without a last record
 *
 * Return: how many; may be old news when the caller holds no lock.
 */
unsigned int faultline_registry_count(void)
{
	return READ_ONCE(registry_count);
}

/**
 * faultline_registry_traced() - processes whose faults are traced
 *
 * Return: how many; may be old news when the caller holds no lock.
 */
unsigned int faultline_registry_traced(void)
{
	return READ_ONCE(registry_traced);
}

/**
 * faultline_registry_limit() - how many may be registered at a time
 *
 * Return: the parameter max_processes.
 */
unsigned int faultline_registry_limit(void)
{
	return max_processes;
}

/**
 * faultline_registry_destroy() - forget everything
 *
 * No writer of processes is left and the sampler has stopped.
 * Context: may sleep; takes registry_mutex.
 */
void faultline_registry_destroy(void)
{
	struct faultline_process *process;
	int idx;

	/*
	 * First: a child that is born behind the walk would stay.  The work that disarms may be at
	 * it as well.
	 */
	mutex_lock(&registry_mutex);
	faultline_follow_disarm();
	mutex_unlock(&registry_mutex);
	idx = srcu_read_lock(&faultline_registry_srcu);
	faultline_registry_for_each(process)
		if (faultline_process_close(process, FAULTLINE_UNREGISTERED))
			faultline_registry_forget(process);
	srcu_read_unlock(&faultline_registry_srcu, idx);
	srcu_barrier(&faultline_registry_srcu);
	cancel_delayed_work_sync(&disarm_work);
	/* A writer of latency may have seen processes, and be arming still. */
	mutex_lock(&registry_mutex);
	disarm();
	mutex_unlock(&registry_mutex);
	rcu_barrier();
}
