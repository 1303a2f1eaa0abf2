// SPDX-License-Identifier: GPL-2.0
/*
 * A registered process: reads the kernel's own counters of all its threads, dead
 * ones included, and turns them into records.  It never writes one of them.
 */

#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/sched/cputime.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "course.h"
#include "process.h"
#include "ring.h"

/**
 * struct usage - sums over the threads of a process, dead and alive
 * @minor_faults: faults served without I/O
 * @major_faults: faults that waited for I/O
 * @utime_ns: user time as the tick saw it
 * @stime_ns: system time as the tick saw it
 * @runtime_ns: CPU time as the scheduler measured it
 * @threads: threads that are alive
 */
struct usage {
	u64 minor_faults;
	u64 major_faults;
	u64 utime_ns;
	u64 stime_ns;
	u64 runtime_ns;
	u32 threads;
};

/* Needs rcu_read_lock. */
static void sum_usage(const struct signal_struct *signal, struct usage *usage)
{
	struct task_struct *thread;

	usage->minor_faults = signal->min_flt;
	usage->major_faults = signal->maj_flt;
	usage->utime_ns = signal->utime;
	usage->stime_ns = signal->stime;
	usage->runtime_ns = signal->sum_sched_runtime;
	usage->threads = 0;
	__for_each_thread(signal, thread) {
		usage->minor_faults += READ_ONCE(thread->min_flt);
		usage->major_faults += READ_ONCE(thread->maj_flt);
		usage->utime_ns += READ_ONCE(thread->utime);
		usage->stime_ns += READ_ONCE(thread->stime);
		usage->runtime_ns += READ_ONCE(thread->se.sum_exec_runtime);
		usage->threads += !READ_ONCE(thread->exit_state);
	}
}

/*
 * A thread that dies adds its counters to the group's and leaves the list under
 * stats_lock (__exit_signal()), so a sum that no such writer disturbed has each
 * thread exactly once.  First try without the lock, as thread_group_cputime() does.
 */
static void read_usage(struct signal_struct *signal, struct usage *usage)
{
	unsigned long flags;
	unsigned int seq;

	rcu_read_lock();
	seq = read_seqbegin(&signal->stats_lock);
	sum_usage(signal, usage);
	if (read_seqretry(&signal->stats_lock, seq)) {
		read_seqlock_excl_irqsave(&signal->stats_lock, flags);
		sum_usage(signal, usage);
		read_sequnlock_excl_irqrestore(&signal->stats_lock, flags);
	}
	rcu_read_unlock();
}

/*
 * Split the measured runtime in the proportion that the tick saw, such that
 * neither part ever goes back: the rule of cputime_adjust(), kernel/sched/cputime.c,
 * which getrusage(2) follows.
 */
static void split_runtime(const struct usage *usage, struct faultline_totals *totals)
{
	u64 runtime = usage->runtime_ns, ticks = usage->utime_ns + usage->stime_ns;
	u64 system = 0;

	if (totals->user_ns + totals->system_ns >= runtime)
		return;
	if (usage->stime_ns)
		system = min(mul_u64_u64_div_u64(usage->stime_ns, runtime, ticks), runtime);
	system = max(system, totals->system_ns);
	totals->user_ns = max(runtime - system, totals->user_ns);
	totals->system_ns = runtime - totals->user_ns;
}

static void read_memory(const struct signal_struct *signal, struct faultline_record *record)
{
	struct task_struct *thread;
	struct mm_struct *mm;

	rcu_read_lock();
	thread = faultline_process_thread_with_memory(signal);
	if (thread) {
		task_lock(thread);	/* keeps ->mm from going away */
		mm = thread->mm;
		if (mm) {
			record->rss_bytes = (u64)get_mm_rss(mm) << PAGE_SHIFT;
			record->swap_bytes = (u64)get_mm_counter(mm, MM_SWAPENTS) << PAGE_SHIFT;
		}
		task_unlock(thread);
	}
	rcu_read_unlock();
}

/*
 * Name and parent change with exec and reparenting.  A reaped process has no parent any
 * more, and no leader to find; its name is still that of the task held here, unless
 * another thread took over by exec.
 */
static void read_identity(struct faultline_process *process)
{
	struct task_struct *leader;

	rcu_read_lock();
	leader = pid_task(process->pid, PIDTYPE_TGID);
	if (leader)
		process->ppid = rcu_dereference(leader->real_parent)->tgid;
	else if (thread_group_leader(process->task))
		leader = process->task;
	/* The name may change under the copy; it ends in a NUL all the same. */
	if (leader)
		memcpy(process->comm, leader->comm, sizeof(process->comm) - 1);
	rcu_read_unlock();
}

static void read_copies(const struct faultline_process *process, struct faultline_record *record)
{
	const struct faultline_histogram *copies = process->times[FAULTLINE_COPY];
	const struct faultline_histogram *faults = process->times[FAULTLINE_FAULT];
	int kind;

	for (kind = 0; kind < FAULTLINE_KINDS; kind++) {
		record->cow_kinds[kind] = atomic64_read(&process->cow_faults[kind]);
		record->cow_faults += record->cow_kinds[kind];
	}
	record->copies_timed = atomic64_read(&copies->count);
	record->copies_missed = faultline_histogram_missed(copies);
	record->copy_ns = atomic64_read(&copies->sum_ns);
	record->faults_timed = atomic64_read(&faults->count);
	record->faults_missed = faultline_histogram_missed(faults);
	record->fault_ns = atomic64_read(&faults->sum_ns);
	if (faultline_latency_timed(FAULTLINE_COPY) || atomic64_read(&copies->due))
		record->flags |= FAULTLINE_COPY_TIMES;
	if (faultline_latency_timed(FAULTLINE_FAULT) || atomic64_read(&faults->due))
		record->flags |= FAULTLINE_FAULT_TIMES;
}

static void read_precopies(const struct faultline_process *process,
			   struct faultline_record *record)
{
	const atomic64_t *pages = process->precopied;
	int reason;

	if (!faultline_precopy_available())
		return;
	record->flags |= FAULTLINE_PRECOPY;
	record->precopied = atomic64_read(&pages[FAULTLINE_PRECOPY_COPIED]);
	record->precopy_used = atomic64_read(&pages[FAULTLINE_PRECOPY_USED]);
	record->precopy_wasted = atomic64_read(&pages[FAULTLINE_PRECOPY_WASTED]);
	for (reason = FAULTLINE_PRECOPY_MEMORY; reason < FAULTLINE_PRECOPY_COUNTS; reason++)
		record->precopy_refused += atomic64_read(&pages[reason]);
}

/* Needs process->lock. */
static void sample(struct faultline_process *process, struct faultline_record *record)
{
	struct faultline_totals *last = &process->last;
	const struct faultline_totals *base = &process->base;
	struct usage usage;

	lockdep_assert_held(&process->lock);
	memset(record, 0, sizeof(*record));
	record->time_ns = ktime_get_ns();
	read_usage(process->signal, &usage);
	read_memory(process->signal, record);
	read_identity(process);
	split_runtime(&usage, last);
	last->minor_faults = usage.minor_faults;
	last->major_faults = usage.major_faults;

	record->id = process->id;
	record->pid = process->nr;
	record->ppid = process->ppid;
	record->parent_id = process->parent_id;
	record->threads = usage.threads;
	record->flags = process->counted;
	memcpy(record->comm, process->comm, sizeof(record->comm));
	record->minor_faults = last->minor_faults - base->minor_faults;
	record->major_faults = last->major_faults - base->major_faults;
	record->user_ns = last->user_ns - base->user_ns;
	record->system_ns = last->system_ns - base->system_ns;
	read_copies(process, record);
	read_precopies(process, record);
}

static void publish(struct faultline_process *process, struct faultline_record *record)
{
	lockdep_assert_held(&process->lock);
	faultline_ring_publish(record);
	faultline_course_add(&process->told, &process->last);
	process->told = process->last;
}

/*
 * The first record: nothing has been counted yet.  A child is found by the sampler,
 * some time after its birth, which is the time that its first record tells.
 */
static void publish_first(struct faultline_process *process)
{
	struct faultline_record record;

	lockdep_assert_held(&process->lock);
	sample(process, &record);
	record.flags |= FAULTLINE_FIRST;
	record.time_ns = process->born_ns;
	record.minor_faults = 0;
	record.major_faults = 0;
	record.cow_faults = 0;
	record.user_ns = 0;
	record.system_ns = 0;
	memset_startat(&record, 0, cow_kinds);
	publish(process, &record);
	process->begun = true;
}

static void free_memory(struct faultline_process *process)
{
	int measure;

	for (measure = 0; measure < FAULTLINE_MEASURES; measure++)
		kfree(process->times[measure]);
	kfree(process);
}

static void free_after_hooks(struct rcu_head *rcu)
{
	free_memory(container_of(rcu, struct faultline_process, rcu));
}

/**
 * faultline_process_create() - room for a registration
 * @gfp: with GFP_KERNEL_ACCOUNT charged to the memory cgroup of the caller
 *
 * Context: as @gfp says.
 * Return: the process, of no task yet, or NULL when there is no memory.
 */
struct faultline_process *faultline_process_create(gfp_t gfp)
{
	struct faultline_process *process = kzalloc(sizeof(*process), gfp);
	int measure;

	if (!process)
		return NULL;
	spin_lock_init(&process->lock);
	process->precopy = FAULTLINE_PRECOPY_SYSTEM;
	for (measure = 0; measure < FAULTLINE_MEASURES; measure++) {
		process->times[measure] = kzalloc(sizeof(*process->times[measure]), gfp);
		if (!process->times[measure]) {
			free_memory(process);
			return NULL;
		}
	}
	return process;
}

/**
 * faultline_process_adopt() - say which process it is
 * @process: new
 * @task: any thread of the process; referenced until free
 * @pid: its thread group id; referenced until free
 *
 * Context: any.
 */
void faultline_process_adopt(struct faultline_process *process, struct task_struct *task,
			     struct pid *pid)
{
	process->signal = task->signal;
	process->task = get_task_struct(task);
	process->pid = get_pid(pid);
	process->nr = pid_nr(pid);
	process->born_ns = ktime_get_ns();
	/* Now: a child may be reaped before anybody samples it, and has no parent then. */
	read_identity(process);
}

/**
 * faultline_process_free() - drop what create and adopt took
 * @process: out of the registry, and no SRCU reader of the list has it any more
 *
 * Its memory goes after an RCU grace period: the COW hook may still hold it.
 * Context: any.
 */
void faultline_process_free(struct faultline_process *process)
{
	if (process->task) {
		put_pid(process->pid);
		put_task_struct(process->task);
	}
	call_rcu(&process->rcu, free_after_hooks);
}

/**
 * faultline_process_begin() - begin counting here, and say so in the ring
 * @process: in the registry's hash, so that the COW hook finds it, but not yet in its
 *	list
 *
 * A child that is followed from its birth needs none of it: all its counters begin
 * with it.
 *
 * Context: process context; takes process->lock.
 */
void faultline_process_begin(struct faultline_process *process)
{
	struct faultline_record record;

	spin_lock(&process->lock);
	sample(process, &record);
	process->base = process->last;
	process->told = process->last;
	process->born_ns = record.time_ns;
	publish_first(process);
	spin_unlock(&process->lock);
}

/**
 * faultline_process_publish() - one sample into the ring
 * @process: a process; nothing happens when it is closed
 *
 * Context: process context; takes process->lock.
 */
void faultline_process_publish(struct faultline_process *process)
{
	struct faultline_record record;

	spin_lock(&process->lock);
	if (!process->begun)
		publish_first(process);
	if (!process->closed) {
		sample(process, &record);
		publish(process, &record);
	}
	spin_unlock(&process->lock);
}

/**
 * faultline_process_close() - publish the last record
 * @process: a process
 * @why: FAULTLINE_EXITED or FAULTLINE_UNREGISTERED
 *
 * Context: process context; takes process->lock.
 * Return: true for the one caller that closed it, who must take it out of the
 * registry; false for any later one.
 */
bool faultline_process_close(struct faultline_process *process, enum faultline_flags why)
{
	struct faultline_record record;
	bool closing;

	spin_lock(&process->lock);
	closing = !process->closed;
	if (closing) {
		if (!process->begun)
			publish_first(process);
		sample(process, &record);
		record.flags |= why;
		publish(process, &record);
		process->closed = true;
	}
	spin_unlock(&process->lock);
	return closing;
}

/**
 * faultline_process_read() - the counters now, for showing
 * @process: a process
 * @record: filled in, but for seq
 *
 * Context: process context; takes process->lock.
 * Return: false when the process is closed and has no counters of its own now.
 */
bool faultline_process_read(struct faultline_process *process, struct faultline_record *record)
{
	bool open;

	spin_lock(&process->lock);
	open = !process->closed;
	if (open)
		sample(process, record);
	spin_unlock(&process->lock);
	return open;
}

/**
 * faultline_process_exiting() - is the last thread on its way out, or gone?
 * @process: a process
 *
 * Return: true from the moment when no thread of it can return to user mode.
 */
bool faultline_process_exiting(const struct faultline_process *process)
{
	return !atomic_read(&process->signal->live);
}

/**
 * faultline_process_finished() - have its counters come to rest?
 * @process: a process
 *
 * Between the last thread's death warrant and its end it can still fault; the last
 * record waits for that.  Zombies count as finished, so a parent or a tracer that
 * never waits holds nothing up.
 *
 * Return: true once every thread is dead or reaped.
 */
bool faultline_process_finished(const struct faultline_process *process)
{
	struct task_struct *thread;
	bool finished = true;

	if (!faultline_process_exiting(process))
		return false;
	rcu_read_lock();
	__for_each_thread(process->signal, thread)
		finished = finished && READ_ONCE(thread->exit_state);
	rcu_read_unlock();
	return finished;
}

/**
 * faultline_process_thread_with_memory() - who has the memory of a process?
 * @signal: its signal_struct
 *
 * Usually its leader, but a leader may exit before the other threads.
 *
 * Context: RCU read side.
 * Return: a thread whose ->mm was there, which task_lock() makes sure of, or NULL.
 */
struct task_struct *faultline_process_thread_with_memory(const struct signal_struct *signal)
{
	struct task_struct *thread;

	__for_each_thread(signal, thread)
		if (READ_ONCE(thread->mm))
			return thread;
	return NULL;
}
