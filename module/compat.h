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
#include <linux/mm.h>
#include <linux/version.h>

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
static inline void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags &= ~flags;
}
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
 * accesses"), 6.2, gave them an accessor.
 */
#if defined(CONFIG_DYNAMIC_FTRACE_WITH_ARGS) && \
	(defined(CONFIG_X86_64) || LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0))
#define FAULTLINE_FTRACE_ARGS
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define faultline_ftrace_argument(fregs, n)	regs_get_kernel_argument(&(fregs)->regs, n)
#else
#define faultline_ftrace_argument(fregs, n)	ftrace_regs_get_argument(fregs, n)
#endif
#endif

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
