// SPDX-License-Identifier: GPL-2.0
/*
 * The sampler: a timer on absolute time that queues work.
 *
 * A delayed work that re-arms itself adds its own delay to every period, and jiffies
 * cannot tell 1 ms; so the delay is an hrtimer's, moved on by whole periods from
 * where it was due.  The work walks the registry in process context, on a worker of
 * its own with real-time priority, the lowest: with the high-priority workers that
 * all share, samples came up to 8 ms late among CPU hogs on 6.12.  A tick that finds
 * the one before still at work is counted as missed.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/sched.h>

#include "compat.h"
#include "course.h"
#include "registry.h"
#include "ring.h"
#include "sampler.h"

enum {
	HZ_MIN		= 1,
	HZ_MAX		= 1000,
	HZ_DEFAULT	= 20,
};

static unsigned int hz = HZ_DEFAULT;
static struct hrtimer sampler_timer;
static struct kthread_worker *sampler_worker;
/*
 * Between create and destroy; guarded by kernel_param_lock, because hz can be written
 * before the module's init has run and after its exit has.
 */
static bool sampler_ready;
/* Serialises starts: a timer must not be started while its handler moves it on. */
static DEFINE_MUTEX(sampler_start_mutex);

static ktime_t period(void)
{
	return ns_to_ktime(NSEC_PER_SEC / READ_ONCE(hz));
}

/* Context: kernel_param_lock is held. */
static int hz_set(const char *value, const struct kernel_param *param)
{
	int err = param_set_uint_minmax(value, param, HZ_MIN, HZ_MAX);

	if (err) {
		pr_err("hz=%s: expected %d to %d\n", value, HZ_MIN, HZ_MAX);
		return err;
	}
	if (sampler_ready) {
		faultline_ring_set_hz(hz);
		if (faultline_registry_count())
			faultline_sampler_start();
	}
	return 0;
}

static const struct kernel_param_ops hz_ops = {
	.set = hz_set,
	.get = param_get_uint,
};
module_param_cb(hz, &hz_ops, &hz, 0644);
MODULE_PARM_DESC(hz, "samples per second (1 to 1000, default 20)");

static void tick(struct kthread_work *work)
{
	struct faultline_process *process;
	int idx;

	idx = srcu_read_lock(&faultline_registry_srcu);
	faultline_registry_for_each(process) {
		if (!faultline_process_finished(process))
			faultline_process_publish(process);
		else if (faultline_process_close(process, FAULTLINE_EXITED))
			faultline_registry_forget(process);
		cond_resched();
	}
	srcu_read_unlock(&faultline_registry_srcu, idx);
	faultline_course_publish();
	faultline_ring_count_tick();
	faultline_ring_wake();
}

static DEFINE_KTHREAD_WORK(sampler_work, tick);

static enum hrtimer_restart timer_expired(struct hrtimer *timer)
{
	u64 due;

	if (!faultline_registry_count())
		return HRTIMER_NORESTART;
	due = hrtimer_forward_now(timer, period());
	if (kthread_queue_work(sampler_worker, &sampler_work))
		due--;
	if (due)
		faultline_ring_count_missed(due);
	return HRTIMER_RESTART;
}

/**
 * faultline_sampler_create() - get ready, with nothing running yet
 *
 * Context: may sleep; the ring exists.
 * Return: 0 or a negative errno.
 */
int faultline_sampler_create(void)
{
	sampler_worker = kthread_run_worker(0, KBUILD_MODNAME);
	if (IS_ERR(sampler_worker))
		return PTR_ERR(sampler_worker);
	sched_set_fifo_low(sampler_worker->task);
	/* Hard, for PREEMPT_RT too: all that the handler does is to queue work. */
	hrtimer_setup(&sampler_timer, timer_expired, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_HARD);
	kernel_param_lock(THIS_MODULE);
	faultline_ring_set_hz(hz);
	sampler_ready = true;
	kernel_param_unlock(THIS_MODULE);
	return 0;
}

/**
 * faultline_sampler_destroy() - stop and wait for the tick that is at work
 *
 * Context: may sleep; nobody can register any more.
 */
void faultline_sampler_destroy(void)
{
	kernel_param_lock(THIS_MODULE);
	sampler_ready = false;
	kernel_param_unlock(THIS_MODULE);
	hrtimer_cancel(&sampler_timer);
	kthread_destroy_worker(sampler_worker);
}

/**
 * faultline_sampler_start() - tick from now on, first after one period
 *
 * The timer ends by itself when it finds nothing registered.  Called again it takes
 * up the present hz.
 *
 * Context: may sleep; registry_count is above 0 already, so that the timer does not
 * end at once.
 */
void faultline_sampler_start(void)
{
	mutex_lock(&sampler_start_mutex);
	hrtimer_cancel(&sampler_timer);
	hrtimer_start(&sampler_timer, ktime_add(ktime_get(), period()), HRTIMER_MODE_ABS_HARD);
	mutex_unlock(&sampler_start_mutex);
}
