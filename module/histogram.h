/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Log-linear histograms of times: how many, in all, the longest, and percentiles.
 *
 * Up to 16 ns each value has its bucket; from there on each power of two is divided
 * into 16.  A bucket's middle is at most 1/32 from any value in it (3.2 %).
 */
#ifndef _FAULTLINE_HISTOGRAM_H
#define _FAULTLINE_HISTOGRAM_H

#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/minmax.h>
#include <linux/types.h>

struct seq_file;

enum {
	FAULTLINE_HISTOGRAM_LINEAR_BITS	= 4,
	FAULTLINE_HISTOGRAM_LINEAR	= 1 << FAULTLINE_HISTOGRAM_LINEAR_BITS,
	/* From 2^33 ns (8.6 s) on all is one with the last bucket; the longest is exact. */
	FAULTLINE_HISTOGRAM_MAX_BITS	= 33,
	FAULTLINE_HISTOGRAM_BUCKETS	=
		(FAULTLINE_HISTOGRAM_MAX_BITS - FAULTLINE_HISTOGRAM_LINEAR_BITS + 1) *
		FAULTLINE_HISTOGRAM_LINEAR,
};

/**
 * struct faultline_histogram - times measured so far
 * @count: how many
 * @sum_ns: all of them together
 * @max_ns: the longest
 * @due: how many ought to have been measured by now; what @count lacks was missed, or
 *	is under way
 * @buckets: how many by length
 *
 * Added to without a lock from any context.  A reader that comes in the middle of an
 * add may see a part of it; once no add is under way everything fits together.
 */
struct faultline_histogram {
	atomic64_t count;
	atomic64_t sum_ns;
	atomic64_t max_ns;
	atomic64_t due;
	atomic64_t buckets[FAULTLINE_HISTOGRAM_BUCKETS];
};

/**
 * faultline_histogram_bucket() - where a time belongs
 * @ns: the time
 *
 * Return: number of the bucket.
 */
static __always_inline unsigned int faultline_histogram_bucket(u64 ns)
{
	unsigned int shift;

	if (ns < FAULTLINE_HISTOGRAM_LINEAR)
		return ns;
	if (unlikely(ns >> FAULTLINE_HISTOGRAM_MAX_BITS))
		return FAULTLINE_HISTOGRAM_BUCKETS - 1;
	shift = __fls(ns) - FAULTLINE_HISTOGRAM_LINEAR_BITS;
	return shift * FAULTLINE_HISTOGRAM_LINEAR + (ns >> shift);
}

/**
 * faultline_histogram_add() - one more time; the caller counts it in @histogram->count
 * @histogram: to add to
 * @bucket: faultline_histogram_bucket() of it, which several histograms have in common
 * @ns: the time
 *
 * Context: any.
 */
static __always_inline void faultline_histogram_add(struct faultline_histogram *histogram,
						    unsigned int bucket, u64 ns)
{
	s64 max = atomic64_read(&histogram->max_ns);

	atomic64_inc(&histogram->buckets[bucket]);
	atomic64_add(ns, &histogram->sum_ns);
	while (unlikely((s64)ns > max))
		if (atomic64_try_cmpxchg(&histogram->max_ns, &max, ns))
			break;
}

/**
 * faultline_histogram_missed() - how many times ought to have been measured and were not
 * @histogram: any; one that is under way counts as missed, too
 *
 * Return: how many.
 */
static inline u64 faultline_histogram_missed(const struct faultline_histogram *histogram)
{
	/* In this order: @due is counted first. */
	s64 count = atomic64_read(&histogram->count);

	return max_t(s64, atomic64_read(&histogram->due) - count, 0);
}

void faultline_histogram_accumulate(struct faultline_histogram *total,
				    const struct faultline_histogram *part);
void faultline_histogram_subtract(struct faultline_histogram *histogram,
				  const struct faultline_histogram *part);
u64 faultline_histogram_percentile(const struct faultline_histogram *histogram,
				   unsigned int permille);
void faultline_histogram_show(struct seq_file *seq, const struct faultline_histogram *histogram);

#endif /* _FAULTLINE_HISTOGRAM_H */
