/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A registered process: what the kernel counts of it, and its records.
 *
 * create -> adopt -> begin -> publish ... -> close -> free
 */
#ifndef _FAULTLINE_PROCESS_H
#define _FAULTLINE_PROCESS_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>

#include "faults.h"
#include "histogram.h"
#include "latency.h"
#include "precopy.h"
#include "uapi/faultline.h"

struct pid;
struct signal_struct;
struct task_struct;

/**
 * struct faultline_totals - what the kernel has counted of a process so far
 * @minor_faults: faults served without I/O
 * @major_faults: faults that waited for I/O
 * @user_ns: CPU time in user mode
 * @system_ns: CPU time in the kernel
 */
struct faultline_totals {
	u64 minor_faults;
	u64 major_faults;
	u64 user_ns;
	u64 system_ns;
};

/**
 * struct faultline_process - one registration of one process
 * @bucket: place in the registry's hash; guarded by its lock, read under RCU
 * @signal: what all threads of the process share through exec until its last
 *	thread is freed; the key, because @task keeps its memory from being used
 *	again, as a pid could be
 * @cow_faults: pages copied since registration, by kind
 * @precopied: pages of pre-copy since registration, by what became of them
 * @precopy: enum faultline_precopy_setting, or a depth
 * @times: of copies and of whole faults since registration
 * @nr: thread group id in the initial pid namespace, which outlives @pid
 * @trace: are its faults traced?  Guarded by the registry's lock, read without
 * @follow: children that it forks are registered, too
 * @link: place in the registry's list; guarded by its lock, read under SRCU
 * @task: a thread of the process, referenced
 * @pid: thread group id, referenced
 * @id: number of this registration
 * @parent_id: the registration that it was followed from, or 0
 * @born_ns: when it began
 * @counted: faultline_cow_counted() at registration
 * @lock: guards what follows, and orders this process's records
 * @begun: the first record was published
 * @closed: the last record was published
 * @base: totals at registration
 * @last: totals as read last, which keep CPU times from going back
 * @told: totals that the course's sums have
 * @comm: command name as read last
 * @ppid: parent as read last
 * @rcu: defers freeing
 */
struct faultline_process {
	struct hlist_node bucket;
	struct signal_struct *signal;
	atomic64_t cow_faults[FAULTLINE_KINDS];
	atomic64_t precopied[FAULTLINE_PRECOPY_COUNTS];
	int precopy;
	struct faultline_histogram *times[FAULTLINE_MEASURES];
	pid_t nr;
	enum faultline_trace trace;
	bool follow;

	struct list_head link ____cacheline_aligned;
	struct task_struct *task;
	struct pid *pid;
	u64 id;
	u64 parent_id;
	u64 born_ns;
	u32 counted;

	spinlock_t lock;	/* see above; taken before ring.c's */
	bool begun;
	bool closed;
	struct faultline_totals base;
	struct faultline_totals last;
	struct faultline_totals told;
	char comm[FAULTLINE_COMM_LEN];
	pid_t ppid;

	struct rcu_head rcu;
};

struct faultline_process *faultline_process_create(gfp_t gfp);
void faultline_process_free(struct faultline_process *process);

void faultline_process_adopt(struct faultline_process *process, struct task_struct *task,
			     struct pid *pid);
void faultline_process_begin(struct faultline_process *process);
void faultline_process_publish(struct faultline_process *process);
bool faultline_process_close(struct faultline_process *process, enum faultline_flags why);
bool faultline_process_read(struct faultline_process *process, struct faultline_record *record);

bool faultline_process_exiting(const struct faultline_process *process);
bool faultline_process_finished(const struct faultline_process *process);

struct task_struct *faultline_process_thread_with_memory(const struct signal_struct *signal);

#endif /* _FAULTLINE_PROCESS_H */
