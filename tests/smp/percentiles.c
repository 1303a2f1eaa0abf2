// SPDX-License-Identifier: GPL-2.0
/*
 * The histogram is as good as the times themselves, which the tracepoint
 * faultline:cow_fault gives one by one with vm.cow_sample_interval=1: the same number, sum
 * and longest time, every time in the bucket that counted it, and percentiles within half
 * a bucket of the exact ones.  Any other interval traces exactly every so manieth.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include "child.h"
#include "memory.h"
#include "module.h"
#include "tap.h"
#include "times.h"
#include "worker.h"

enum {
	PAGES		= 1000,
	FEW		= 100,
	REMOTE		= 10,
	SAMPLES_MAX	= 20000,
	INTERVAL	= 7,
	LOG_CLEAR	= 5,	/* klogctl(2) */
	LOG_READ_ALL	= 3,
};

#define TRACING	"/sys/kernel/tracing"
#define EVENT	TRACING "/events/faultline/cow_fault/enable"

/* A line of the trace. */
static struct sample {
	long long pid, copy_ns, fault_ns;
	unsigned long address;
	char kind[16];
} samples[SAMPLES_MAX];

static int sampled;

/* What a worker writes: anonymous, the zero page, a file read before, and one that was not. */
static volatile char *anon, *zero, *file, *file_first;

static volatile char *map_file(int fd)
{
	void *start = mmap(NULL, FEW * PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	if (start == MAP_FAILED)
		bail("mmap of a file");
	return start;
}

static void map_all(void)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, FEW * PAGE_BYTES))
		bail("a file in /tmp");
	anon = memory_map(PAGES);
	memory_write(anon, PAGES);
	zero = memory_map(FEW);
	file = map_file(fd);
	file_first = map_file(fd);
	close(fd);
}

static void write_all(size_t count)
{
	memory_write(anon, count);
	memory_read(zero, FEW);
	memory_write(zero, FEW);
	memory_read(file, FEW);
	memory_write(file, FEW);
	memory_write(file_first, FEW);
}

static void write_anon(size_t count)
{
	memory_write(anon, count);
}

static void clear_trace(void)
{
	int fd = open(TRACING "/trace", O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0)
		bail(TRACING "/trace");
	close(fd);
}

static void read_trace(void)
{
	FILE *trace = fopen(TRACING "/trace", "re");
	char line[512];

	if (!trace)
		bail(TRACING "/trace");
	sampled = 0;
	while (fgets(line, sizeof(line), trace)) {
		const char *fields = strstr(line, "cow_fault: ");
		struct sample *sample = &samples[sampled];

		if (!fields)
			continue;
		if (sampled == SAMPLES_MAX ||
		    sscanf(fields, "cow_fault: pid=%lld address=0x%lx kind=%15s copy_ns=%lld "
			   "fault_ns=%lld", &sample->pid, &sample->address, sample->kind,
			   &sample->copy_ns, &sample->fault_ns) != 5)
			bail("trace: %s", line);
		sampled++;
	}
	fclose(trace);
}

/* This number of a CPU's trace buffer. */
static long long buffer_number(int cpu, const char *name)
{
	char path[64];
	const char *at;

	snprintf(path, sizeof(path), TRACING "/per_cpu/cpu%d/stats", cpu);
	at = strstr(file_get(path), name);
	if (!at)
		bail("no '%s' in %s", name, path);
	return atoll(at + strlen(name));
}

static bool trace_is_whole(void)
{
	bool whole = true;

	for (int cpu = 0; cpu < sysconf(_SC_NPROCESSORS_ONLN); cpu++)
		whole = whole && buffer_number(cpu, "overrun: ") == 0 &&
			buffer_number(cpu, "dropped events: ") == 0;
	return whole;
}

static int compare(const void *a, const void *b)
{
	long long left = *(const long long *)a, right = *(const long long *)b;

	return (left > right) - (left < right);
}

/* The times of one measure that were traced, in order. */
static int sorted_times(bool copies, long long *times)
{
	int count = 0;

	for (int i = 0; i < sampled; i++) {
		long long ns = copies ? samples[i].copy_ns : samples[i].fault_ns;

		if (ns != TIMES_NONE)
			times[count++] = ns;
	}
	qsort(times, (size_t)count, sizeof(*times), compare);
	return count;
}

/* How many of these are in no bucket, plus how many buckets have counted others. */
static int misplaced(const struct times *histogram, const long long *times, int count)
{
	int at = 0, wrong = 0;

	for (int i = 0; i < histogram->buckets; i++) {
		const struct times_bucket *bucket = &histogram->bucket[i];
		long long inside = 0;

		for (; at < count && times[at] < bucket->from; at++)
			wrong++;
		for (; at < count && times[at] < bucket->to; at++)
			inside++;
		wrong += inside != bucket->count;
	}
	return wrong + count - at;
}

static void compare_percentiles(const char *measure, const long long *reported,
				const int *permille, int percentiles, const long long *times,
				int count)
{
	for (int i = 0; i < percentiles; i++) {
		long long exact = times[(count * permille[i] + 999) / 1000 - 1];
		long long error = llabs(reported[i] - exact);

		ok(error * 32 <= exact, "%s: p%g is %lld ns, exact is %lld: %.2f %% off", measure,
		   permille[i] / 10.0, reported[i], exact, 100.0 * (double)error / (double)exact);
	}
}

static void compare_times(pid_t worker, const char *measure)
{
	static const int permille[] = { 500, 900, 950, 990, 999 };
	static long long times[SAMPLES_MAX];
	static struct times histogram, total;
	int count = sorted_times(strcmp(measure, "copy") == 0, times);
	long long sum = 0;

	for (int i = 0; i < count; i++)
		sum += times[i];
	if (!times_read(worker, measure, &histogram) || !times_read(0, measure, &total) || !count)
		bail("no times of %s", measure);
	ok(histogram.count == count && histogram.missed == 0,
	   "%s: %lld times in the histogram, %lld missed, %d traced", measure, histogram.count,
	   histogram.missed, count);
	ok(histogram.sum == sum && histogram.max == times[count - 1],
	   "%s: sum %lld and longest %lld are those of the trace", measure, histogram.sum,
	   histogram.max);
	ok(misplaced(&histogram, times, count) == 0,
	   "%s: each of %d buckets has counted exactly the times that belong there", measure,
	   histogram.buckets);
	compare_percentiles(measure, histogram.percentile, permille, TIMES_PERCENTILES, times,
			    count);
	ok(memcmp(&histogram, &total, sizeof(total)) == 0,
	   "%s: the total of the only process is the same as its own", measure);
}

/* /proc/cow_stats sums up over all processes, and there is one only. */
static void compare_cow_stats(void)
{
	static const int permille[] = { 500, 900, 950, 990 };
	static long long times[SAMPLES_MAX];
	int count = sorted_times(false, times);
	struct cow_stats stats;
	long long sum = 0;

	for (int i = 0; i < count; i++)
		sum += times[i];
	cow_stats_read(&stats);
	ok(stats.faults == count && stats.total == sum && stats.max == times[count - 1] &&
	   stats.average == sum / count,
	   "cow_stats has number, sum, longest and average (%lld ns) of all %d faults",
	   stats.average, count);
	compare_percentiles("cow_stats", stats.percentile, permille, 4, times, count);
}

/* How many samples of a kind lie in this memory, all of this process and sane. */
static int samples_in(pid_t worker, volatile char *start, size_t pages, const char *kind,
		      bool copied)
{
	unsigned long from = (unsigned long)start;
	int count = 0;

	for (int i = 0; i < sampled; i++) {
		const struct sample *sample = &samples[i];

		if (sample->address - from >= pages * PAGE_BYTES)
			continue;
		count += sample->pid == worker && strcmp(sample->kind, kind) == 0 &&
			 (copied ? sample->copy_ns > 0 && sample->copy_ns < sample->fault_ns :
				   sample->copy_ns == TIMES_NONE && sample->fault_ns > 0);
	}
	return count;
}

static void write_remotely(pid_t worker)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)worker);
	fd = open(path, O_RDWR | O_CLOEXEC);
	for (size_t page = PAGES - REMOTE; page < PAGES; page++)
		if (pwrite(fd, "x", 1, (off_t)(anon + page * PAGE_BYTES)) != 1)
			bail("%s", path);
	close(fd);
}

static pid_t start_registered(void)
{
	pid_t worker = worker_start();

	if (status_register(worker))
		bail("R %d", (int)worker);
	return worker;
}

static void trace_all(void)
{
	pid_t worker;
	int zeroes;

	file_must_put(SAMPLE_INTERVAL, "1\n");
	clear_trace();
	worker = start_registered();
	worker_do(worker, write_all, PAGES - REMOTE);
	write_remotely(worker);
	read_trace();
	ok(trace_is_whole(), "the trace buffer has lost none of %d faults", sampled);
	compare_times(worker, "copy");
	compare_times(worker, "fault");
	compare_cow_stats();
	ok(samples_in(worker, anon, PAGES - REMOTE, "anon", true) == PAGES - REMOTE,
	   "anonymous pages: address, kind, and a copy shorter than its fault");
	ok(samples_in(worker, anon, PAGES, "remote", true) == REMOTE,
	   "pages that another process wrote: the same, and the pid of whose memory it is");
	/* Seen once (6.12, arm64): some had pages of the parent's own by then, and are copied. */
	zeroes = samples_in(worker, zero, FEW, "zero", false);
	ok(zeroes > 0 && zeroes + samples_in(worker, zero, FEW, "anon", true) == FEW,
	   "zero pages: a time of the fault, and -1 for the copy of %d", zeroes);
	ok(samples_in(worker, file, FEW, "file", true) == FEW, "pages of a file that was read");
	ok(samples_in(worker, file_first, FEW, "file_first", false) == FEW,
	   "pages of a file that was not read: -1 for the copy");
	child_end(worker);
}

/* Only every so manieth page, counted from registration. */
static void trace_some(void)
{
	static struct times before, after;
	long long expected = 0;
	pid_t worker;
	bool right;

	file_must_put(SAMPLE_INTERVAL, "7\n");
	clear_trace();
	worker = start_registered();
	worker_do(worker, write_anon, FEW);
	times_read(worker, "fault", &before);
	read_trace();
	ok(before.count >= FEW && sampled == before.count / INTERVAL,
	   "interval %d: %d traced of the first %lld faults",
	   INTERVAL, sampled, before.count);
	clear_trace();
	worker_do(worker, write_anon, PAGES);
	times_read(worker, "fault", &after);
	read_trace();
	right = after.count - before.count == PAGES - FEW &&
		sampled == after.count / INTERVAL - before.count / INTERVAL;
	for (int i = 0; i < sampled; i++) {
		expected = FEW + (before.count / INTERVAL + 1 + i) * INTERVAL - before.count - 1;
		right = right && samples[i].address - (unsigned long)anon == (unsigned long)
			expected * PAGE_BYTES;
	}
	ok(right, "interval %d: exactly every %dth is traced, %d of the next %d", INTERVAL,
	   INTERVAL, sampled, PAGES - FEW);
	child_end(worker);
}

static void trace_none(void)
{
	pid_t worker;

	file_must_put(SAMPLE_INTERVAL, "0\n");
	clear_trace();
	worker = start_registered();
	worker_do(worker, write_anon, PAGES);
	read_trace();
	ok(sampled == 0 && status_value(worker, "faults_timed") >= PAGES,
	   "interval 0 traces none");
	child_end(worker);
}

/* Where copies alone are timed, what copies nothing is not measured, and so not traced. */
static void trace_copies(void)
{
	static struct times times;
	int traced = 0;
	pid_t worker;

	file_must_put(SAMPLE_INTERVAL, "1\n");
	if (module_set("latency", "copy"))
		bail("latency=copy");
	clear_trace();
	worker = start_registered();
	worker_do(worker, write_all, PAGES);
	read_trace();
	for (int i = 0; i < sampled; i++)
		traced += samples[i].fault_ns == TIMES_NONE && samples[i].copy_ns > 0 &&
			  strcmp(samples[i].kind, "zero") != 0 &&
			  strcmp(samples[i].kind, "file_first") != 0;
	times_read(worker, "copy", &times);
	ok(traced == sampled && sampled == times.count && times.missed == 0,
	   "latency=copy: %d copies are traced, without a time of the fault", traced);
	child_end(worker);
}

static void refuse(const char *value)
{
	char text[32];

	snprintf(text, sizeof(text), "%s\n", value);
	ok(file_put(SAMPLE_INTERVAL, text) == EINVAL, "an interval of '%s' is refused", value);
}

int main(void)
{
	static char log[1 << 16];
	int length;

	/* One that is there already will do. */
	if (mount("tracing", TRACING, "tracefs", 0, NULL) && errno != EBUSY)
		bail(TRACING);
	map_all();
	module_load("latency=fault hz=1");
	klogctl(LOG_CLEAR, NULL, 0);
	ok(strcmp(file_get(SAMPLE_INTERVAL), "0\n") == 0, "vm.cow_sample_interval begins with 0");
	file_must_put(TRACING "/buffer_size_kb", "8192");
	file_must_put(EVENT, "1");
	trace_all();
	trace_some();
	trace_none();
	trace_copies();
	refuse("-1");
	refuse("x");
	refuse("4294967296");
	ok(strcmp(file_get(SAMPLE_INTERVAL), "1\n") == 0, "which leaves it as it was");
	length = klogctl(LOG_READ_ALL, log, sizeof(log) - 1);
	ok(length >= 0 && !strstr(log, "faultline"), "the kernel's log has nothing of it");
	ok(module_unload() == 0, "the module goes out with its tracepoint enabled");
	return finish();
}
