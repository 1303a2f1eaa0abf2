// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/cow_stats: what copy-on-write cost since somebody wrote into it.
 *
 * Of whole faults, if any were timed since then or are being timed, else of copies.
 * All counters behind it only ever grow: a reset remembers where they stood, so that it
 * takes nothing from anybody else.
 */

#include <linux/math64.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "cow_stats.h"
#include "histogram.h"
#include "latency.h"
#include "precopy.h"

/* Orders resets and reads, and guards what follows. */
static DEFINE_MUTEX(stats_mutex);
static struct faultline_histogram stats_reset[FAULTLINE_MEASURES];
static struct faultline_histogram stats_since;
static u64 stats_reset_precopy[FAULTLINE_PRECOPY_COUNTS];

/* Fill stats_since; tells whether there is something to show of this measure. */
static bool look(enum faultline_measure measure)
{
	lockdep_assert_held(&stats_mutex);
	faultline_latency_total(measure, &stats_since);
	faultline_histogram_subtract(&stats_since, &stats_reset[measure]);
	atomic64_set(&stats_since.max_ns, faultline_latency_longest(measure));
	return faultline_latency_timed(measure) || atomic64_read(&stats_since.count);
}

static void show_precopy(struct seq_file *seq)
{
	static const char * const names[] = {
		[FAULTLINE_PRECOPY_USED] = "used", [FAULTLINE_PRECOPY_WASTED] = "wasted",
		[FAULTLINE_PRECOPY_MEMORY] = "refused_memory",
		[FAULTLINE_PRECOPY_EDGE] = "refused_edge",
		[FAULTLINE_PRECOPY_NOT_SHARED] = "refused_not_shared",
		[FAULTLINE_PRECOPY_RACED] = "refused_raced",
		[FAULTLINE_PRECOPY_POLICY] = "refused_policy",
	};
	u64 pages[FAULTLINE_PRECOPY_COUNTS], attempts;
	int which;

	lockdep_assert_held(&stats_mutex);
	if (!faultline_precopy_available()) {
		seq_puts(seq, "precopy_attempts: n/a precopy_success: n/a\n");
		return;
	}
	faultline_precopy_total(pages);
	for (which = 0; which < FAULTLINE_PRECOPY_COUNTS; which++)
		pages[which] -= stats_reset_precopy[which];
	attempts = pages[FAULTLINE_PRECOPY_COPIED];
	for (which = FAULTLINE_PRECOPY_MEMORY; which < FAULTLINE_PRECOPY_COUNTS; which++)
		attempts += pages[which];
	seq_printf(seq, "precopy_attempts: %llu precopy_success: %llu\n", attempts,
		   pages[FAULTLINE_PRECOPY_COPIED]);
	for (which = FAULTLINE_PRECOPY_USED; which < FAULTLINE_PRECOPY_COUNTS; which++)
		seq_printf(seq, "precopy_%s: %llu%c", names[which], pages[which],
			   which + 1 < FAULTLINE_PRECOPY_COUNTS ? ' ' : '\n');
}

static int stats_show(struct seq_file *seq, void *unused)
{
	static const unsigned int percents[] = { 50, 90, 95, 99 };
	const struct faultline_histogram *since = &stats_since;
	bool timed;
	u64 count;
	size_t i;

	mutex_lock(&stats_mutex);
	timed = look(FAULTLINE_FAULT) || look(FAULTLINE_COPY);
	count = atomic64_read(&since->count);
	if (timed)
		seq_printf(seq, "faults: %llu total_ns: %lld max_ns: %lld\n", count,
			   atomic64_read(&since->sum_ns), atomic64_read(&since->max_ns));
	else
		seq_puts(seq, "faults: n/a total_ns: n/a max_ns: n/a\n");
	if (count)
		seq_printf(seq, "avg_ns: %llu", div64_u64(atomic64_read(&since->sum_ns), count));
	else
		seq_puts(seq, "avg_ns: n/a");
	for (i = 0; i < ARRAY_SIZE(percents); i++) {
		seq_printf(seq, " p%u: ", percents[i]);
		if (count)
			seq_printf(seq, "%llu",
				   faultline_histogram_percentile(since, 10 * percents[i]));
		else
			seq_puts(seq, "n/a");
	}
	seq_putc(seq, '\n');
	show_precopy(seq);
	mutex_unlock(&stats_mutex);
	return 0;
}

static int stats_open(struct inode *inode, struct file *file)
{
	return single_open(file, stats_show, NULL);
}

/* Any write, whatever it says. */
static ssize_t stats_write(struct file *file, const char __user *buffer, size_t count,
			   loff_t *position)
{
	int measure;

	mutex_lock(&stats_mutex);
	for (measure = 0; measure < FAULTLINE_MEASURES; measure++) {
		faultline_latency_forget_longest(measure);
		faultline_latency_total(measure, &stats_reset[measure]);
	}
	faultline_precopy_total(stats_reset_precopy);
	mutex_unlock(&stats_mutex);
	return count;
}

static const struct proc_ops stats_proc_ops = {
	.proc_open	= stats_open,
	.proc_read	= seq_read,
	.proc_write	= stats_write,
	.proc_lseek	= seq_lseek,
	.proc_release	= single_release,
};

/**
 * faultline_cow_stats_create() - show /proc/cow_stats, to root alone: it sums up over
 * everybody's processes
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int faultline_cow_stats_create(void)
{
	return proc_create("cow_stats", 0600, NULL, &stats_proc_ops) ? 0 : -ENOMEM;
}

/**
 * faultline_cow_stats_destroy() - take it away
 *
 * Context: may sleep: waits for the calls that are in progress.
 */
void faultline_cow_stats_destroy(void)
{
	remove_proc_entry("cow_stats", NULL);
}
