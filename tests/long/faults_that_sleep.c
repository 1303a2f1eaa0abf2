// SPDX-License-Identifier: GPL-2.0
/*
 * Faults in which the task sleeps, changes its CPU, or dies.
 *
 * The time of a fault is that of the one call of handle_mm_fault() which put the page in
 * place.  Most waits end with the kernel giving up that call and starting it anew (it does
 * not like to wait with the lock of the address space held), and then the call that copies
 * has not waited: userfaultfd, and a page that is read in for the process's own access.
 * Where another process writes, through /proc/PID/mem, the kernel waits and copies in one
 * call, and then the wait is in the time: for a page of a file, and for one in swap.  A
 * limit on reads per second makes the disk slow here.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "kernel_memory.h"
#include "memory.h"
#include "module.h"
#include "tap.h"
#include "times.h"
#include "userfault.h"
#include "worker.h"

enum {
	SLEEPERS	= 4,
	SLEEP_MS	= 1000,
	SLOW		= 4,		/* pages that come from the slow disk */
	STRIDE		= 16,		/* apart, so that no read brings in two */
	FLIPPED		= 20000,
	KILLED		= 100,
	FILES		= 32,
	NS_PER_MS	= 1000000,
	LEAK_MAX_KB	= 4096,
};

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT	21
#endif

#define CGROUP	"/sys/fs/cgroup/slow"

static long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void switch_to(const char *value)
{
	errno = module_set("latency", value);
	if (errno)
		bail("latency=%s", value);
}

static void register_(pid_t pid)
{
	errno = status_register(pid);
	if (errno)
		bail("R %d", (int)pid);
}

static long long timed_or_missed(const struct row *row)
{
	return row_value(row, "faults_timed") + row_value(row, "faults_missed");
}

/*
 * A process with threads that sleep in a fault each, until it is told to give them their
 * pages.
 */
static volatile char *awaited;
static int asleep[2], awake[2];

static void *write_awaited(void *page)
{
	*(volatile char *)page = 5;
	return NULL;
}

/* The zero page, which the thread's second attempt then copies. */
static void give_pages(int fd)
{
	struct uffdio_zeropage zero = {
		.range = { (uintptr_t)awaited, SLEEPERS * PAGE_BYTES },
	};

	if (ioctl(fd, UFFDIO_ZEROPAGE, &zero))
		bail("UFFDIO_ZEROPAGE");
}

static int sleep_in_faults(void *unused)
{
	pthread_t threads[SLEEPERS];
	char byte = 0;
	int fd;

	(void)unused;
	awaited = memory_map(SLEEPERS);
	fd = userfault_open(awaited, SLEEPERS);
	for (int i = 0; i < SLEEPERS; i++)
		if (pthread_create(&threads[i], NULL, write_awaited,
				   (void *)(awaited + i * PAGE_BYTES)))
			bail("pthread_create");
	for (int i = 0; i < SLEEPERS; i++)
		userfault_wait(fd);
	if (write(asleep[1], &byte, 1) != 1 || read(awake[0], &byte, 1) != 1)
		bail("pipe");
	give_pages(fd);
	for (int i = 0; i < SLEEPERS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < SLEEPERS; i++)
		if (awaited[i * PAGE_BYTES] != 5)
			return 1;
	raise(SIGSTOP);
	return 0;
}

/* Returns once its threads have slept for a while. */
static pid_t start_sleeper(void)
{
	pid_t sleeper = child_start_stopped(sleep_in_faults, NULL);
	char byte;

	register_(sleeper);
	child_resume(sleeper);
	if (read(asleep[0], &byte, 1) != 1)
		bail("pipe");
	sleep_ms(SLEEP_MS);
	return sleeper;
}

/* Its counters, once its threads have their pages; false if one does not have it right. */
static bool wake_sleeper(pid_t sleeper, struct row *row)
{
	char byte = 0;
	int status;

	if (write(awake[1], &byte, 1) != 1 || waitpid(sleeper, &status, WUNTRACED) != sleeper)
		bail("pipe");
	return WIFSTOPPED(status) && row_read(sleeper, row);
}

static bool end_sleeper(pid_t sleeper)
{
	child_resume(sleeper);
	return child_wait(sleeper) == 0;
}

static void sleep_on(void)
{
	static struct times times;
	pid_t sleeper = start_sleeper();
	bool right;
	struct row row;

	right = wake_sleeper(sleeper, &row);
	/* Threads may upgrade a zero page of their own besides, on their stacks. */
	ok(right && row_value(&row, "cow_zero") >= SLEEPERS &&
	   row_value(&row, "faults_missed") == 0 &&
	   row_value(&row, "faults_timed") == row_value(&row, "cow"),
	   "%d threads slept in a fault: %lld zero pages, %lld faults timed of %lld, %lld missed",
	   SLEEPERS, row_value(&row, "cow_zero"), row_value(&row, "faults_timed"),
	   row_value(&row, "cow"), row_value(&row, "faults_missed"));
	times_read(sleeper, "fault", &times);
	ok(times.max < SLEEP_MS * (long long)NS_PER_MS,
	   "the sleep was in a call that the kernel gave up: the longest fault has %lld ms of %d",
	   times.max / NS_PER_MS, SLEEP_MS);
	right = end_sleeper(sleeper);
	ok(right, "they go on unharmed");
}

static void switch_while_asleep(void)
{
	pid_t sleeper = start_sleeper();
	struct row before, after;
	long long owed;
	bool right;

	row_read(sleeper, &before);
	switch_to("off");
	switch_to("fault");
	switch_to("copy");
	switch_to("fault");
	right = wake_sleeper(sleeper, &after);
	owed = row_value(&after, "cow") - row_value(&before, "cow");
	right = right && timed_or_missed(&after) - timed_or_missed(&before) == owed;
	ok(right && owed >= SLEEPERS && row_value(&after, "faults_missed") == 0,
	   "latency off and on while they sleep: %lld faults after that, all timed", owed);
	right = end_sleeper(sleeper);
	ok(right, "they go on unharmed");
}

static void switch_off_while_asleep(void)
{
	pid_t sleeper = start_sleeper();
	struct row before, after;
	bool right;

	row_read(sleeper, &before);
	switch_to("off");
	right = wake_sleeper(sleeper, &after);
	ok(right && timed_or_missed(&after) == timed_or_missed(&before) &&
	   row_value(&after, "cow") > row_value(&before, "cow"),
	   "latency off while they sleep: no fault is timed or missed after that");
	right = end_sleeper(sleeper);
	ok(right, "they go on unharmed");
	switch_to("fault");
}

/* Their return addresses are the kernel's to keep. */
static void unload_while_asleep(void)
{
	pid_t sleeper = start_sleeper();
	char byte = 0;
	int status, error = module_unload();

	ok(error == 0, "the module goes out while they sleep: %s", strerror(error));
	if (write(awake[1], &byte, 1) != 1 || waitpid(sleeper, &status, WUNTRACED) != sleeper)
		bail("pipe");
	ok(WIFSTOPPED(status) && end_sleeper(sleeper), "they go on unharmed");
	module_load("latency=fault");
}

static void reload_while_asleep(void)
{
	pid_t sleeper = start_sleeper();
	struct row row;
	bool right;

	if (module_unload())
		bail("rmmod");
	module_load("latency=fault");
	register_(sleeper);
	right = wake_sleeper(sleeper, &row);
	ok(right && row_value(&row, "faults_missed") == 0 && row_value(&row, "cow") >= SLEEPERS &&
	   row_value(&row, "faults_timed") == row_value(&row, "cow"),
	   "out and in again while they sleep: %lld faults after that, all timed",
	   row_value(&row, "cow"));
	right = end_sleeper(sleeper);
	ok(right, "they go on unharmed");
}

/* The disk that the guest swaps to, as the limits of a cgroup name it. */
static bool make_disk_slow(void)
{
	static char path[64], limit[64];
	struct stat disk;

	if (sscanf(file_get("/proc/swaps"), "%*[^\n] %63s", path) != 1 || stat(path, &disk))
		bail("no disk in /proc/swaps");
	snprintf(limit, sizeof(limit), "%u:%u riops=2\n", major(disk.st_rdev), minor(disk.st_rdev));
	return file_put("/sys/fs/cgroup/cgroup.subtree_control", "+io") == 0 &&
	       (mkdir(CGROUP, 0755) == 0 || errno == EEXIST) &&
	       file_put(CGROUP "/io.max", limit) == 0;
}

static void join_slow(pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", (int)pid);
	if (file_put(CGROUP "/cgroup.procs", text))
		bail(CGROUP "/cgroup.procs");
}

/* Pages of the disk, or in swap: none of them is in memory. */
static volatile char *slow;

static void write_slow(size_t pages)
{
	for (size_t page = 0; page < pages; page++)
		slow[page * STRIDE * PAGE_BYTES] = 1;
}

/* Writes into the memory of another process, which the kernel does without a second try. */
static int write_slow_remotely(void *target)
{
	char path[32];
	int fd;

	join_slow(getpid());
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)*(pid_t *)target);
	fd = open(path, O_RDWR | O_CLOEXEC);
	for (size_t page = 0; page < SLOW; page++)
		if (pwrite(fd, "x", 1, (off_t)(slow + page * STRIDE * PAGE_BYTES)) != 1)
			bail("%s", path);
	return 0;
}

static void wait_and_copy_at_once(const char *what, bool copied)
{
	static struct times times;
	long long took, faults_ns;
	pid_t worker = worker_start();
	struct row row;

	register_(worker);
	took = now_ns();
	if (child_wait(child_start(write_slow_remotely, &worker)))
		bail("the writer failed");
	took = now_ns() - took;
	row_read(worker, &row);
	times_read(worker, "fault", &times);
	faults_ns = row_value(&row, "fault_ns");
	ok(row_value(&row, "cow_remote") == SLOW && times.count == SLOW && times.missed == 0,
	   "%s, written by another process: %lld copied of %d, %lld timed", what,
	   row_value(&row, "cow_remote"), SLOW, times.count);
	ok(row_value(&row, "copies_timed") == (copied ? SLOW : 0) &&
	   row_value(&row, "copies_missed") == 0, "%lld copies timed",
	   row_value(&row, "copies_timed"));
	ok(times.max >= 300 * NS_PER_MS && faults_ns <= took && faults_ns >= took / 2,
	   "the wait is in the time: %lld ms in all, the longest %lld ms, the writer took %lld ms",
	   faults_ns / NS_PER_MS, times.max / NS_PER_MS, took / NS_PER_MS);
	ok(!copied || row_value(&row, "copy_ns") < 300 * NS_PER_MS,
	   "and not in that of the copies: %lld us", row_value(&row, "copy_ns") / 1000);
	child_end(worker);
}

static void wait_and_copy_in_turn(void)
{
	pid_t worker = worker_start();
	long long took, faults_ns;
	struct row row;

	register_(worker);
	worker_do(worker, worker_rest, 0);
	join_slow(worker);
	took = now_ns();
	worker_do(worker, write_slow, SLOW);
	took = now_ns() - took;
	row_read(worker, &row);
	faults_ns = row_value(&row, "fault_ns");
	ok(row_value(&row, "cow_file_first") == SLOW && row_value(&row, "faults_missed") == 0 &&
	   row_value(&row, "faults_timed") == row_value(&row, "cow"),
	   "pages of a slow disk, written by the process itself: %lld copied, all timed",
	   row_value(&row, "cow_file_first"));
	ok(took >= 300 * NS_PER_MS && faults_ns < took / 2,
	   "the wait is in calls that the kernel gave up: %lld ms of faults, it took %lld ms",
	   faults_ns / NS_PER_MS, took / NS_PER_MS);
	child_end(worker);
}

static void map_slow_disk(void)
{
	slow = memory_map_disk(SLOW * STRIDE);
	if (mprotect((void *)slow, SLOW * STRIDE * PAGE_BYTES, PROT_READ | PROT_WRITE))
		bail("mprotect");
}

/* On the disk, and the swap cache has given them back, too. */
static bool all_in_swap(void *unused)
{
	static unsigned char present[SLOW * STRIDE];
	bool none = true;

	(void)unused;
	madvise((void *)slow, sizeof(present) * PAGE_BYTES, MADV_PAGEOUT);
	/* More than there is to get: it gives what it can, and an error. */
	file_put("/sys/fs/cgroup/memory.reclaim", "16M");
	if (mincore((void *)slow, sizeof(present) * PAGE_BYTES, present))
		bail("mincore");
	for (size_t page = 0; page < sizeof(present); page++)
		none = none && !(present[page] & 1);
	return none;
}

static void map_swapped(void)
{
	slow = memory_map(SLOW * STRIDE);
	memory_write(slow, SLOW * STRIDE);
	if (file_put("/proc/sys/vm/page-cluster", "0") || !wait_until(all_in_swap, NULL))
		bail("memory does not go into swap");
}

static void wait_for_disk(void)
{
	if (!make_disk_slow()) {
		skip("waits for a slow disk: this kernel has no limit on reads");
		return;
	}
	map_slow_disk();
	wait_and_copy_at_once("pages of a slow disk", false);
	memory_unmap(slow, SLOW * STRIDE);
	map_slow_disk();
	wait_and_copy_in_turn();
	memory_unmap(slow, SLOW * STRIDE);
	map_swapped();
	wait_and_copy_at_once("pages in a slow swap, shared with the parent", true);
	memory_unmap(slow, SLOW * STRIDE);
}

static volatile char *flipped;

static void write_flipped(size_t pages)
{
	memory_write(flipped, pages);
}

static void pin(pid_t pid, int cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(pid, sizeof(one), &one))
		bail("sched_setaffinity");
}

static void change_cpu(void)
{
	static struct times copies, faults;
	int status, flips = 0;
	struct row before, after;
	long long took;
	pid_t worker;

	flipped = memory_map(FLIPPED);
	memory_write(flipped, FLIPPED);
	worker = worker_start();
	register_(worker);
	worker_do(worker, worker_rest, 0);
	row_read(worker, &before);
	took = now_ns();
	worker_begin(worker, write_flipped, FLIPPED);
	while (waitpid(worker, &status, WUNTRACED | WNOHANG) == 0)
		pin(worker, ++flips % 2);
	took = now_ns() - took;
	row_read(worker, &after);
	times_read(worker, "copy", &copies);
	times_read(worker, "fault", &faults);
	ok(row_value(&after, "cow") - row_value(&before, "cow") == FLIPPED && flips > 20,
	   "a process that is sent to the other CPU %d times copies %d pages", flips, FLIPPED);
	ok(copies.missed == 0 && faults.missed == 0 && faults.count == row_value(&after, "cow") &&
	   copies.count == row_value(&after, "cow_anon") + row_value(&after, "cow_file"),
	   "no copy or fault is missed: %lld of %lld", copies.missed + faults.missed,
	   faults.count);
	ok(faults.sum <= took && faults.max < took && copies.sum < faults.sum,
	   "the faults have %lld ms of %lld, the copies %lld", faults.sum / NS_PER_MS,
	   took / NS_PER_MS, copies.sum / NS_PER_MS);
	child_end(worker);
	memory_unmap(flipped, FLIPPED);
}

static volatile char *endless;

/* Each round drops the copies, reads the file's pages, and copies them again. */
static _Noreturn int copy_without_end(void *unused)
{
	(void)unused;
	for (;;) {
		madvise((void *)endless, FILES * PAGE_BYTES, MADV_DONTNEED);
		memory_read(endless, FILES);
		memory_write(endless, FILES);
	}
}

static int kill_in_faults(int times)
{
	int copying = 0;
	pid_t child;

	for (int i = 0; i < times; i++) {
		child = child_start(copy_without_end, NULL);
		register_(child);
		sleep_ms(5 + (unsigned int)rand() % 10);
		copying += status_value(child, "faults_timed") > 0;
		child_end(child);
	}
	return copying;
}

static void die(void)
{
	long before_kb;
	int copying;

	endless = memory_map_file(FILES);
	kill_in_faults(KILLED / 5);
	before_kb = kernel_memory_kb();
	copying = kill_in_faults(KILLED);
	ok(copying > KILLED / 2, "%d processes are killed, %d of them had been timed by then",
	   KILLED, copying);
	kernel_memory_ok("then", before_kb, LEAK_MAX_KB);
}

int main(void)
{
	if (pipe2(asleep, O_CLOEXEC) || pipe2(awake, O_CLOEXEC))
		bail("pipe");
	module_load("latency=fault");
	sleep_on();
	switch_while_asleep();
	switch_off_while_asleep();
	unload_while_asleep();
	reload_while_asleep();
	wait_for_disk();
	change_cpu();
	die();
	ok(module_unload() == 0, "the module goes out");
	return finish();
}
