// SPDX-License-Identifier: GPL-2.0
/*
 * While processes copy on write as fast as they can, others switch what is timed, reset
 * /proc/cow_stats, read all there is to read, change the sample interval and come and go.
 * The number of copies is exact through all of it; what was timed of them is a part of
 * them, and adds up; and once it is over, a quiet process has each of its faults timed.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "memory.h"
#include "module.h"
#include "tap.h"
#include "times.h"
#include "worker.h"

enum {
	WORKERS		= 3,
	PAGES		= 32,
	STORM_S		= 6,
	STEADY		= 1000,
};

#define TRACING	"/sys/kernel/tracing"
#define EVENT	TRACING "/events/faultline/cow_fault/enable"

/* In memory that all processes share: rounds done by each worker's two threads. */
static struct storm {
	bool over;
	struct rounds { long long file, zero; } rounds[WORKERS];
	long long switches, resets, readings, intervals, registrations;
} *storm;

static volatile char *file, *zero, *steady;

static bool is_over(void)
{
	return __atomic_load_n(&storm->over, __ATOMIC_RELAXED);
}

/* A round drops the copies that the one before made, and copies each page anew. */
static long long copy_until_over(volatile char *pages)
{
	long long rounds = 0;

	while (!is_over()) {
		if (madvise((void *)pages, PAGES * PAGE_BYTES, MADV_DONTNEED))
			bail("madvise");
		memory_read(pages, PAGES);
		memory_write(pages, PAGES);
		rounds++;
	}
	return rounds;
}

static void *copy_zeroes(void *rounds)
{
	((struct rounds *)rounds)->zero = copy_until_over(zero);
	return NULL;
}

/* A deed: one thread copies pages of a file, another the zero page. */
static void copy_all(size_t worker)
{
	struct rounds *rounds = &storm->rounds[worker];
	pthread_t thread;

	if (pthread_create(&thread, NULL, copy_zeroes, rounds))
		bail("pthread_create");
	rounds->file = copy_until_over(file);
	pthread_join(thread, NULL);
}

static void write_steady(size_t pages)
{
	memory_write(steady, pages);
}

static void map_all(void)
{
	file = memory_map_file(PAGES);
	zero = memory_map(PAGES);
	steady = memory_map(STEADY);
	memory_write(steady, STEADY);
	storm = mmap(NULL, sizeof(*storm), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	if (storm == MAP_FAILED)
		bail("mmap");
}

static int switch_modes(void *unused)
{
	static const char * const modes[] = { "off", "copy", "fault" };
	bool good = true;

	(void)unused;
	for (; good && !is_over(); storm->switches++)
		good = module_set("latency", modes[rand() % 3]) == 0;
	return !good;
}

static int reset_stats(void *unused)
{
	struct cow_stats stats;
	bool good = true;

	(void)unused;
	for (; good && !is_over(); storm->resets++) {
		cow_stats_reset();
		cow_stats_read(&stats);
		/* None of them can have run backwards. */
		good = stats.faults < 1000000 && stats.total < 1000000000000;
		sleep_ms((unsigned int)rand() % 3);
	}
	return !good;
}

static int change_interval(void *unused)
{
	static const char * const intervals[] = { "0", "1", "7", "1000", "4294967295" };
	bool good = true;

	(void)unused;
	for (; good && !is_over(); storm->intervals++) {
		good = file_put(SAMPLE_INTERVAL, intervals[rand() % 5]) == 0;
		if (storm->intervals % 8 == 0)
			good = good && file_put(EVENT, rand() % 2 ? "1" : "0") == 0;
		sleep_ms((unsigned int)rand() % 5);
	}
	file_put(EVENT, "0");
	return !good;
}

static int come_and_go(void *unused)
{
	bool good = true;
	pid_t child;

	(void)unused;
	for (; good && !is_over(); storm->registrations++) {
		child = child_start(child_sleep, NULL);
		good = status_register(child) == 0;
		if (rand() % 2)
			good = good && status_unregister(child) == 0;
		child_end(child);
	}
	return !good;
}

/* What is timed or missed by now was counted before, and is never taken back. */
static int read_all(void *pids)
{
	static struct times copies, faults;
	static long long seen[WORKERS][2];
	bool good = true;
	struct row row;

	for (; good && !is_over(); storm->readings++) {
		int i = rand() % WORKERS;
		pid_t pid = ((pid_t *)pids)[i];

		if (!times_read(pid, "copy", &copies) || !times_read(pid, "fault", &faults) ||
		    !row_read(pid, &row))
			return 1;
		if (copies.count != TIMES_NONE)
			good = copies.count >= seen[i][0] && copies.count + copies.missed <=
				row_value(&row, "cow_file") + row_value(&row, "cow_anon");
		if (faults.count != TIMES_NONE)
			good = good && faults.count >= seen[i][1] &&
			       faults.count + faults.missed <= row_value(&row, "cow");
		seen[i][0] = copies.count;
		seen[i][1] = faults.count;
		/* Its lines change while they are read, but are always those of some process. */
		times_read(0, "fault", &faults);
	}
	return !good;
}

static void let_it_storm(const pid_t *workers)
{
	static int (* const others[])(void *) = {
		switch_modes, reset_stats, change_interval, come_and_go, read_all,
	};
	enum { OTHERS = sizeof(others) / sizeof(others[0]) };
	pid_t pids[OTHERS];
	int wrong = 0;

	for (size_t i = 0; i < WORKERS; i++)
		worker_begin(workers[i], copy_all, i);
	for (size_t i = 0; i < OTHERS; i++)
		pids[i] = child_start(others[i], (void *)workers);
	sleep_ms(STORM_S * 1000);
	__atomic_store_n(&storm->over, true, __ATOMIC_RELAXED);
	for (size_t i = 0; i < OTHERS; i++)
		wrong += child_wait(pids[i]) != 0;
	for (size_t i = 0; i < WORKERS; i++)
		worker_wait(workers[i]);
	ok(wrong == 0, "%lld switches, %lld resets, %lld readings, %lld intervals, %lld births",
	   storm->switches, storm->resets, storm->readings, storm->intervals,
	   storm->registrations);
}

enum { OWN_ZEROES = 1 };

static bool adds_up(pid_t pid, const char *measure)
{
	static struct times times;

	return times_read(pid, measure, &times) && times.count != TIMES_NONE &&
	       times.count == times_in_buckets(&times);
}

static void check_worker(pid_t worker, const struct row *before, const struct rounds *rounds)
{
	long long files, zeroes, copies, faults;
	struct row row;

	row_read(worker, &row);
	files = row_value(&row, "cow_file") - row_value(before, "cow_file");
	zeroes = row_value(&row, "cow_zero") - row_value(before, "cow_zero");
	/* A page of its own data that it reads first and writes later, as on arm64, is one, too. */
	ok(files == rounds->file * PAGES && zeroes >= rounds->zero * PAGES &&
	   zeroes <= rounds->zero * PAGES + OWN_ZEROES,
	   "%lld pages of a file copied and %lld counted, %lld zero pages and %lld",
	   rounds->file * PAGES, files, rounds->zero * PAGES, zeroes);
	copies = row_value(&row, "copies_timed") + row_value(&row, "copies_missed");
	faults = row_value(&row, "faults_timed") + row_value(&row, "faults_missed");
	ok(copies <= row_value(&row, "cow_file") + row_value(&row, "cow_anon") &&
	   faults <= row_value(&row, "cow") && row_value(&row, "copies_timed") > 0 &&
	   row_value(&row, "faults_timed") > 0,
	   "%lld copies were timed, %lld missed; %lld faults timed, %lld missed",
	   row_value(&row, "copies_timed"), row_value(&row, "copies_missed"),
	   row_value(&row, "faults_timed"), row_value(&row, "faults_missed"));
	ok(adds_up(worker, "copy") && adds_up(worker, "fault"), "its buckets add up");
}

/* One process, nobody else: nothing is missed, and everybody has the same figures. */
static void check_steady(pid_t worker)
{
	struct cow_stats early, late;
	struct row before, after;

	row_read(worker, &before);
	cow_stats_read(&early);
	worker_do(worker, write_steady, STEADY);
	row_read(worker, &after);
	cow_stats_read(&late);
	ok(row_value(&after, "copies_timed") - row_value(&before, "copies_timed") == STEADY &&
	   row_value(&after, "copies_missed") == row_value(&before, "copies_missed"),
	   "then each of %d copies is timed", STEADY);
	ok(row_value(&after, "faults_timed") - row_value(&before, "faults_timed") == STEADY &&
	   row_value(&after, "faults_missed") == row_value(&before, "faults_missed"),
	   "and each of as many faults");
	ok(late.faults - early.faults == STEADY && late.total - early.total ==
	   row_value(&after, "fault_ns") - row_value(&before, "fault_ns"),
	   "cow_stats has %lld more, and the same time", late.faults - early.faults);
}

int main(void)
{
	struct row before[WORKERS];
	pid_t workers[WORKERS];
	bool unloaded;

	if (mount("tracing", TRACING, "tracefs", 0, NULL) && errno != EBUSY)
		bail(TRACING);
	map_all();
	module_load("latency=fault hz=1000");
	for (int i = 0; i < WORKERS; i++) {
		workers[i] = worker_start();
		if (status_register(workers[i]))
			bail("R %d", (int)workers[i]);
		worker_do(workers[i], worker_rest, 0);
		row_read(workers[i], &before[i]);
	}
	let_it_storm(workers);
	for (int i = 0; i < WORKERS; i++)
		check_worker(workers[i], &before[i], &storm->rounds[i]);
	ok(adds_up(0, "copy") && adds_up(0, "fault"), "the buckets of the total add up");
	errno = module_set("latency", "fault");
	if (errno)
		bail("latency");
	check_steady(workers[0]);

	/* And out, from the middle of the next storm. */
	__atomic_store_n(&storm->over, false, __ATOMIC_RELAXED);
	for (size_t i = 0; i < WORKERS; i++)
		worker_begin(workers[i], copy_all, i);
	sleep_ms(300);
	unloaded = module_unload() == 0;
	__atomic_store_n(&storm->over, true, __ATOMIC_RELAXED);
	for (size_t i = 0; i < WORKERS; i++)
		worker_wait(workers[i]);
	ok(unloaded, "the module goes out under load, and nobody comes to harm");
	for (size_t i = 0; i < WORKERS; i++)
		child_end(workers[i]);
	return finish();
}
