// SPDX-License-Identifier: GPL-2.0
/*
 * What copy-on-write costs: the copy alone, and the whole fault around it.
 *
 * A copy is timed around the function that copies, when wp_page_copy() calls it:
 *	direct	by an ftrace direct call in its stead: two clock readings and little else
 *	kretprobe	where there are none (arm64), or somebody else has it
 * A whole fault is timed by a kretprobe on handle_mm_fault(), which may sleep and wake up
 * on another CPU, or never come back, while the module is being unloaded: the kernel
 * keeps such a task's return address for us.
 *
 * What was timed waits for the marker of cow.c, which knows whether the copy was put in
 * place, and of what kind it was: a copy in a small table by pid, which the next copy
 * of that task takes again; a fault in the kretprobe's instance, which hangs on its task.
 *
 * arm and disarm are serialised by the registry's mutex, and happen while cow.c is armed:
 * so ftrace is kept switched on for the kretprobes, too.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ftrace.h>
#include <linux/hash.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/sched/clock.h>
#include <linux/seq_file.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "compat.h"
#include "cow.h"
#include "direct.h"
#include "histogram.h"
#include "hook.h"
#include "latency.h"
#include "registry.h"
#include "ring.h"
#include "sysctl.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

enum {
	PENDING_BITS	= 12,
	/* Of a pending copy's word: pids end at 2^22 (PID_MAX_LIMIT). */
	PENDING_NS_BITS	= 42,
	/* Faults of registered processes that may be under way at a time, asleep or not. */
	OPEN_FAULTS	= 1024,
	CALIBRATIONS	= 101,
};

/**
 * struct open_fault - a fault of a registered process that is under way
 * @start_ns: when it began
 * @mm: whose memory; held by the fault's caller
 * @kind: of the page that was copied in it; FAULTLINE_KINDS while none was
 * @address: of that page
 * @copy_ns: what the copy took, or -1
 */
struct open_fault {
	u64 start_ns;
	struct mm_struct *mm;
	enum faultline_kind kind;
	unsigned long address;
	s64 copy_ns;
};

/**
 * struct copy_method - one way to time a copy
 * @name: what people read
 * @attach: begin to time; 0 or a negative errno
 * @detach: end, and wait until no task is in the hook
 * @cost_ns: what an empty measurement reads, of a copy and of a fault with an empty copy
 *	in it; 0 where that is not known
 */
struct copy_method {
	const char *name;
	int (*attach)(void);
	void (*detach)(void);
	u64 cost_ns[FAULTLINE_MEASURES];
};

static enum faultline_latency latency_wanted;
/*
 * Between init and exit; guarded by kernel_param_lock, because latency can be written
 * before the module's init has run and after its exit has.
 */
static bool latency_ready;
/* What is being timed, and why the rest is not: NULL, or a reason. */
static bool latency_timed[FAULTLINE_MEASURES];
static const char *latency_refused[FAULTLINE_MEASURES];

/**
 * struct latency_totals - one CPU's times of all processes since the module was loaded
 * @times: by measure; the longest only since faultline_latency_forget_longest()
 */
struct latency_totals {
	struct faultline_histogram times[FAULTLINE_MEASURES];
};

static struct latency_totals __percpu *latency_totals;
/* The longest time before what latency_totals say. */
static u64 latency_longest_before[FAULTLINE_MEASURES];

/* The function that copies, and who calls it to break a share. */
static struct faultline_function copier;
static struct faultline_function copier_caller;
/* Copies that were timed and wait for the marker: pid and time, by a hash of the pid. */
static u64 pending_copies[1 << PENDING_BITS];

static const char * const latency_choices[] = {
	[FAULTLINE_LATENCY_OFF] = "off",
	[FAULTLINE_LATENCY_COPY] = "copy",
	[FAULTLINE_LATENCY_FAULT] = "fault",
	NULL
};

/* Context: kernel_param_lock is held. */
static int latency_set(const char *value, const struct kernel_param *param)
{
	int choice = __sysfs_match_string(latency_choices, -1, value);

	if (choice < 0) {
		pr_err("latency: expected off, copy or fault\n");
		return -EINVAL;
	}
	WRITE_ONCE(latency_wanted, choice);
	if (latency_ready)
		faultline_registry_rearm();
	return 0;
}

static int latency_get(char *buffer, const struct kernel_param *param)
{
	return sysfs_emit(buffer, "%s\n", latency_choices[latency_wanted]);
}

static const struct kernel_param_ops latency_ops = {
	.set = latency_set,
	.get = latency_get,
};
module_param_cb(latency, &latency_ops, NULL, 0644);
MODULE_PARM_DESC(latency, "what of a copy-on-write fault is timed: off (default), copy, fault");

/*
 * The scheduler's clock: 25 instructions cheaper than the monotonic one, four times in a
 * fault (make bench).  Where CPUs' clocks drift apart, a task that migrates could see it
 * run backwards.
 */
static __always_inline u64 now_ns(void)
{
	return sched_clock();
}

static __always_inline u64 since_ns(u64 start)
{
	s64 elapsed = now_ns() - start;

	return max_t(s64, elapsed, 0);
}

/*
 * The table is lossy: two tasks of the same hash that copy at the same moment share a
 * word, which holds who wrote it last, and the other's time is missed.
 */
static __always_inline u64 *pending_copy(void)
{
	return &pending_copies[hash_32(current->pid, PENDING_BITS)];
}

static __always_inline void pending_copy_put(u64 ns)
{
	WRITE_ONCE(*pending_copy(),
		   (u64)current->pid << PENDING_NS_BITS | min(ns, BIT_ULL(PENDING_NS_BITS) - 1));
}

/* The time of this task's copy, or -1. */
static __always_inline s64 pending_copy_take(void)
{
	u64 *pending = pending_copy(), word = READ_ONCE(*pending);

	if (word >> PENDING_NS_BITS != current->pid)
		return -1;
	WRITE_ONCE(*pending, 0);
	return word & (BIT_ULL(PENDING_NS_BITS) - 1);
}

/*
 * This task copies without being timed: what it left there was the time of an earlier copy
 * that came to no marker of ours, as of one who was not registered.
 */
static __always_inline void pending_copy_drop(void)
{
	u64 *pending = pending_copy();

	if (READ_ONCE(*pending) >> PENDING_NS_BITS == current->pid)
		WRITE_ONCE(*pending, 0);
}

#if FAULTLINE_DIRECT_CALLS
static __always_inline unsigned long timed_copy(void *to, const void *from,
						unsigned int length, unsigned long body)
{
	u64 start = now_ns();
	unsigned long left = faultline_copy_resume(to, from, length, body);

	pending_copy_put(since_ns(start));
	return left;
}

/*
 * In place of the kernel's function, whose rest is at @body; called by
 * faultline_copy_entry.  function_graph puts its own return address in the caller's
 * place; such a copy is missed, and the marker counts it so.
 */
unsigned long notrace faultline_latency_copy(void *to, const void *from, unsigned int length,
					     unsigned long caller, unsigned long body)
{
	if (!faultline_hook_within(&copier_caller, caller)) {
		pending_copy_drop();
		return faultline_copy_resume(to, from, length, body);
	}
	return timed_copy(to, from, length, body);
}

#else
#define faultline_copy_entry	NULL
#endif

static struct ftrace_ops copy_ops;

static int attach_direct(void)
{
	return faultline_hook_call(&copy_ops, &copier, faultline_copy_entry);
}

static void detach_direct(void)
{
	faultline_hook_uncall(&copy_ops, faultline_copy_entry);
}

static int notrace time_entry(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	u64 *start = (u64 *)instance->data;

	*start = now_ns();
	return 0;
}

NOKPROBE_SYMBOL(time_entry);

static int notrace time_return(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	u64 *start = (u64 *)instance->data;

	pending_copy_put(since_ns(*start));
	return 0;
}

NOKPROBE_SYMBOL(time_return);

static int notrace copy_entry(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	if (!faultline_hook_within(&copier_caller, faultline_return_address(regs))) {
		pending_copy_drop();
		return 1;
	}
	return time_entry(instance, regs);
}

NOKPROBE_SYMBOL(copy_entry);

static struct kretprobe copy_probe;

static int attach_probe(void)
{
	copy_probe = (struct kretprobe) {
		.kp.symbol_name	= copier.name,
		.entry_handler	= copy_entry,
		.handler	= time_return,
		.data_size	= sizeof(u64),
	};
	return register_kretprobe(&copy_probe);
}

static void detach_probe(void)
{
	unregister_kretprobe(&copy_probe);
}

/* Best first. */
static struct copy_method copy_methods[] = {
	{ "direct call", attach_direct, detach_direct },
	{ "kretprobe", attach_probe, detach_probe },
};

enum { COPY_DIRECT, COPY_PROBE };

static struct copy_method *copy_method;

/* A fault of someone registered, who may be asleep in it when we are unloaded. */
static int notrace fault_entry(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	const struct vm_area_struct *vma =
		(const struct vm_area_struct *)regs_get_kernel_argument(regs, 0);
	struct open_fault *fault = (struct open_fault *)instance->data;

	if (!faultline_registry_find_memory(vma->vm_mm))
		return 1;
	fault->mm = vma->vm_mm;
	fault->kind = FAULTLINE_KINDS;
	fault->start_ns = now_ns();
	return 0;
}

NOKPROBE_SYMBOL(fault_entry);

static __always_inline void add_due(struct faultline_process *process,
				    struct latency_totals *totals, enum faultline_measure measure)
{
	atomic64_inc(&totals->times[measure].due);
	atomic64_inc(&process->times[measure]->due);
}

static __always_inline void add(struct faultline_process *process,
				struct latency_totals *totals, enum faultline_measure measure,
				u64 ns)
{
	unsigned int bucket = faultline_histogram_bucket(ns);

	faultline_histogram_add(&totals->times[measure], bucket, ns);
	atomic64_inc(&totals->times[measure].count);
	faultline_histogram_add(process->times[measure], bucket, ns);
}

/* Count what was measured last of a fault, and trace the fault if it is its turn. */
static __always_inline void finish(struct faultline_process *process,
				   enum faultline_measure measure, unsigned long address,
				   enum faultline_kind kind, s64 copy_ns, s64 fault_ns)
{
	atomic64_t *count = &process->times[measure]->count;
	unsigned int interval;
	u64 number;

	if (!trace_cow_fault_enabled()) {
		atomic64_inc(count);
		return;
	}
	number = atomic64_inc_return(count);
	interval = READ_ONCE(faultline_sysctl_cow_sample_interval);
	if (interval && number % interval == 0)
		trace_cow_fault(process->nr, address, kind, copy_ns, fault_ns);
}

static int notrace fault_return(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	const struct open_fault *fault = (const struct open_fault *)instance->data;
	struct faultline_process *process;
	u64 ns;

	if (fault->kind == FAULTLINE_KINDS)
		return 0;
	ns = since_ns(fault->start_ns);
	process = faultline_registry_find_memory(fault->mm);
	if (!process)
		return 0;
	add(process, raw_cpu_ptr(latency_totals), FAULTLINE_FAULT, ns);
	finish(process, FAULTLINE_FAULT, fault->address, fault->kind, fault->copy_ns, ns);
	return 0;
}

NOKPROBE_SYMBOL(fault_return);

static struct kretprobe fault_probe;

/**
 * faultline_latency_page_copied() - a page was put in place; called by the marker
 * @process: whose memory it is
 * @kind: of page
 * @address: of the page, in that process
 * @copied: whether the function that is being timed made the copy
 *
 * Context: preemption is off, or the page-table lock is held on PREEMPT_RT.
 */
void notrace faultline_latency_page_copied(struct faultline_process *process,
					   enum faultline_kind kind, unsigned long address,
					   bool copied)
{
	struct latency_totals *totals = raw_cpu_ptr(latency_totals);
	bool whole = READ_ONCE(latency_timed[FAULTLINE_FAULT]);
	struct open_fault *fault;
	s64 copy_ns = -1;

	if (copied && READ_ONCE(latency_timed[FAULTLINE_COPY])) {
		add_due(process, totals, FAULTLINE_COPY);
		copy_ns = pending_copy_take();
	}
	if (copy_ns >= 0) {
		add(process, totals, FAULTLINE_COPY, copy_ns);
		if (whole)
			atomic64_inc(&process->times[FAULTLINE_COPY]->count);
		else
			finish(process, FAULTLINE_COPY, address, kind, copy_ns, -1);
	}
	if (!whole)
		return;
	add_due(process, totals, FAULTLINE_FAULT);
	fault = faultline_kretprobe_data(&fault_probe);
	if (!fault)
		return;
	fault->kind = kind;
	fault->address = address;
	fault->copy_ns = copy_ns;
}

/* What stands in for the kernel's functions while the hooks are calibrated. */
static noinline void empty_copy(void)
{
	barrier();
}

static noinline void empty_fault(void)
{
#if FAULTLINE_DIRECT_CALLS
	if (copy_method == &copy_methods[COPY_DIRECT])
		timed_copy(NULL, NULL, 0, (unsigned long)empty_copy);
	else
#endif
		empty_copy();
	barrier();
}

static int compare_times(const void *a, const void *b)
{
	const u64 *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

/* The median of what run() leaves as the time of a copy, or 0. */
static u64 median_time(void (*run)(void))
{
	u64 times[CALIBRATIONS];
	int i;

	for (i = 0; i < CALIBRATIONS; i++) {
		s64 ns;

		run();
		ns = pending_copy_take();
		if (ns < 0)
			return 0;
		times[i] = ns;
	}
	sort(times, CALIBRATIONS, sizeof(*times), compare_times, NULL);
	return times[CALIBRATIONS / 2];
}

/* Kretprobes on the two, which need no filter; static, for unloading may outrun a return. */
static struct kretprobe calibration[FAULTLINE_MEASURES];

static int attach_calibration(enum faultline_measure measure, void (*function)(void))
{
	calibration[measure] = (struct kretprobe) {
		.kp.addr	= (kprobe_opcode_t *)function,
		.entry_handler	= time_entry,
		.handler	= time_return,
		.data_size	= sizeof(u64),
		.maxactive	= 1,
	};
	return register_kretprobe(&calibration[measure]);
}

/* What the hooks read when nothing happens between them; leaves 0 where that fails. */
static void calibrate(struct copy_method *method)
{
	bool probed = method == &copy_methods[COPY_PROBE];

	copy_method = method;
	if (faultline_hook_guard())
		return;
	if (probed && attach_calibration(FAULTLINE_COPY, empty_copy))
		goto unguard;
	method->cost_ns[FAULTLINE_COPY] = median_time(empty_fault);
	if (!attach_calibration(FAULTLINE_FAULT, empty_fault)) {
		method->cost_ns[FAULTLINE_FAULT] = median_time(empty_fault);
		unregister_kretprobe(&calibration[FAULTLINE_FAULT]);
	}
	if (probed)
		unregister_kretprobe(&calibration[FAULTLINE_COPY]);
unguard:
	faultline_hook_unguard();
}

/**
 * faultline_latency_init() - get ready, and learn what measuring itself costs
 *
 * Context: may sleep; the ring exists.
 * Return: 0 or -ENOMEM.
 */
int faultline_latency_init(void)
{
	static const char * const copiers[] = { "copy_mc_to_kernel", "copy_user_highpage", NULL };

	latency_totals = alloc_percpu(struct latency_totals);
	if (!latency_totals)
		return -ENOMEM;
	faultline_hook_find(&copier, copiers);
	calibrate(&copy_methods[FAULTLINE_DIRECT_CALLS ? COPY_DIRECT : COPY_PROBE]);
	kernel_param_lock(THIS_MODULE);
	latency_ready = true;
	kernel_param_unlock(THIS_MODULE);
	return 0;
}

/**
 * faultline_latency_exit() - nobody can switch any more, and nothing is armed
 *
 * Context: may sleep.
 */
void faultline_latency_exit(void)
{
	kernel_param_lock(THIS_MODULE);
	latency_ready = false;
	kernel_param_unlock(THIS_MODULE);
	ftrace_free_filter(&copy_ops);
	free_percpu(latency_totals);
}

/* Begin to time copies; returns NULL, or the reason why that cannot be. */
static const char *start_copies(void)
{
	const struct faultline_function *caller = faultline_cow_caller();
	size_t i;

	if (!caller)
		return "copy-on-write is not counted where copies are put in place";
	if (!copier.size)
		return "this kernel has no function of its own for copies";
	copier_caller = *caller;
	memset(pending_copies, 0, sizeof(pending_copies));
	for (i = 0; i < ARRAY_SIZE(copy_methods); i++) {
		if (copy_methods[i].attach())
			continue;
		copy_method = &copy_methods[i];
		return NULL;
	}
	return "no hook attaches to the function that copies";
}

static const char *start_faults(void)
{
	fault_probe = (struct kretprobe) {
		.kp.symbol_name	= "handle_mm_fault",
		.entry_handler	= fault_entry,
		.handler	= fault_return,
		.data_size	= sizeof(struct open_fault),
		.maxactive	= OPEN_FAULTS,
	};
	if (!faultline_cow_counted())
		return "copy-on-write is not counted";
	if (register_kretprobe(&fault_probe))
		return "no kretprobe attaches to handle_mm_fault";
	return NULL;
}

static void start(enum faultline_measure measure)
{
	if (latency_timed[measure])
		return;
	latency_refused[measure] = measure == FAULTLINE_COPY ? start_copies() : start_faults();
	WRITE_ONCE(latency_timed[measure], !latency_refused[measure]);
}

static void stop(enum faultline_measure measure)
{
	latency_refused[measure] = NULL;
	if (!latency_timed[measure])
		return;
	/* The marker must not wait for hooks that have gone. */
	WRITE_ONCE(latency_timed[measure], false);
	if (measure == FAULTLINE_COPY)
		copy_method->detach();
	else
		unregister_kretprobe(&fault_probe);
}

static void tell_ring(void)
{
	enum faultline_latency latency = FAULTLINE_LATENCY_OFF;
	u64 cost[FAULTLINE_MEASURES] = {};
	int measure;

	if (latency_timed[FAULTLINE_FAULT])
		latency = FAULTLINE_LATENCY_FAULT;
	else if (latency_timed[FAULTLINE_COPY])
		latency = FAULTLINE_LATENCY_COPY;
	for (measure = 0; measure < FAULTLINE_MEASURES; measure++)
		if (latency_timed[measure])
			cost[measure] = copy_method->cost_ns[measure];
	faultline_ring_set_latency(latency, cost[FAULTLINE_COPY], cost[FAULTLINE_FAULT]);
}

/**
 * faultline_latency_arm() - time what the parameter latency says; what cannot be timed
 * leaves the rest alone
 *
 * Context: may sleep; the registry's mutex is held and cow.c is armed, if it can be.
 */
void faultline_latency_arm(void)
{
	enum faultline_latency wanted = READ_ONCE(latency_wanted);

	if (wanted < FAULTLINE_LATENCY_FAULT)
		stop(FAULTLINE_FAULT);
	if (wanted < FAULTLINE_LATENCY_COPY)
		stop(FAULTLINE_COPY);
	if (wanted >= FAULTLINE_LATENCY_COPY)
		start(FAULTLINE_COPY);
	if (wanted >= FAULTLINE_LATENCY_FAULT)
		start(FAULTLINE_FAULT);
	faultline_cow_watch(FAULTLINE_COW_WATCHER_LATENCY,
			    latency_timed[FAULTLINE_COPY] || latency_timed[FAULTLINE_FAULT]);
	tell_ring();
}

/**
 * faultline_latency_disarm() - time nothing any more; before cow.c is disarmed
 *
 * Context: may sleep; the registry's mutex is held.
 */
void faultline_latency_disarm(void)
{
	faultline_cow_watch(FAULTLINE_COW_WATCHER_LATENCY, false);
	stop(FAULTLINE_FAULT);
	stop(FAULTLINE_COPY);
}

/**
 * faultline_latency_timed() - is this being timed now?
 * @measure: copies or faults
 *
 * Return: true if so; may be old news.
 */
bool faultline_latency_timed(enum faultline_measure measure)
{
	return READ_ONCE(latency_timed[measure]);
}

static atomic64_t *longest_of(enum faultline_measure measure, int cpu)
{
	return &per_cpu_ptr(latency_totals, cpu)->times[measure].max_ns;
}

/**
 * faultline_latency_forget_longest() - begin anew with faultline_latency_longest()
 * @measure: copies or faults
 *
 * Context: /proc/cow_stats alone, which orders its calls.
 */
void faultline_latency_forget_longest(enum faultline_measure measure)
{
	u64 *before = &latency_longest_before[measure];
	int cpu;

	for_each_possible_cpu(cpu)
		WRITE_ONCE(*before, max_t(u64, *before,
					  atomic64_xchg(longest_of(measure, cpu), 0)));
}

/**
 * faultline_latency_longest() - the longest time since faultline_latency_forget_longest()
 * @measure: copies or faults
 *
 * Return: ns; 0 if there was none.
 */
u64 faultline_latency_longest(enum faultline_measure measure)
{
	u64 longest = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		longest = max_t(u64, longest, atomic64_read(longest_of(measure, cpu)));
	return longest;
}

/**
 * faultline_latency_total() - times of all processes since the module was loaded
 * @measure: copies or faults
 * @total: overwritten
 */
void faultline_latency_total(enum faultline_measure measure, struct faultline_histogram *total)
{
	int cpu;

	memset(total, 0, sizeof(*total));
	atomic64_set(&total->max_ns, READ_ONCE(latency_longest_before[measure]));
	for_each_possible_cpu(cpu)
		faultline_histogram_accumulate(total,
					       &per_cpu_ptr(latency_totals, cpu)->times[measure]);
}

static void show_timed(struct seq_file *seq, const char *how, const char *what, u64 cost_ns)
{
	seq_printf(seq, "timed by %s %s, an empty measurement reads ", how, what);
	if (cost_ns)
		seq_printf(seq, "%llu ns\n", cost_ns);
	else
		seq_puts(seq, "n/a\n");
}

/**
 * faultline_latency_show() - lines for people: what is timed, how, or why not
 * @seq: written to
 *
 * What is shown may change under the reader, who then sees some of each.
 */
void faultline_latency_show(struct seq_file *seq)
{
	static const char * const names[] = { "copies", "faults" };
	int measure;

	for (measure = 0; measure < FAULTLINE_MEASURES; measure++) {
		const char *refused = READ_ONCE(latency_refused[measure]);
		const struct copy_method *method = READ_ONCE(copy_method);

		seq_printf(seq, "# %s: ", names[measure]);
		if (refused)
			seq_printf(seq, "n/a: %s\n", refused);
		else if (!faultline_latency_timed(measure))
			seq_puts(seq, "not timed\n");
		else if (measure == FAULTLINE_COPY)
			show_timed(seq, method->name, copier.name, method->cost_ns[measure]);
		else
			show_timed(seq, "kretprobe", "handle_mm_fault", method->cost_ns[measure]);
	}
}
