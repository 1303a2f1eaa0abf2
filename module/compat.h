/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every difference between kernel versions and architectures, and nowhere else.
 * Each shim names the upstream change that made it necessary.
 */
#ifndef _FAULTLINE_COMPAT_H
#define _FAULTLINE_COMPAT_H

#include <linux/device.h>
#include <linux/ftrace.h>
#include <linux/hrtimer.h>
#include <linux/kprobes.h>
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/rmap.h>
#include <linux/sched.h>
#include <linux/sched/coredump.h>
#include <linux/version.h>

/*
 * 7b230db3b8d3 ("mm: Introduce struct folio"), 5.16, and 6c287605fd56 ("mm: remember exclusively
 * mapped anonymous pages with PG_anon_exclusive"), 5.19: before them copy-on-write went by other
 * rules.  No Debian has a kernel between these and 6.1.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "faultline: Linux 6.1 or later is needed"
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 2, 0)
#include <linux/sched/exec_state.h>
#endif

/* 1aaba11da9aa ("driver core: class: remove module * from class_create()"), 6.4 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#define faultline_class_create(name)	class_create(THIS_MODULE, name)
#else
#define faultline_class_create(name)	class_create(name)
#endif

/* ff62b8e6588f ("driver core: make struct class.devnode() take a const *"), 6.2 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define FAULTLINE_DEVNODE_CONST
#else
#define FAULTLINE_DEVNODE_CONST	const
#endif

/* bc292ab00f6c ("mm: introduce vma->vm_flags wrapper functions"), 6.3 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void vm_flags_mod(struct vm_area_struct *vma, vm_flags_t set, vm_flags_t clear)
{
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vm_flags_mod(vma, 0, flags);
}
#endif

/* d7a76ec87195 ("sysctl: Remove check for sentinel element in ctl_table arrays"), 6.11 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
#define FAULTLINE_SYSCTL_END	{}
#else
#define FAULTLINE_SYSCTL_END
#endif

/* 78eb4ea25cd5 ("sysctl: treewide: constify the ctl_table argument of proc_handlers"), 6.11 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
#define FAULTLINE_SYSCTL_CONST
#else
#define FAULTLINE_SYSCTL_CONST	const
#endif

/* 908fc4c2ab9a ("hrtimers: Introduce hrtimer_setup()"), 6.13 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*function)(struct hrtimer *),
				 clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = function;
}
#endif

/* b04e317b5226 ("treewide: Introduce kthread_run_worker[_on_cpu]()"), 6.14 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 14, 0)
#define kthread_run_worker(flags, name)	kthread_create_worker(flags, name)
#endif

/*
 * ftrace handlers get the traced function's arguments only where the
 * architecture saves them; 94d095ffa0e1 ("ftrace: abstract DYNAMIC_FTRACE_WITH_ARGS
 * accesses"), 6.2, gave them an accessor.  Until 26299b3f6ba2 ("ftrace: arm64: move from
 * REGS to ARGS"), 6.2, arm64 saved all registers for who asked for them.
 */
#if defined(CONFIG_ARM64) && LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#ifdef CONFIG_DYNAMIC_FTRACE_WITH_REGS
#define FAULTLINE_FTRACE_ARGS
#endif
#define FAULTLINE_FTRACE_FLAGS	FTRACE_OPS_FL_SAVE_REGS
#else
#ifdef CONFIG_DYNAMIC_FTRACE_WITH_ARGS
#define FAULTLINE_FTRACE_ARGS
#endif
#define FAULTLINE_FTRACE_FLAGS	0
#endif
#ifdef FAULTLINE_FTRACE_ARGS
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define faultline_ftrace_argument(fregs, n)	regs_get_kernel_argument(&(fregs)->regs, n)
#else
#define faultline_ftrace_argument(fregs, n)	ftrace_regs_get_argument(fregs, n)
#endif
#endif

/*
 * Direct calls for many functions at once; da8bdfbd4223 ("ftrace: Rename
 * _ftrace_direct_multi APIs to _ftrace_direct APIs"), 6.4, renamed them.  Here for the
 * one architecture that direct_*.S is written for.
 */
#if defined(CONFIG_X86_64) && defined(CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS)
#define FAULTLINE_DIRECT_CALLS	1
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#define faultline_register_direct(ops, address)		register_ftrace_direct_multi(ops, address)
#define faultline_unregister_direct(ops, address)	unregister_ftrace_direct_multi(ops, address)
#else
#define faultline_register_direct(ops, address)		register_ftrace_direct(ops, address)
#define faultline_unregister_direct(ops, address)	\
	unregister_ftrace_direct(ops, address, false)
#endif
#else
#define FAULTLINE_DIRECT_CALLS	0
#endif

/*
 * The data of the current task's innermost return that this kretprobe waits for, or
 * NULL.  73f9b911faa7 ("kprobes: Use rethook for kretprobe if possible"), 5.18: some
 * architectures keep these returns in one list, some in another.
 */
static inline void *faultline_kretprobe_data(const struct kretprobe *probe)
{
#ifdef CONFIG_KRETPROBE_ON_RETHOOK
	struct rethook_node *node;

	llist_for_each_entry(node, current->rethooks.first, llist)
		if (node->rethook == probe->rh)
			return container_of(node, struct kretprobe_instance, node)->data;
#else
	struct kretprobe_instance *instance;

	llist_for_each_entry(instance, current->kretprobe_instances.first, llist)
		if (get_kretprobe(instance) == probe)
			return instance->data;
#endif
	return NULL;
}

/*
 * What do_wp_page() expects to be held, and lets go: 0d940a9b270b ("mm/pgtable: allow
 * pte_offset_map[_lock]() to fail"), 6.5, made a mapped page table an RCU read section.
 */
static inline void faultline_pte_lock(spinlock_t *lock)
	__acquires(lock) __acquires(RCU)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
	rcu_read_lock();
#endif
	spin_lock(lock);
}

static inline void faultline_pte_unlock(spinlock_t *lock)
	__releases(lock) __releases(RCU)
{
	spin_unlock(lock);
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
	rcu_read_unlock();
#endif
}

/* "mm: rename PAGE_MAPPING_* to FOLIO_MAPPING_*", 6.17 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#define FOLIO_MAPPING_ANON	PAGE_MAPPING_ANON
#define FOLIO_MAPPING_FLAGS	PAGE_MAPPING_FLAGS
#endif

/* 128ea9f6ccfb ("workqueue: Add system_percpu_wq and system_dfl_wq"), 6.17 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#define system_percpu_wq	system_wq
#define system_dfl_wq		system_unbound_wq
#endif

/* 53fbef56e07d ("mm: introduce memdesc_flags_t"), 6.18 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
#define faultline_page_flags(page)	(&(page)->flags)
#else
#define faultline_page_flags(page)	(&(page)->flags.f)
#endif

/* "mm: rename uffd-wp PTE accessors to uffd", 7.3: it protects from reads, too. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 3, 0)
#define pte_uffd(pte)	pte_uffd_wp(pte)
#endif

/* 5e31275cc997 ("mm: add per-VMA lock and helper functions to control it"), 6.4 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#define FAULT_FLAG_VMA_LOCK	0
#endif

/*
 * e3b4b1374f87 ("mm: convert page_try_share_anon_rmap() to
 * folio_try_share_anon_rmap_[pte|pmd]()"), 6.8
 */
static inline int faultline_share_page(struct page *page)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
	return page_try_share_anon_rmap(page);
#else
	return folio_try_share_anon_rmap_pte(page_folio(page), page);
#endif
}

/*
 * Mappings of a folio and its parts, as folio_mapcount() has them.  Until 05c5323b2a34 ("mm:
 * track mapcount of large folios in single value"), 6.10, that is a sum over all pages of
 * the folio, which is not exported; it was made another way from version to version, and
 * here it is as in 6.1.  Where it is not known: 0.
 */
static inline int faultline_folio_mapcount(struct folio *folio)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
	return folio_mapcount(folio);
#else
	if (!folio_test_large(folio))
		return page_mapcount(&folio->page);
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
	{
		int i, pages = folio_nr_pages(folio), count = folio_entire_mapcount(folio);

		for (i = 0; i < pages; i++)
			count += atomic_read(&folio_page(folio, i)->_mapcount) + 1;
		return folio_test_double_map(folio) ? count - pages : count;
	}
#else
	return 0;
#endif
#endif
}

/*
 * May whoever runs as a task's user look into it?  And @ns is where one must be privileged to
 * do so else.  Both were of the memory, and since 7.2 are of the task's last exec.  The task
 * is locked and has memory.
 */
static inline bool faultline_dumpable(const struct task_struct *task, struct user_namespace **ns)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 2, 0)
	*ns = task->mm->user_ns;
	return get_dumpable(task->mm) == SUID_DUMP_USER;
#else
	const struct task_exec_state *state =
		rcu_dereference_protected(task->exec_state, lockdep_is_held(&task->alloc_lock));

	*ns = state->user_ns;
	return READ_ONCE(state->dumpable) == TASK_DUMPABLE_OWNER;
#endif
}

/* Where the probed function returns to, while a kprobe stands at its entry. */
static __always_inline unsigned long faultline_return_address(struct pt_regs *regs)
{
#if defined(CONFIG_X86_64)
	return *(unsigned long *)regs->sp;
#elif defined(CONFIG_ARM64)
	return regs->regs[30];
#else
#error "faultline: say here where this architecture keeps a return address"
#endif
}

#endif /* _FAULTLINE_COMPAT_H */
