// SPDX-License-Identifier: GPL-2.0
/*
 * The module's own histogram, compiled for the host: every time falls into the bucket that
 * covers it, a bucket's middle is at most 1/32 from any time in it, and percentiles are
 * those of a sorted list.
 */
#include <stdint.h>
#include <stdlib.h>

#include "../../module/histogram.c"
#include "tap.h"

enum {
	EACH		= 1 << 20,
	RANDOM		= 1000000,
	SAMPLES		= 5000,
	LAST		= FAULTLINE_HISTOGRAM_BUCKETS - 1,
};

/* Where the last bucket's own range ends; what is longer joins it. */
#define END	(1ull << FAULTLINE_HISTOGRAM_MAX_BITS)

static u64 state = 88172645463325252;

/* xorshift: the same numbers in every run. */
static u64 random_bits(unsigned int bits)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state >> (64 - bits);
}

static bool is_covered(u64 ns)
{
	unsigned int bucket = faultline_histogram_bucket(ns);

	return bucket <= LAST && bucket_start(bucket) <= ns &&
	       (bucket == LAST || ns < bucket_start(bucket + 1));
}

/* Nearer to the middle than 1/32 of itself. */
static bool is_near(u64 ns)
{
	s64 distance = (s64)(bucket_middle(faultline_histogram_bucket(ns)) - ns);

	return ns >= END || (u64)llabs(distance) * 32 <= ns;
}

static void check_buckets(void)
{
	unsigned int gaps = 0;

	for (unsigned int bucket = 0; bucket < LAST; bucket++)
		gaps += bucket_start(bucket) >= bucket_start(bucket + 1) ||
			faultline_histogram_bucket(bucket_start(bucket)) != bucket ||
			faultline_histogram_bucket(bucket_start(bucket + 1) - 1) != bucket;
	ok(bucket_start(0) == 0 && gaps == 0, "%d buckets follow each other without a gap",
	   FAULTLINE_HISTOGRAM_BUCKETS);
	ok(faultline_histogram_bucket(END - 1) == LAST && faultline_histogram_bucket(END) == LAST &&
	   faultline_histogram_bucket(UINT64_MAX) == LAST && bucket_start(LAST) < END,
	   "the last has all that is longer");
}

static void check_times(void)
{
	int uncovered = 0, far = 0;

	for (u64 ns = 0; ns < EACH; ns++) {
		uncovered += !is_covered(ns);
		far += !is_near(ns);
	}
	ok(uncovered == 0, "each time up to 2^20 is in the bucket that covers it");
	ok(far == 0, "and within 1/32 of its middle");
	uncovered = far = 0;
	for (int i = 0; i < RANDOM; i++) {
		u64 ns = random_bits(1 + (unsigned int)i % 40);

		uncovered += !is_covered(ns);
		far += !is_near(ns);
	}
	ok(uncovered == 0 && far == 0, "so are %d random ones up to 2^40", RANDOM);
}

static int compare(const void *a, const void *b)
{
	u64 left = *(const u64 *)a, right = *(const u64 *)b;

	return (left > right) - (left < right);
}

/* The nearest rank in a sorted list is in the same bucket, and no percentile is longer. */
static int wrong_percentiles(const struct faultline_histogram *histogram, const u64 *sorted,
			     int count)
{
	int wrong = 0;

	for (unsigned int permille = 1; permille < 1000; permille++) {
		u64 exact = sorted[((u64)count * permille + 999) / 1000 - 1];
		u64 reported = faultline_histogram_percentile(histogram, permille);

		wrong += faultline_histogram_bucket(reported) !=
				 faultline_histogram_bucket(exact) ||
			 reported > sorted[count - 1];
	}
	return wrong;
}

/* As the module does: the count is its caller's. */
static void add(struct faultline_histogram *histogram, u64 time)
{
	faultline_histogram_add(histogram, faultline_histogram_bucket(time), time);
	atomic64_inc(&histogram->count);
}

static void fill(struct faultline_histogram *histogram, u64 *times, int count,
		 unsigned int bits)
{
	memset(histogram, 0, sizeof(*histogram));
	for (int i = 0; i < count; i++) {
		times[i] = random_bits(1 + (unsigned int)random_bits(6) % bits);
		add(histogram, times[i]);
	}
	qsort(times, (size_t)count, sizeof(*times), compare);
}

static void check_percentiles(void)
{
	static const int counts[] = { 1, 2, 3, 9, 10, 11, 99, 100, 101, 999, 1000, 1001, SAMPLES };
	static struct faultline_histogram histogram;
	static u64 times[SAMPLES];
	int wrong;

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		wrong = 0;
		for (int round = 0; round < 20; round++) {
			fill(&histogram, times, counts[i], 40);
			wrong += wrong_percentiles(&histogram, times, counts[i]);
		}
		ok(wrong == 0, "percentiles of %d times are those of the nearest rank", counts[i]);
	}
}

static void check_sums(void)
{
	static struct faultline_histogram whole, early, late;
	static u64 times[2][SAMPLES];
	s64 sum = 0;

	fill(&early, times[0], SAMPLES, 30);
	fill(&late, times[1], SAMPLES, 30);
	memset(&whole, 0, sizeof(whole));
	faultline_histogram_accumulate(&whole, &early);
	faultline_histogram_accumulate(&whole, &late);
	for (int i = 0; i < SAMPLES; i++)
		sum += (s64)(times[0][i] + times[1][i]);
	ok(atomic64_read(&whole.count) == 2 * SAMPLES && atomic64_read(&whole.sum_ns) == sum,
	   "two histograms add up");
	ok((u64)atomic64_read(&whole.max_ns) ==
	   max(times[0][SAMPLES - 1], times[1][SAMPLES - 1]), "the longest of both is the longest");
	faultline_histogram_subtract(&whole, &early);
	atomic64_set(&whole.max_ns, atomic64_read(&late.max_ns));
	ok(memcmp(&whole, &late, sizeof(whole)) == 0, "less the one, the other is left");
}

static void check_text(void)
{
	static struct faultline_histogram histogram;
	static const u64 times[] = { 0, 15, 16, 33, 33, END - 1, END + 5 };
	static struct seq_file seq;

	faultline_histogram_show(&seq, &histogram);
	ok(strcmp(seq.text, "0 0 n/a n/a n/a n/a n/a n/a n/a n/a\n") == 0, "nothing reads n/a");
	seq.length = 0;
	atomic64_set(&histogram.due, 9);
	for (size_t i = 0; i < ARRAY_SIZE(times); i++)
		add(&histogram, times[i]);
	faultline_histogram_show(&seq, &histogram);
	ok(strcmp(seq.text, "7 2 17179869285 8589934597 33 8589934597 8589934597 8589934597 "
		  "8589934597 0-1:1,15-16:1,16-17:1,32-34:2,8321499136-inf:2\n") == 0,
	   "text: %.*s", (int)strcspn(seq.text, "\n"), seq.text);
}

int main(void)
{
	check_buckets();
	check_times();
	check_percentiles();
	check_sums();
	check_text();
	return finish();
}
