// SPDX-License-Identifier: GPL-2.0
/*
 * What the module tells of times in /proc/faultline/histogram falls into the buckets that
 * are served as it would have one by one: none lies across the bounds.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../module/histogram.c"
#include "tap.h"
#include "durations.h"

enum { RANDOM = 100000 };

static struct faultline_histogram histogram;
static uint64_t counted[DURATIONS_BUCKETS], sum_ns;
static char path[] = "/tmp/duration_buckets.XXXXXX";

static void add(uint64_t ns)
{
	int bucket = 0;

	while (bucket < DURATIONS_BUCKETS - 1 && ns > durations_bucket_ns[bucket])
		bucket++;
	counted[bucket]++;
	sum_ns += ns;
	atomic64_inc(&histogram.count);
	atomic64_inc(&histogram.due);
	faultline_histogram_add(&histogram, faultline_histogram_bucket(ns), ns);
}

/* A file as the module's, whose last lines are these. */
static void save(const char *copies, const char *faults)
{
	FILE *file = fopen(path, "w");

	if (!file)
		bail("%s", path);
	fprintf(file, "pid id measure count missed sum_ns max_ns p50_ns p90_ns p95_ns p99_ns "
		"p999_ns from-to:count,...\n12 3 copy 1 0 7 7 7 7 7 7 7 7-8:1\n"
		"12 3 fault n/a n/a n/a n/a n/a n/a n/a n/a n/a n/a\n"
		"%s%s# latency: copy and fault\n", copies, faults);
	fclose(file);
}

static void check_bounds(void)
{
	static struct seq_file seq;
	struct durations times[HISTOGRAM_MEASURES];
	int wrong = 0;

	add(0);
	for (int i = 0; i < DURATIONS_BUCKETS - 1; i++) {
		add(durations_bucket_ns[i]);
		add(durations_bucket_ns[i] + 1);
	}
	add((uint64_t)1 << 34);
	for (uint64_t i = 0, ns = 1; i < RANDOM; i++, ns = ns * 6364136223846793005 + 1)
		add(ns >> (28 + i % 36));
	seq_puts(&seq, "total 0 fault ");
	faultline_histogram_show(&seq, &histogram);
	save("total 0 copy 0 0 n/a n/a n/a n/a n/a n/a n/a n/a\n", seq.text);
	durations_read(path, times);
	for (int i = 0; i < DURATIONS_BUCKETS; i++)
		wrong += times[HISTOGRAM_FAULT].buckets[i] != counted[i] || !counted[i];
	ok(times[HISTOGRAM_FAULT].known && wrong == 0,
	   "%" PRIu64 " times on and between the bounds are in the right of %d buckets",
	   times[HISTOGRAM_FAULT].count, DURATIONS_BUCKETS);
	ok(times[HISTOGRAM_FAULT].count == (uint64_t)atomic64_read(&histogram.count) &&
	   times[HISTOGRAM_FAULT].sum_ns == sum_ns, "and their number and sum are the module's");
	ok(times[HISTOGRAM_COPY].known && times[HISTOGRAM_COPY].count == 0, "no time is none");
}

static void check_unknown(void)
{
	struct durations times[HISTOGRAM_MEASURES];

	save("total 0 copy n/a n/a n/a n/a n/a n/a n/a n/a n/a n/a\n", "");
	durations_read(path, times);
	ok(!times[HISTOGRAM_COPY].known && !times[HISTOGRAM_FAULT].known,
	   "what is not timed is not known, and what may not be seen neither");
	save("total 0 copy 1 0\n", "total 0 fault 1 0 5 5 5 5 5 5 5 7,:,-\n");
	durations_read(path, times);
	ok(!times[HISTOGRAM_COPY].known, "half a line is none");
	unlink(path);
	durations_read(path, times);
	ok(!times[HISTOGRAM_COPY].known && !times[HISTOGRAM_FAULT].known,
	   "nor is a file that is not there");
}

int main(void)
{
	int fd = mkstemp(path);

	if (fd < 0)
		bail("%s", path);
	close(fd);
	check_bounds();
	check_unknown();
	return finish();
}
