// SPDX-License-Identifier: GPL-2.0
/*
 * Log-linear histograms: sums, percentiles and text.
 */

#include <linux/math64.h>
#include <linux/seq_file.h>

#include "histogram.h"

/* One is allocated per process and measure: a page, not a page and a bit. */
static_assert(sizeof(struct faultline_histogram) <= 4096);

/* The least time that belongs into a bucket. */
static u64 bucket_start(unsigned int bucket)
{
	unsigned int shift;

	if (bucket < FAULTLINE_HISTOGRAM_LINEAR)
		return bucket;
	shift = bucket / FAULTLINE_HISTOGRAM_LINEAR - 1;
	return (u64)(bucket % FAULTLINE_HISTOGRAM_LINEAR + FAULTLINE_HISTOGRAM_LINEAR) << shift;
}

static u64 bucket_middle(unsigned int bucket)
{
	return bucket_start(bucket) + (bucket_start(bucket + 1) - bucket_start(bucket)) / 2;
}

/**
 * faultline_histogram_accumulate() - add all of one to another
 * @total: what grows; nobody else writes it
 * @part: what is added; may be growing itself
 */
void faultline_histogram_accumulate(struct faultline_histogram *total,
				    const struct faultline_histogram *part)
{
	unsigned int i;

	atomic64_add(atomic64_read(&part->count), &total->count);
	atomic64_add(atomic64_read(&part->sum_ns), &total->sum_ns);
	atomic64_add(atomic64_read(&part->due), &total->due);
	atomic64_set(&total->max_ns, max(atomic64_read(&total->max_ns),
					 atomic64_read(&part->max_ns)));
	for (i = 0; i < FAULTLINE_HISTOGRAM_BUCKETS; i++)
		atomic64_add(atomic64_read(&part->buckets[i]), &total->buckets[i]);
}

/**
 * faultline_histogram_subtract() - leave what came after an earlier look
 * @histogram: what shrinks, but for its longest time; nobody else writes it
 * @part: the earlier look
 */
void faultline_histogram_subtract(struct faultline_histogram *histogram,
				  const struct faultline_histogram *part)
{
	unsigned int i;

	atomic64_sub(atomic64_read(&part->count), &histogram->count);
	atomic64_sub(atomic64_read(&part->sum_ns), &histogram->sum_ns);
	atomic64_sub(atomic64_read(&part->due), &histogram->due);
	for (i = 0; i < FAULTLINE_HISTOGRAM_BUCKETS; i++)
		atomic64_sub(atomic64_read(&part->buckets[i]), &histogram->buckets[i]);
}

/**
 * faultline_histogram_percentile() - the time that so many do not exceed
 * @histogram: nobody is adding to it now, as in a copy
 * @permille: 500 for the median, up to 999
 *
 * The nearest-rank percentile: of N times in order, number ceil(N * permille / 1000).
 *
 * Return: the middle of that time's bucket, or the longest time if that is less; in ns.
 */
u64 faultline_histogram_percentile(const struct faultline_histogram *histogram,
				   unsigned int permille)
{
	u64 all = 0, seen = 0, rank, longest = atomic64_read(&histogram->max_ns);
	unsigned int i;

	for (i = 0; i < FAULTLINE_HISTOGRAM_BUCKETS; i++)
		all += atomic64_read(&histogram->buckets[i]);
	rank = DIV_ROUND_UP_ULL(all * permille, 1000);
	for (i = 0; i < FAULTLINE_HISTOGRAM_BUCKETS - 1; i++) {
		seen += atomic64_read(&histogram->buckets[i]);
		if (seen >= rank)
			return min(bucket_middle(i), longest);
	}
	return longest;
}

/**
 * faultline_histogram_show() - columns of numbers, and the buckets that are not empty
 * @seq: written to: count missed sum max p50 p90 p95 p99 p99.9 FROM-TO:COUNT,...
 *	with times in ns, ranges half-open, and n/a for what no measurement tells
 * @histogram: nobody is adding to it now
 */
void faultline_histogram_show(struct seq_file *seq, const struct faultline_histogram *histogram)
{
	static const unsigned int permille[] = { 500, 900, 950, 990, 999 };
	const char *separator = "";
	unsigned int i;

	seq_printf(seq, "%lld %llu ", atomic64_read(&histogram->count),
		   faultline_histogram_missed(histogram));
	if (!atomic64_read(&histogram->count)) {
		seq_puts(seq, "n/a n/a n/a n/a n/a n/a n/a n/a\n");
		return;
	}
	seq_printf(seq, "%lld %lld ", atomic64_read(&histogram->sum_ns),
		   atomic64_read(&histogram->max_ns));
	for (i = 0; i < ARRAY_SIZE(permille); i++)
		seq_printf(seq, "%llu ", faultline_histogram_percentile(histogram, permille[i]));
	for (i = 0; i < FAULTLINE_HISTOGRAM_BUCKETS; i++) {
		if (!atomic64_read(&histogram->buckets[i]))
			continue;
		seq_printf(seq, "%s%llu-", separator, bucket_start(i));
		if (i < FAULTLINE_HISTOGRAM_BUCKETS - 1)
			seq_printf(seq, "%llu", bucket_start(i + 1));
		else
			seq_puts(seq, "inf");
		seq_printf(seq, ":%lld", atomic64_read(&histogram->buckets[i]));
		separator = ",";
	}
	seq_putc(seq, '\n');
}
