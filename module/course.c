// SPDX-License-Identifier: GPL-2.0
/*
 * Course mode: the buffer of groups.
 *
 * Whoever maps it may write into it whatever they like, so nothing is ever read back
 * from it: where the next group goes and what will be in it is kept beside it.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "course.h"
#include "process.h"

static_assert(FAULTLINE_COURSE_LONGS % FAULTLINE_COURSE_GROUP == 0);
static_assert(FAULTLINE_COURSE_LONGS * sizeof(long) <= FAULTLINE_COURSE_BYTES);

static unsigned int mp3;

static int mp3_set(const char *value, const struct kernel_param *param)
{
	int err = param_set_uint_minmax(value, param, 0, 1);

	if (err)
		pr_err("mp3=%s: expected 0 or 1\n", value);
	return err;
}

static const struct kernel_param_ops mp3_ops = {
	.set = mp3_set,
	.get = param_get_uint,
};
module_param_cb(mp3, &mp3_ops, &mp3, 0444);
MODULE_PARM_DESC(mp3, "course mode: /proc/mp3/status, and its buffer in the device (0 or 1, default 0)");

/* Guards what follows, for a few instructions; raw, as a run ends under a raw lock. */
static DEFINE_RAW_SPINLOCK(course_lock);
static long *course_buffer;
/* Where the next group goes. */
static unsigned int course_next;
static bool course_running;
/* Of all registered processes, since the last group. */
static struct {
	u64 minor_faults;
	u64 major_faults;
	u64 cpu_ns;
} course_sums;

static void empty(void)
{
	memset(course_buffer, 0xff, FAULTLINE_COURSE_BYTES);
}

/**
 * faultline_course_create() - allocate the buffer, if there is to be one
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int faultline_course_create(void)
{
	if (!mp3)
		return 0;
	course_buffer = vmalloc_user(FAULTLINE_COURSE_BYTES);
	if (!course_buffer)
		return -ENOMEM;
	empty();
	return 0;
}

/**
 * faultline_course_destroy() - free the buffer
 *
 * No file may be open and no process may be registered.
 * Context: may sleep.
 */
void faultline_course_destroy(void)
{
	vfree(course_buffer);
}

/**
 * faultline_course_on() - was course mode asked for?
 *
 * Return: true if so, the same for as long as the module is loaded.
 */
bool faultline_course_on(void)
{
	return mp3;
}

/**
 * faultline_course_begin_run() - empty the buffer, and begin at its start again
 *
 * The course's monitor takes what it finds up to the first that is empty, so what an
 * earlier run left must not follow upon this one's groups.
 *
 * Context: process context; the last run has ended, and nobody adds or ends yet.
 */
void faultline_course_begin_run(void)
{
	if (!mp3)
		return;
	empty();
	raw_spin_lock(&course_lock);
	course_next = 0;
	course_running = true;
	memset(&course_sums, 0, sizeof(course_sums));
	raw_spin_unlock(&course_lock);
}

/**
 * faultline_course_add() - one registered process went on
 * @from: its totals when it was added last, or at registration
 * @to: its totals now
 *
 * Context: process context; takes course_lock.
 */
void faultline_course_add(const struct faultline_totals *from, const struct faultline_totals *to)
{
	if (!mp3)
		return;
	raw_spin_lock(&course_lock);
	course_sums.minor_faults += to->minor_faults - from->minor_faults;
	course_sums.major_faults += to->major_faults - from->major_faults;
	course_sums.cpu_ns += to->user_ns - from->user_ns + to->system_ns - from->system_ns;
	raw_spin_unlock(&course_lock);
}

/* A reader takes the first long for all four, so that one comes last. */
static void write_group(void)
{
	long *group = &course_buffer[course_next];
	u32 rest_ns;

	lockdep_assert_held(&course_lock);
	WRITE_ONCE(group[0], -1);
	smp_wmb();	/* whoever sees a new sum sees that the old group has gone */
	WRITE_ONCE(group[1], course_sums.minor_faults);
	WRITE_ONCE(group[2], course_sums.major_faults);
	WRITE_ONCE(group[3], div_u64_rem(course_sums.cpu_ns, TICK_NSEC, &rest_ns));
	/* Pairs with no barrier: the course's monitor just reads this one first. */
	smp_store_release(&group[0], (long)jiffies);
	course_next = (course_next + FAULTLINE_COURSE_GROUP) % FAULTLINE_COURSE_LONGS;
	course_sums.minor_faults = 0;
	course_sums.major_faults = 0;
	/* A part of a jiffy is not lost. */
	course_sums.cpu_ns = rest_ns;
}

/**
 * faultline_course_publish() - a tick has passed: one group, unless the run is over
 *
 * Context: process context; takes course_lock.
 */
void faultline_course_publish(void)
{
	raw_spin_lock(&course_lock);
	if (course_running)
		write_group();
	raw_spin_unlock(&course_lock);
}

/**
 * faultline_course_end_run() - a last group with what there is since the last tick
 *
 * Context: no process is registered any more, and none can be until this returns; takes
 * course_lock.
 */
void faultline_course_end_run(void)
{
	raw_spin_lock(&course_lock);
	if (course_running)
		write_group();
	course_running = false;
	raw_spin_unlock(&course_lock);
}

/**
 * faultline_course_map() - map the buffer into a process
 * @vma: from mmap; its offset chooses the first page
 *
 * Who may write is who opened the file to write, which mmap itself has seen to.
 *
 * Context: mmap_lock of the caller held for writing.
 * Return: 0, -EPERM for a mapping that could be executed, -EINVAL for one that ends
 * beyond the buffer.
 */
int faultline_course_map(struct vm_area_struct *vma)
{
	if (vma->vm_flags & VM_EXEC)
		return -EPERM;
	vm_flags_clear(vma, VM_MAYEXEC);
	return remap_vmalloc_range(vma, course_buffer, vma->vm_pgoff);
}
