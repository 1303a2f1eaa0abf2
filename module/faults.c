// SPDX-License-Identifier: GPL-2.0
/*
 * The fault trace.
 *
 * A kretprobe on handle_mm_fault() notes each fault of a traced process at its entry, and
 * writes it into the ring of the CPU on which it returns: a fault may sleep and wake up on
 * another.  What happens in between, a copy (the marker of cow.c) or a page made writable
 * (a kprobe on do_wp_page()), is noted in the kretprobe's instance, which hangs on its task.
 *
 * A ring has one writer, its CPU with preemption off: nothing else that could interrupt it
 * handles a fault.  So there is no lock.  Readers follow uapi/faultline.h, as with the ring
 * of samples; nobody wakes them.
 *
 * Rings are made when tracing is first switched on, for each CPU that is there, plugged in
 * or not, and stay until the module goes: whoever has one mapped holds the module.  A fault
 * that returns on a CPU which was added to the machine later is counted as missed.
 *
 * arm and disarm are serialised by the registry's mutex, and happen while cow.c is armed, if
 * it can be.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/nospec.h>
#include <linux/percpu.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/seq_file.h>
#include <linux/timekeeping.h>
#include <linux/topology.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "cow.h"
#include "faults.h"
#include "hook.h"
#include "mapping.h"
#include "precopy.h"
#include "registry.h"

enum {
	RECORDS_DEFAULT	= 1 << 16,
	/* Faults of traced processes that may be under way at a time, asleep or not. */
	OPEN_FAULTS	= 1024,
};

static_assert(sizeof(struct faultline_fault) == 64);
static_assert(FAULTLINE_RECORDS_MAX * sizeof(struct faultline_fault) <=
	      FAULTLINE_FAULTS_STRIDE - PAGE_SIZE);
static_assert(CONFIG_NR_CPUS <= U16_MAX + 1);

static unsigned int trace_records = RECORDS_DEFAULT;
module_param_cb(trace_records, &faultline_records_ops, &trace_records, 0444);
MODULE_PARM_DESC(trace_records,
		 "faults that each CPU's ring of the fault trace holds, 64 bytes each (64 to 8388608, default 65536)");

DEFINE_STATIC_KEY_FALSE(faultline_faults_on);

/**
 * struct fault_ring - one CPU's part of the trace
 * @header: what readers map, or NULL; set once
 * @slots: behind it
 * @next_slot: of the next record; of its CPU alone
 * @fresh: what will be @header once all CPUs have theirs; guarded by the registry's mutex
 */
struct fault_ring {
	struct faultline_header *header;
	struct faultline_fault *slots;
	unsigned int next_slot;
	struct faultline_header *fresh;
};

static DEFINE_PER_CPU(struct fault_ring, fault_rings);

/* Faults on CPUs without a ring, and those that found OPEN_FAULTS under way before. */
static atomic64_t unplaced;
static u64 missed_before;

/* FAULTLINE_FAULT_COW_KNOWN and _REUSE_KNOWN, as is so since arming; and of pages of hugetlbfs. */
static u16 known;
static u16 known_of_hugetlb;

/* Where a write comes that found its page, and found it not writable. */
static struct faultline_function protected;
static struct kprobe protected_probe;
static struct kretprobe fault_probe;
static bool armed;

static size_t ring_bytes(void)
{
	return PAGE_SIZE + PAGE_ALIGN((size_t)trace_records * sizeof(struct faultline_fault));
}

/* Preemption is off, and so nobody else writes to this CPU's ring. */
static void notrace publish(struct faultline_fault *fault)
{
	struct fault_ring *ring = this_cpu_ptr(&fault_rings);
	struct faultline_header *header = ring->header;
	struct faultline_fault *slot;
	u64 seq;

	if (unlikely(!header)) {
		atomic64_inc(&unplaced);
		return;
	}
	slot = &ring->slots[ring->next_slot];
	if (++ring->next_slot == trace_records)
		ring->next_slot = 0;
	seq = header->head + 1;
	WRITE_ONCE(slot->seq, 0);
	smp_wmb();	/* (A): whoever sees a new field sees that seq has changed */
	fault->seq = 0;
	*slot = *fault;
	smp_store_release(&slot->seq, seq);	/* (B) */
	smp_store_release(&header->head, seq);	/* (C) */
}

NOKPROBE_SYMBOL(publish);

static __always_inline u16 flags_of(const struct vm_area_struct *vma, unsigned int fault,
				    bool remote)
{
	u16 flags = vma->vm_flags & VM_HUGETLB ? known_of_hugetlb : known;

	if (fault & FAULT_FLAG_WRITE)
		flags |= FAULTLINE_FAULT_WRITE;
	if (fault & FAULT_FLAG_INSTRUCTION)
		flags |= FAULTLINE_FAULT_EXEC;
	if (fault & FAULT_FLAG_USER)
		flags |= FAULTLINE_FAULT_USER;
	if (vma->vm_file)
		flags |= FAULTLINE_FAULT_FILE;
	if (vma->vm_flags & VM_SHARED)
		flags |= FAULTLINE_FAULT_SHARED;
	if (vma->vm_flags & VM_HUGETLB)
		flags |= FAULTLINE_FAULT_HUGETLB;
	if (vma->vm_flags & VM_GROWSDOWN)
		flags |= FAULTLINE_FAULT_STACK;
	if (remote)
		flags |= FAULTLINE_FAULT_REMOTE;
	if (faultline_precopy_is_ahead())
		flags |= FAULTLINE_FAULT_AHEAD;
	return flags;
}

static __always_inline u32 pages_between(unsigned long from, unsigned long to)
{
	return min_t(unsigned long, (to - from) >> PAGE_SHIFT, U32_MAX);
}

/*
 * The mapping is held now, and may have been let go at the return: what is told of it is
 * noted here.  The same is so of the process.
 */
static int notrace fault_entry(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	const struct vm_area_struct *vma =
		(const struct vm_area_struct *)regs_get_kernel_argument(regs, 0);
	unsigned long address = regs_get_kernel_argument(regs, 1);
	unsigned int flags = regs_get_kernel_argument(regs, 2);
	struct faultline_fault *fault = (struct faultline_fault *)instance->data;
	const struct faultline_process *process = faultline_registry_find_memory(vma->vm_mm);
	bool remote;

	if (!process || READ_ONCE(process->trace) != FAULTLINE_TRACE_ON)
		return 1;
	remote = process->signal != current->signal;
	fault->address = address;
	/* Of the program's; which instruction of the kernel's it was is nobody's business. */
	fault->ip = remote ? 0 : instruction_pointer(task_pt_regs(current));
	fault->before_pages = pages_between(vma->vm_start, address);
	fault->after_pages = pages_between(address & PAGE_MASK, vma->vm_end) - 1;
	fault->pid = process->nr;
	fault->tid = current->pid;
	/* A fault that had to wait at its first try is a major one, whatever the second says. */
	fault->kind = flags & FAULT_FLAG_TRIED ? FAULTLINE_FAULT_MAJOR : FAULTLINE_FAULT_MINOR;
	fault->cow = FAULTLINE_NOT_COPIED;
	fault->flags = flags_of(vma, flags, remote);
	fault->time_ns = ktime_get_ns();
	return 0;
}

NOKPROBE_SYMBOL(fault_entry);

/* In the order in which the kernel counts: mm_account_fault(). */
static __always_inline enum faultline_fault_kind
kind_of(const struct faultline_fault *fault, vm_fault_t result)
{
	if (result & VM_FAULT_RETRY)
		return FAULTLINE_FAULT_RETRIED;
	if (result & VM_FAULT_ERROR)
		return FAULTLINE_FAULT_FAILED;
	return result & VM_FAULT_MAJOR ? FAULTLINE_FAULT_MAJOR : fault->kind;
}

static int notrace fault_return(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	struct faultline_fault *fault = (struct faultline_fault *)instance->data;
	u64 begun_ns = fault->time_ns;

	fault->kind = kind_of(fault, (__force vm_fault_t)regs_return_value(regs));
	/* It came to where pages are copied or reused, and not to its end. */
	if (fault->kind >= FAULTLINE_FAULT_RETRIED)
		fault->cow = FAULTLINE_NOT_COPIED;
	preempt_disable_notrace();
	/* Here, so that times in a ring do not go back. */
	fault->time_ns = ktime_get_ns();
	fault->latency_ns = fault->time_ns - begun_ns;
	fault->cpu = smp_processor_id();
	fault->node = numa_node_id();
	publish(fault);
	preempt_enable_notrace();
	return 0;
}

NOKPROBE_SYMBOL(fault_return);

static int notrace protected_entry(struct kprobe *probe, struct pt_regs *regs)
{
	struct faultline_fault *fault = faultline_kretprobe_data(&fault_probe);

	if (fault && fault->cow == FAULTLINE_NOT_COPIED)
		fault->cow = FAULTLINE_REUSED;
	return 0;
}

NOKPROBE_SYMBOL(protected_entry);

/**
 * faultline_faults_page_copied() - a page was put in place; called by the marker
 * @kind: of page
 *
 * Context: in the fault; any.
 */
void notrace faultline_faults_page_copied(enum faultline_kind kind)
{
	struct faultline_fault *fault = faultline_kretprobe_data(&fault_probe);

	if (fault)
		fault->cow = kind;
}

/* All that are missing, or none. */
static int make_rings(void)
{
	struct fault_ring *ring;
	int cpu;

	for_each_present_cpu(cpu) {
		ring = per_cpu_ptr(&fault_rings, cpu);
		if (ring->header)
			continue;
		ring->fresh = vzalloc_node(ring_bytes(), cpu_to_node(cpu));
		if (!ring->fresh)
			goto err_free;
		faultline_mapping_describe(ring->fresh, FAULTLINE_FAULTS_MAGIC,
					   sizeof(*ring->slots), trace_records);
	}
	for_each_possible_cpu(cpu) {
		ring = per_cpu_ptr(&fault_rings, cpu);
		if (!ring->fresh)
			continue;
		ring->slots = (void *)ring->fresh + PAGE_SIZE;
		/* Pairs with faultline_faults_map(). */
		smp_store_release(&ring->header, ring->fresh);
		ring->fresh = NULL;
	}
	return 0;

err_free:
	for_each_possible_cpu(cpu) {
		ring = per_cpu_ptr(&fault_rings, cpu);
		vfree(ring->fresh);
		ring->fresh = NULL;
	}
	return -ENOMEM;
}

/**
 * faultline_faults_init() - find out where pages are made writable in this kernel
 *
 * Context: may sleep.
 */
void faultline_faults_init(void)
{
	static const char * const names[] = { "do_wp_page", "do_wp_page.isra.0", NULL };

	faultline_hook_find(&protected, names);
}

/**
 * faultline_faults_exit() - free the rings; disarmed, and nobody can map one any more
 *
 * Context: may sleep.
 */
void faultline_faults_exit(void)
{
	struct fault_ring *ring;
	int cpu;

	for_each_possible_cpu(cpu) {
		ring = per_cpu_ptr(&fault_rings, cpu);
		vfree(ring->header);
		ring->header = NULL;
	}
}

static bool attach_protected(void)
{
	protected_probe = (struct kprobe) {
		.symbol_name	= protected.name,
		.pre_handler	= protected_entry,
	};
	return protected.size && !register_kprobe(&protected_probe);
}

/* What a record can tell of copies; the probe is first, and fault_probe finds it there. */
static u16 attach_known(void)
{
	const u32 all = FAULTLINE_COW | FAULTLINE_COW_FILE_FIRST;

	if ((faultline_cow_counted() & all) != all)
		return 0;
	if (!attach_protected())
		return FAULTLINE_FAULT_COW_KNOWN;
	return FAULTLINE_FAULT_COW_KNOWN | FAULTLINE_FAULT_REUSE_KNOWN;
}

static void detach_known(void)
{
	if (known & FAULTLINE_FAULT_REUSE_KNOWN)
		unregister_kprobe(&protected_probe);
	known = 0;
	known_of_hugetlb = 0;
}

/**
 * faultline_faults_arm() - trace the faults of those who are to be; does nothing when armed
 *
 * Context: may sleep; the registry's mutex is held, and cow.c is armed, if it can be.
 * Return: 0; -ENOMEM; -EBUSY when ftrace is switched off; -EOPNOTSUPP when no
 * kretprobe attaches to handle_mm_fault().
 */
int faultline_faults_arm(void)
{
	int err;

	if (armed)
		return 0;
	err = make_rings();
	if (err)
		return err;
	err = faultline_hook_guard();
	if (err)
		return err;
	known = attach_known();
	known_of_hugetlb = faultline_cow_counted() & FAULTLINE_COW_HUGETLB ? known : 0;
	fault_probe = (struct kretprobe) {
		.kp.symbol_name	= "handle_mm_fault",
		.entry_handler	= fault_entry,
		.handler	= fault_return,
		.data_size	= sizeof(struct faultline_fault),
		.maxactive	= OPEN_FAULTS,
	};
	err = register_kretprobe(&fault_probe);
	if (err) {
		err = err == -ENOMEM ? err : -EOPNOTSUPP;
		goto err_known;
	}
	armed = true;
	static_branch_enable(&faultline_faults_on);
	faultline_cow_watch(FAULTLINE_COW_WATCHER_FAULTS, true);
	return 0;

err_known:
	detach_known();
	faultline_hook_unguard();
	return err;
}

static u64 probe_missed(void)
{
	return READ_ONCE(fault_probe.nmissed) + READ_ONCE(fault_probe.kp.nmissed);
}

/**
 * faultline_faults_disarm() - trace nobody any more; does nothing when disarmed
 *
 * On return nothing writes to a ring.
 * Context: may sleep; the registry's mutex is held.
 */
void faultline_faults_disarm(void)
{
	if (!armed)
		return;
	faultline_cow_watch(FAULTLINE_COW_WATCHER_FAULTS, false);
	static_branch_disable(&faultline_faults_on);
	unregister_kretprobe(&fault_probe);
	armed = false;
	missed_before += probe_missed();
	memset(&fault_probe, 0, sizeof(fault_probe));
	detach_known();
	faultline_hook_unguard();
}

/**
 * faultline_faults_map() - map one CPU's ring read-only into a process
 * @vma: from mmap
 * @cpu: whose
 *
 * Context: mmap_lock of the caller held for writing.
 * Return: 0; -EINVAL if no CPU can have that number; -ENXIO if there is no ring of it; as
 * faultline_mapping_make().
 */
int faultline_faults_map(struct vm_area_struct *vma, unsigned long cpu)
{
	struct faultline_header *header = NULL;

	if (cpu >= nr_cpu_ids)
		return -EINVAL;
	/* It comes from user space. */
	cpu = array_index_nospec(cpu, nr_cpu_ids);
	if (cpu_possible(cpu))
		/* Pairs with make_rings(). */
		header = smp_load_acquire(&per_cpu_ptr(&fault_rings, cpu)->header);
	return header ? faultline_mapping_make(vma, header, ring_bytes()) : -ENXIO;
}

/**
 * faultline_faults_show() - a line for people: what is traced, and what was missed at most
 * @seq: written to
 * @processes: who are traced
 * @counts: tell how many faults; who reads that again and again sees when others' happen
 *
 * Context: the registry's mutex is not held: missed ones may be old news.
 */
void faultline_faults_show(struct seq_file *seq, unsigned int processes, bool counts)
{
	const struct faultline_header *header;
	u64 recorded = 0;
	int cpu, rings = 0;

	for_each_possible_cpu(cpu) {
		/* Pairs with make_rings(). */
		header = smp_load_acquire(&per_cpu_ptr(&fault_rings, cpu)->header);
		if (!header)
			continue;
		rings++;
		recorded += READ_ONCE(header->head);
	}
	seq_printf(seq, "# trace: %u processes, %d rings of %u records", processes, rings,
		   trace_records);
	if (counts)
		seq_printf(seq, ", %llu recorded, %llu missed", recorded,
			   READ_ONCE(missed_before) + probe_missed() + atomic64_read(&unplaced));
	seq_putc(seq, '\n');
}
