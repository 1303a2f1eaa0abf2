// SPDX-License-Identifier: GPL-2.0
/*
 * Speculative pre-copy: the switches, the accounts, and one window's worth of copies.
 *
 * Two engines, best first:
 *	in_place	an ftrace direct call at do_wp_page(), which copies the window in the
 *			same fault, by the kernel's own function (in_place.c)
 *	task_work	a tracepoint at the fault, and calls of handle_mm_fault() on the way
 *			back to user mode (deferred.c)
 *
 * precopy_mutex serialises arming and disarming.  It is taken under the registry's, and
 * under none of its own is that one taken.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/memcontrol.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched/clock.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "deferred.h"
#include "in_place.h"
#include "precopy.h"
#include "registry.h"

enum {
	/* What a page takes, until one has been measured. */
	PAGE_NS_FIRST	= 1000,
	/* Pages of one window that every CPU may be charging at the same time. */
	CHARGES_AT_ONCE	= FAULTLINE_PRECOPY_DEEPEST,
	DISARM_DELAY_MS	= 1000,
};

/**
 * struct precopy_engine - one way to copy ahead
 * @name: as in the parameter precopy=
 * @shown: what people read
 * @prepare: NULL, or why it cannot be used here
 * @arm: begin; 0 or a negative errno
 * @disarm: end, and wait until no task is in it
 */
struct precopy_engine {
	const char *name;
	const char *shown;
	const char *(*prepare)(void);
	int (*arm)(void);
	void (*disarm)(void);
};

static const struct precopy_engine engines[] = {
	{ "in_place",  "in place",  faultline_in_place_prepare,
	  faultline_in_place_arm, faultline_in_place_disarm },
	{ "task_work", "task work", faultline_deferred_prepare,
	  faultline_deferred_arm, faultline_deferred_disarm },
};

enum { ENGINES = ARRAY_SIZE(engines) };

DEFINE_STATIC_KEY_FALSE(faultline_precopy_on);
/*
 * Tasks that are in a fault with a window, by a hash of their address: few at a time, found
 * without a lock, and all of them must be gone before the module may be.
 */
unsigned long faultline_precopy_tasks[1 << FAULTLINE_PRECOPY_TASKS_BITS];

static DEFINE_MUTEX(precopy_mutex);
/* Why each engine cannot be used: NULL if it can.  Found out in init. */
static const char *engine_refused[ENGINES];
/* The engine at work, or NULL. */
static const struct precopy_engine *engine_armed;
/* vm.cow_precopy */
bool faultline_precopy_system_on;
/* Registered processes with a setting of their own, and those that are not switched off. */
atomic_t faultline_precopy_own_settings;
static atomic_t own_wishes;
/* Pages since the module was loaded, by enum faultline_precopy_count. */
static u64 __percpu *totals;
/* What a page took of late. */
static unsigned int page_ns = PAGE_NS_FIRST;

static char *precopy = "auto";
static const char * const precopy_choices[] = { "auto", "in_place", "task_work", "off", NULL };

static int precopy_set(const char *value, const struct kernel_param *param)
{
	int choice = __sysfs_match_string(precopy_choices, -1, value);

	if (choice < 0) {
		pr_err("precopy=%s: expected auto, in_place, task_work or off\n", value);
		return -EINVAL;
	}
	*(const char **)param->arg = precopy_choices[choice];
	return 0;
}

static const struct kernel_param_ops precopy_ops = {
	.set = precopy_set,
	.get = param_get_charp,
};
module_param_cb(precopy, &precopy_ops, &precopy, 0444);
MODULE_PARM_DESC(precopy, "how to pre-copy: auto (default), in_place, task_work, off");

static unsigned int precopy_max_us = 50;
module_param(precopy_max_us, uint, 0644);
MODULE_PARM_DESC(precopy_max_us,
		 "longest that a window may hold up its fault, in microseconds (default 50; 0: no limit)");

/**
 * faultline_precopy_begin() - this task enters a fault with a window
 *
 * Context: any.
 * Return: its word, or NULL when there is no room: then do without.
 */
unsigned long *faultline_precopy_begin(void)
{
	unsigned long *word;
	unsigned int try;

	for (try = 0; try < FAULTLINE_PRECOPY_TASKS_TRIES; try++) {
		word = faultline_precopy_task_word(try);
		if (!READ_ONCE(*word) && !cmpxchg(word, 0, (unsigned long)current))
			return word;
	}
	return NULL;
}

/**
 * faultline_precopy_end() - and leaves it
 * @word: as begin returned it
 *
 * Context: any; the task does not sleep any more on its way out of the module.
 */
void faultline_precopy_end(unsigned long *word)
{
	/* What the task did in its window comes before: pairs with idle(). */
	smp_store_release(word, 0);
}

/**
 * faultline_precopy_idle() - is no task in a fault with a window?
 *
 * Return: true if so; nobody enters any more.
 */
bool faultline_precopy_idle(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(faultline_precopy_tasks); i++)
		/* Pairs with end(). */
		if (smp_load_acquire(&faultline_precopy_tasks[i]))
			return false;
	return true;
}

/**
 * faultline_precopy_own_depth() - what is wanted of the current task
 *
 * Some processes have settings of their own.
 *
 * Context: any.
 * Return: as faultline_precopy_depth().
 */
int faultline_precopy_own_depth(void)
{
	const struct faultline_process *process;
	int depth = FAULTLINE_PRECOPY_SYSTEM;

	rcu_read_lock();
	process = faultline_registry_find(current->signal);
	if (process)
		depth = READ_ONCE(process->precopy);
	rcu_read_unlock();
	return depth <= FAULTLINE_PRECOPY_SYSTEM ? faultline_precopy_system_setting() : depth;
}

/**
 * faultline_precopy_count() - count pages of the current task, and of all
 * @which: what became of them
 * @pages: how many
 *
 * Context: any.
 */
void faultline_precopy_count(enum faultline_precopy_count which, unsigned int pages)
{
	struct faultline_process *process;

	if (!pages)
		return;
	this_cpu_add(totals[which], pages);
	rcu_read_lock();
	process = faultline_registry_find(current->signal);
	if (process)
		atomic64_add(pages, &process->precopied[which]);
	rcu_read_unlock();
}

/* Pages that there is time for in one fault. */
static unsigned int pages_in_time(void)
{
	unsigned int max_us = READ_ONCE(precopy_max_us);

	if (!max_us)
		return FAULTLINE_PRECOPY_DEEPEST;
	return clamp_t(u64, div_u64((u64)max_us * NSEC_PER_USEC, READ_ONCE(page_ns)), 1,
		       FAULTLINE_PRECOPY_DEEPEST);
}

/*
 * Not from a window in which the task lost the CPU; and one that took long for another
 * reason, or with clocks that drift apart, moves little.
 */
static void learn_page_ns(s64 elapsed_ns, unsigned int pages)
{
	unsigned int old = READ_ONCE(page_ns);
	s64 ns;

	if (elapsed_ns <= 0)
		return;
	ns = min_t(s64, div_s64(elapsed_ns, pages), 8LL * old);
	WRITE_ONCE(page_ns, clamp_t(s64, (7LL * old + ns) / 8, 1, NSEC_PER_SEC));
}

/* On the CPU's node, so that no allocation has to reclaim, nor wake up who does. */
static bool node_has_room(unsigned int pages)
{
	pg_data_t *node = NODE_DATA(numa_mem_id());
	unsigned long free = 0, low = 0;
	int i;

	for (i = 0; i < MAX_NR_ZONES; i++) {
		struct zone *zone = &node->node_zones[i];

		free += zone_page_state(zone, NR_FREE_PAGES);
		low += low_wmark_pages(zone);
	}
	return free > low + pages;
}

#ifdef CONFIG_MEMCG
static bool counter_has_room(struct page_counter *counter, unsigned long pages)
{
	unsigned long limit = min(READ_ONCE(counter->max), READ_ONCE(counter->high));

	return limit == PAGE_COUNTER_MAX || page_counter_read(counter) + pages <= limit;
}
#endif

/*
 * In the cgroup that will be charged and all above it; with pages to spare for what other
 * CPUs may be about to charge on the strength of the same look.  And for a copy of all that
 * the process may have left shared: a page that it does not use must not be the one that it
 * lacks later.
 */
static bool cgroup_has_room(struct mm_struct *mm, unsigned long pages)
{
	bool room = true;
#ifdef CONFIG_MEMCG
	struct mem_cgroup *cgroup;

	pages += CHARGES_AT_ONCE * num_online_cpus() + get_mm_counter(mm, MM_ANONPAGES);
	rcu_read_lock();
	cgroup = mem_cgroup_from_task(rcu_dereference(mm->owner));
	for (; room && cgroup; cgroup = parent_mem_cgroup(cgroup)) {
		room = counter_has_room(&cgroup->memory, pages);
		/* cgroup v1 charges this first; v2 has something else in its place. */
		if (room && !cgroup_subsys_on_dfl(memory_cgrp_subsys))
			room = counter_has_room(&cgroup->memsw, pages);
	}
	rcu_read_unlock();
#endif
	return room;
}

/* Fixed depth: the next pages, whatever they are. */
static void next_pages(unsigned long address, unsigned int pages, unsigned int most,
		       struct faultline_window *window)
{
	if (pages > most) {
		faultline_precopy_count(FAULTLINE_PRECOPY_POLICY, pages - most);
		pages = most;
	}
	window->base = address + PAGE_SIZE;
	window->mask = GENMASK_ULL(pages - 1, 0);
	window->kind = FAULTLINE_FORECAST_FIXED;
}

static bool choose(struct faultline_forecast *forecast, const struct faultline_precopy_fault *fault,
		   enum faultline_forecast_kind kind, struct faultline_window *window)
{
	unsigned int most = pages_in_time();
	int depth;

	if (kind != FAULTLINE_FORECAST_FIXED)
		return faultline_forecast_window(forecast, kind, fault->vma, fault->address,
						 fault->pte, most, window);
	/* It may have been changed meanwhile. */
	depth = faultline_precopy_depth();
	if (depth <= 0)
		return false;
	next_pages(fault->address, depth, most, window);
	return true;
}

/* In the same mapping, and, for who counts entries from the fault's, the same page table. */
static bool is_near(const struct faultline_precopy_fault *fault, unsigned long address)
{
	return address >= fault->vma->vm_start && address < fault->vma->vm_end &&
	       !((address ^ fault->address) & PMD_MASK);
}

/*
 * Does this end the window?  Where there is no memory for a page there is none for the next.
 * A run is better taken up where it was broken off than behind a gap.
 */
static bool ends_window(const struct faultline_window *window,
			enum faultline_precopy_count result)
{
	return result == FAULTLINE_PRECOPY_MEMORY || result == FAULTLINE_PRECOPY_POLICY ||
	       (result == FAULTLINE_PRECOPY_RACED && window->kind != FAULTLINE_FORECAST_HISTORY);
}

/*
 * Copy the pages of a window, the nearest first; leaves in it those that were.  Returns the
 * page at which it ended early, or 0.
 */
static unsigned long copy_pages(struct faultline_precopy_fault *fault,
				struct faultline_window *window,
				enum faultline_precopy_count
				(*copy)(struct faultline_precopy_fault *fault,
					unsigned long address))
{
	enum faultline_precopy_count result = FAULTLINE_PRECOPY_COPIED;
	unsigned int counts[FAULTLINE_PRECOPY_COUNTS] = {};
	bool down = window->base < fault->address;
	unsigned long address, stopped = 0;
	u64 left = window->mask;
	unsigned int bit;
	int i;

	window->mask = 0;
	for (; left; left &= ~BIT_ULL(bit)) {
		bit = down ? fls64(left) - 1 : __ffs64(left);
		address = window->base + bit * PAGE_SIZE;
		if (stopped)
			; /* The rest goes the same way. */
		else if (!is_near(fault, address))
			result = FAULTLINE_PRECOPY_EDGE;
		else if (need_resched() || signal_pending(current))
			result = FAULTLINE_PRECOPY_POLICY;
		else
			result = copy(fault, address);
		if (ends_window(window, result) && !stopped)
			stopped = address;
		if (result == FAULTLINE_PRECOPY_COPIED)
			window->mask |= BIT_ULL(bit);
		counts[result]++;
	}
	for (i = 0; i < FAULTLINE_PRECOPY_COUNTS; i++)
		faultline_precopy_count(i, counts[i]);
	return stopped;
}

/**
 * faultline_precopy_copy() - copy what will be written next
 * @fault: the fault that has just been handled
 * @kind: what speaks for a window
 * @word: the task's, of faultline_precopy_begin()
 * @copy: copies one page of the fault's page table, or says why not
 *
 * Context: may sleep; the lock of the vma or of all the memory is held.
 */
void faultline_precopy_copy(struct faultline_precopy_fault *fault,
			    enum faultline_forecast_kind kind, unsigned long *word,
			    enum faultline_precopy_count
			    (*copy)(struct faultline_precopy_fault *fault, unsigned long address))
{
	struct mm_struct *mm = fault->vma->vm_mm;
	struct faultline_forecast *forecast = faultline_forecast_get(mm, GFP_KERNEL_ACCOUNT);
	struct faultline_window window;
	unsigned long switches, stopped;
	unsigned int pages;
	u64 start;

	if (!forecast || !choose(forecast, fault, kind, &window))
		return;
	pages = hweight64(window.mask);
	if (!node_has_room(pages) || !cgroup_has_room(mm, pages)) {
		faultline_precopy_count(FAULTLINE_PRECOPY_MEMORY, pages);
		return;
	}
	faultline_forecast_begin(forecast, &window);
	switches = current->nvcsw + current->nivcsw;
	start = sched_clock();
	WRITE_ONCE(*word, (unsigned long)current | FAULTLINE_PRECOPY_AHEAD);
	stopped = copy_pages(fault, &window, copy);
	WRITE_ONCE(*word, (unsigned long)current);
	if (window.mask && switches == current->nvcsw + current->nivcsw)
		learn_page_ns(sched_clock() - start, hweight64(window.mask));
	faultline_forecast_copied(forecast, &window, stopped);
}

/* The best engine that can be had now.  Needs precopy_mutex. */
static int arm_engine(void)
{
	int i, err = -EOPNOTSUPP;

	lockdep_assert_held(&precopy_mutex);
	for (i = 0; i < ENGINES; i++) {
		if (engine_refused[i])
			continue;
		err = engines[i].arm();
		if (!err) {
			WRITE_ONCE(engine_armed, &engines[i]);
			return 0;
		}
	}
	return err;
}

/* Needs precopy_mutex. */
static int arm(void)
{
	int err;

	lockdep_assert_held(&precopy_mutex);
	if (engine_armed)
		return 0;
	if (!faultline_precopy_available())
		return -EOPNOTSUPP;
	err = faultline_forecast_create();
	if (err)
		return err;
	static_branch_enable(&faultline_precopy_on);
	err = arm_engine();
	if (err) {
		static_branch_disable(&faultline_precopy_on);
		faultline_forecast_destroy();
	}
	return err;
}

/* Needs precopy_mutex. */
static void disarm(void)
{
	lockdep_assert_held(&precopy_mutex);
	if (!engine_armed)
		return;
	engine_armed->disarm();
	WRITE_ONCE(engine_armed, NULL);
	static_branch_disable(&faultline_precopy_on);
	faultline_forecast_destroy();
}

static bool is_wanted(void)
{
	return READ_ONCE(faultline_precopy_system_on) || atomic_read(&own_wishes) > 0;
}

/* Arm or disarm, as is wanted now. */
static int update(void)
{
	int err = 0;

	mutex_lock(&precopy_mutex);
	if (is_wanted())
		err = arm();
	else
		disarm();
	mutex_unlock(&precopy_mutex);
	return err;
}

static void disarm_if_unwanted(struct work_struct *work)
{
	update();
}

static DECLARE_DELAYED_WORK(disarm_work, disarm_if_unwanted);

static void add_setting(int setting, int change)
{
	atomic_add(change * (setting != FAULTLINE_PRECOPY_SYSTEM), &faultline_precopy_own_settings);
	atomic_add(change * (setting >= FAULTLINE_PRECOPY_AUTO), &own_wishes);
}

/* Later: who changes settings all the time shall not patch the kernel's text all the time. */
static void disarm_later(void)
{
	if (!is_wanted())
		mod_delayed_work(system_dfl_wq, &disarm_work,
				 msecs_to_jiffies(DISARM_DELAY_MS));
}

/**
 * faultline_precopy_switch() - vm.cow_precopy
 * @on: for every process that has no setting of its own
 *
 * Context: may sleep; takes precopy_mutex.
 * Return: 0; -EOPNOTSUPP where there is no engine; another negative errno of its arming.
 */
int faultline_precopy_switch(bool on)
{
	bool before = READ_ONCE(faultline_precopy_system_on);
	int err;

	WRITE_ONCE(faultline_precopy_system_on, on);
	err = update();
	if (err)
		WRITE_ONCE(faultline_precopy_system_on, before);
	return err;
}

/**
 * faultline_precopy_change() - a process gets another setting
 * @before: what it had
 * @after: what it gets
 *
 * Context: may sleep; takes precopy_mutex.
 * Return: 0; as faultline_precopy_switch(), and nothing has changed then.
 */
int faultline_precopy_change(int before, int after)
{
	int err = 0;

	add_setting(after, 1);
	if (after >= FAULTLINE_PRECOPY_AUTO)
		err = update();
	add_setting(err ? after : before, -1);
	disarm_later();
	return err;
}

/**
 * faultline_precopy_inherit() - a child gets its parent's setting
 * @setting: of the parent
 *
 * Context: any.
 */
void faultline_precopy_inherit(int setting)
{
	add_setting(setting, 1);
}

/**
 * faultline_precopy_forget() - a process is registered no more
 * @setting: what it had
 *
 * Context: any.
 */
void faultline_precopy_forget(int setting)
{
	add_setting(setting, -1);
	disarm_later();
}

/**
 * faultline_precopy_available() - is there an engine that can be used here?
 *
 * Return: true if so.
 */
bool faultline_precopy_available(void)
{
	int i;

	for (i = 0; i < ENGINES; i++)
		if (!engine_refused[i])
			return true;
	return false;
}

/**
 * faultline_precopy_total() - pages of all processes since the module was loaded
 * @counts: overwritten
 */
void faultline_precopy_total(u64 counts[FAULTLINE_PRECOPY_COUNTS])
{
	int i, cpu;

	for (i = 0; i < FAULTLINE_PRECOPY_COUNTS; i++)
		counts[i] = 0;
	for_each_possible_cpu(cpu)
		for (i = 0; i < FAULTLINE_PRECOPY_COUNTS; i++)
			counts[i] += READ_ONCE(per_cpu_ptr(totals, cpu)[i]);
}

/**
 * faultline_precopy_show() - a line for people: which engine, why no better one, and what
 * the system's setting is
 * @seq: written to
 */
void faultline_precopy_show(struct seq_file *seq)
{
	const char *refused = engine_refused[0];
	unsigned int depth = READ_ONCE(faultline_precopy_system_depth);

	if (READ_ONCE(engine_armed) == &engines[1] && !refused)
		refused = "somebody else has taken do_wp_page";
	seq_puts(seq, "# pre-copy: ");
	if (!refused)
		seq_printf(seq, "%s", engines[0].shown);
	else if (faultline_precopy_available())
		seq_printf(seq, "%s, not %s: %s", engines[1].shown, engines[0].shown, refused);
	else
		seq_printf(seq, "n/a: %s; %s", refused, engine_refused[1]);
	if (!READ_ONCE(faultline_precopy_system_on))
		seq_puts(seq, "; system: off\n");
	else if (depth)
		seq_printf(seq, "; system: %u\n", depth);
	else
		seq_puts(seq, "; system: auto\n");
}

/**
 * faultline_precopy_init() - find out which engines can be used here
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int faultline_precopy_init(void)
{
	int i;

	totals = __alloc_percpu(FAULTLINE_PRECOPY_COUNTS * sizeof(*totals), sizeof(*totals));
	if (!totals)
		return -ENOMEM;
	for (i = 0; i < ENGINES; i++) {
		if (strcmp(precopy, "auto") && strcmp(precopy, engines[i].name))
			engine_refused[i] = "switched off by precopy=";
		else
			engine_refused[i] = engines[i].prepare();
	}
	return 0;
}

/**
 * faultline_precopy_exit() - end it all; nobody is registered, and nobody can switch
 *
 * Context: may sleep.
 */
void faultline_precopy_exit(void)
{
	WRITE_ONCE(faultline_precopy_system_on, false);
	cancel_delayed_work_sync(&disarm_work);
	mutex_lock(&precopy_mutex);
	disarm();
	mutex_unlock(&precopy_mutex);
	faultline_forecast_exit();
	faultline_deferred_exit();
	faultline_in_place_exit();
	free_percpu(totals);
}
