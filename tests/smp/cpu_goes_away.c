// SPDX-License-Identifier: GPL-2.0
/*
 * The CPU that the sampler sits on can be taken away at any time, with its timer and its
 * thread on it: sampling goes on, each period is accounted for, and what was counted and
 * traced on that CPU stays.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "child.h"
#include "copies.h"
#include "faults.h"
#include "memory.h"
#include "module.h"
#include "tap.h"
#include "ticks.h"
#include "times.h"
#include "worker.h"

#define ONLINE	"/sys/devices/system/cpu/cpu1/online"

enum {
	TURNS		= 5,
	AWAY_MS		= 200,
	PAGES		= 1009,
};

static volatile char *pages, *others;

static void move_to(pid_t pid, unsigned long cpus)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (int cpu = 0; cpu < 2; cpu++)
		if (cpus & 1ul << cpu)
			CPU_SET(cpu, &set);
	if (sched_setaffinity(pid, sizeof(set), &set))
		bail("sched_setaffinity of %d", (int)pid);
}

/* The thread that the sampler works in. */
static pid_t sampler(void)
{
	DIR *processes = opendir("/proc");
	char path[64], name[32];
	struct dirent *entry;
	pid_t found = 0;

	while (!found && (entry = readdir(processes))) {
		if (!isdigit(entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%.16s/comm", entry->d_name);
		if (access(path, R_OK) == 0) {
			snprintf(name, sizeof(name), "%.16s", file_get(path));
			if (strcmp(name, "faultline\n") == 0)
				found = (pid_t)atoi(entry->d_name);
		}
	}
	closedir(processes);
	if (!found)
		bail("no thread of the sampler's");
	return found;
}

/* The kernel's list goes CPU by CPU. */
static bool timer_is_on_cpu_1(void)
{
	const char *list = file_get("/proc/timer_list"), *cpu = strstr(list, "\ncpu: 1\n");
	const char *timer = strstr(list, "timer_expired [faultline]");

	return cpu && timer > cpu;
}

/* A timer is on the CPU that it was started on, and writing hz starts it. */
static void seat_sampler_on_cpu_1(void)
{
	move_to(sampler(), 1 << 1);
	for (int i = 0; i < 100; i++) {
		move_to(0, 1 << 1);
		if (module_set("hz", "1000"))
			bail("hz=1000");
		move_to(0, 1 << 0 | 1 << 1);
		if (timer_is_on_cpu_1())
			return;
	}
	bail("the sampler's timer is never on CPU 1");
}

static void write_pages(size_t count)
{
	memory_write(pages, count);
}

static void write_others(size_t count)
{
	memory_write(others, count);
}

/* Is on CPU 1, stopped, and registered. */
static pid_t start_worker(void)
{
	pid_t worker = worker_start();

	worker_do(worker, worker_rest, 0);
	move_to(worker, 1 << 1);
	errno = status_register(worker);
	if (errno)
		bail("R");
	worker_do(worker, worker_rest, 0);
	return worker;
}

static void sampling_goes_on(const struct faultline_header *ring)
{
	uint64_t ticks, head, fewest_ticks = UINT64_MAX, fewest_records = UINT64_MAX;
	double ahead = NAN;
	int seats = 0;

	for (int turn = 0; turn < TURNS; turn++) {
		seat_sampler_on_cpu_1();
		seats++;
		ahead = ticks_ahead(ring);
		file_must_put(ONLINE, "0");
		ticks = ring->ticks;
		head = ring->head;
		sleep_ms(AWAY_MS);
		ticks = ring->ticks - ticks;
		head = ring->head - head;
		fewest_ticks = ticks < fewest_ticks ? ticks : fewest_ticks;
		fewest_records = head < fewest_records ? head : fewest_records;
		file_must_put(ONLINE, "1");
		ahead = ticks_ahead(ring) - ahead;
		if (fabs(ahead) >= TICKS_TOLERANCE)
			break;
	}
	ok(seats == TURNS && fewest_ticks > 2 && fewest_records >= fewest_ticks,
	   "CPU 1 goes away %d times with the sampler on it, which goes on: %" PRIu64 " ticks and %"
	   PRIu64 " records in %d ms at least", seats, fewest_ticks, fewest_records, AWAY_MS);
	ok(fabs(ahead) < TICKS_TOLERANCE,
	   "each period has a tick, or one that is counted as missed: %.1f too many", ahead);
}

static void counts_stay(pid_t worker)
{
	long long missed = status_value(worker, "copies_missed");
	long copied = copies_of(worker).all;
	struct cow_stats before, away;

	cow_stats_reset();
	worker_do(worker, write_pages, PAGES);
	cow_stats_read(&before);
	file_must_put(ONLINE, "0");
	cow_stats_read(&away);
	copied = copies_of(worker).all - copied;
	file_must_put(ONLINE, "1");
	missed = status_value(worker, "copies_missed") - missed;
	ok(before.faults == PAGES - missed && away.faults == before.faults &&
	   away.total == before.total && away.max == before.max,
	   "%lld of %d copies were timed on CPU 1, and all of them stay when it goes: %lld",
	   before.faults, PAGES, away.faults);
	ok(copied == PAGES, "the process that made them still has %ld", copied);
}

/* It writes while its CPU goes and comes. */
static void counts_go_on(pid_t worker)
{
	long copied = copies_of(worker).all;

	worker_begin(worker, write_pages, PAGES);
	file_must_put(ONLINE, "0");
	worker_wait(worker);
	file_must_put(ONLINE, "1");
	copied = copies_of(worker).all - copied;
	ok(copied == PAGES, "%d pages written while the CPU went away are %ld copies", PAGES, copied);
}

static size_t traced_on(unsigned int cpu)
{
	size_t count = 0;

	for (size_t i = 0; i < faults_count; i++)
		count += faults[i].cow != FAULTLINE_NOT_COPIED && faults[i].cpu == cpu;
	return count;
}

/* Its ring is there whether or not the CPU is when tracing begins, and stays. */
static void trace_goes_on(pid_t worker)
{
	size_t before, away, after;

	file_must_put(ONLINE, "0");
	faults_must_trace(worker);
	file_must_put(ONLINE, "1");
	move_to(worker, 1 << 1);
	faults_skip();
	worker_do(worker, write_pages, PAGES / 2);
	file_must_put(ONLINE, "0");
	faults_look();
	before = traced_on(1);
	worker_do(worker, write_pages, PAGES);
	faults_look();
	away = traced_on(0);
	file_must_put(ONLINE, "1");
	ok(before == PAGES / 2, "of %d copies that were traced on CPU 1 all are there when it has "
	   "gone: %zu", PAGES / 2, before);
	ok(away == PAGES - PAGES / 2, "the other %d are traced on CPU 0: %zu", PAGES - PAGES / 2,
	   away);
	move_to(worker, 1 << 1);
	worker_do(worker, write_others, PAGES);
	faults_look();
	after = traced_on(1);
	ok(after == PAGES && !faults_lost, "and %d on CPU 1 when it is back: %zu, %" PRIu64 " lost",
	   PAGES, after, faults_lost);
}

int main(void)
{
	const struct faultline_header *ring;
	pid_t workers[3];

	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	if (access(ONLINE, W_OK)) {
		skip("a CPU goes away: this kernel cannot take it");
		return finish();
	}
	pages = memory_map(PAGES);
	memory_write(pages, PAGES);
	others = memory_map(PAGES);
	memory_write(others, PAGES);
	module_load("hz=1000 latency=copy");
	ring = ring_map();
	ring_keep_from_children(ring);
	for (int i = 0; i < 3; i++)
		workers[i] = start_worker();
	sampling_goes_on(ring);
	counts_stay(workers[0]);
	counts_go_on(workers[1]);
	trace_goes_on(workers[2]);
	for (int i = 0; i < 3; i++)
		child_end(workers[i]);
	ring_unmap(ring);
	return finish();
}
