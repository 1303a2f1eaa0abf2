// SPDX-License-Identifier: GPL-2.0
/*
 * The fault trace has each fault of a traced process once, with its address, its kind, the
 * instruction, the CPU, and its mapping: as many as the kernel itself counts.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "faults.h"
#include "memory.h"
#include "module.h"
#include "tap.h"
#include "worker.h"

enum {
	FRESH	= 300,
	SHARED	= 200,
	ZEROES	= 50,
	FILES	= 40,
	FIRST	= 30,
	DISK	= 20,
	KERNEL	= 60,
	REUSED	= 70,
	REMOTE	= 10,
	EACH	= 2000,		/* of each of two threads */
};

/* Nothing else is in this section, and so an instruction in it is of touch(). */
#define TOUCHING __attribute__((noinline, section("touching")))

extern char __start_touching[], __stop_touching[];

static volatile char *fresh, *shared, *zeroes, *file, *first, *disk, *kernel, *reused, *each[2];

TOUCHING static void touch(volatile char *pages, size_t count, bool write)
{
	for (size_t page = 0; page < count; page++)
		if (write)
			pages[page * PAGE_BYTES] = 1;
		else
			(void)pages[page * PAGE_BYTES];
}

static void stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		bail("sched_setaffinity");
}

/* ---- What a child does, and what the trace must have of it ---- */

static void touch_fresh(size_t unused)
{
	(void)unused;
	touch(fresh, FRESH, true);
}

static void touch_shared(size_t unused)
{
	(void)unused;
	touch(shared, SHARED, true);
}

static void read_zeroes(size_t unused)
{
	(void)unused;
	touch(zeroes, ZEROES, false);
}

static void write_zeroes(size_t unused)
{
	(void)unused;
	touch(zeroes, ZEROES, true);
}

static void read_file(size_t unused)
{
	(void)unused;
	touch(file, FILES, false);
}

static void write_file(size_t unused)
{
	(void)unused;
	touch(file, FILES, true);
}

static void write_first(size_t unused)
{
	(void)unused;
	touch(first, FIRST, true);
}

static void read_disk(size_t unused)
{
	(void)unused;
	touch(disk, DISK, false);
}

/* The kernel writes, in a system call. */
static void have_kernel_write(size_t unused)
{
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	(void)unused;
	if (read(fd, (void *)kernel, KERNEL * PAGE_BYTES) != KERNEL * PAGE_BYTES)
		bail("/dev/zero");
	close(fd);
}

static int do_nothing(void *unused)
{
	(void)unused;
	return 0;
}

/* Pages that a child had, too, and that are the worker's alone again. */
static void write_reused(size_t unused)
{
	(void)unused;
	stay_on(0);
	touch(reused, REUSED, true);
	child_wait(child_start(do_nothing, NULL));
	faults_count = 0;
	touch(reused, REUSED, true);
}

/* What the records of a mapping must have. */
struct must {
	volatile char *pages;
	size_t count;
	enum faultline_fault_kind kind;
	int cow;
	uint16_t flags;
	/* Not by touch(), but by the kernel. */
	bool by_kernel;
};

enum {
	OF_MAPPING = FAULTLINE_FAULT_WRITE | FAULTLINE_FAULT_EXEC | FAULTLINE_FAULT_USER |
		     FAULTLINE_FAULT_REMOTE | FAULTLINE_FAULT_FILE | FAULTLINE_FAULT_SHARED |
		     FAULTLINE_FAULT_HUGETLB | FAULTLINE_FAULT_STACK | FAULTLINE_FAULT_AHEAD,
	KNOWN = FAULTLINE_FAULT_COW_KNOWN | FAULTLINE_FAULT_REUSE_KNOWN,
};

static bool is_in_touch(uint64_t ip)
{
	return ip >= (uintptr_t)__start_touching && ip < (uintptr_t)__stop_touching;
}

/*
 * Kernels join neighbouring mappings; but what is behind a page ends with what is mapped,
 * and what is before it with where that begins.
 */
static bool is_in_mapping(const struct faultline_fault *fault, const struct must *must)
{
	size_t page = (fault->address - (uintptr_t)must->pages) / PAGE_BYTES;

	return fault->before_pages >= page && fault->after_pages >= must->count - page - 1;
}

static bool is_right(const struct faultline_fault *fault, const struct must *must, pid_t pid)
{
	return fault->pid == pid && fault->tid == pid && fault->kind == must->kind &&
	       fault->cow == must->cow && (fault->flags & OF_MAPPING) == must->flags &&
	       (fault->flags & KNOWN) == KNOWN && is_in_touch(fault->ip) == !must->by_kernel &&
	       fault->ip && is_in_mapping(fault, must) && fault->latency_ns > 0 &&
	       fault->latency_ns < 60000000000 && fault->node == 0;
}

static void show(const struct faultline_fault *fault)
{
	printf("# pid %d tid %d address %llx kind %u cow %u flags %x ip %llx before %u after %u "
	       "latency %llu cpu %u node %u\n", fault->pid, fault->tid,
	       (unsigned long long)fault->address, fault->kind, fault->cow, fault->flags,
	       (unsigned long long)fault->ip, fault->before_pages, fault->after_pages,
	       (unsigned long long)fault->latency_ns, fault->cpu, fault->node);
}

/* Of the pages of a mapping, each must be there once. */
static void claim(const char *what, pid_t pid, const struct must *must)
{
	size_t times[1024] = { 0 }, once = 0, right = 0, other = 0, page;

	for (size_t i = 0; i < faults_count; i++) {
		page = (faults[i].address - (uintptr_t)must->pages) / PAGE_BYTES;
		if (page >= must->count || faults[i].kind == FAULTLINE_FAULT_RETRIED)
			continue;
		times[page]++;
		if (is_right(&faults[i], must, pid))
			right++;
		else if (!other++)
			show(&faults[i]);
	}
	for (page = 0; page < must->count; page++)
		once += times[page] == 1;
	ok(once == must->count && right == must->count && other == 0,
	   "%s: %zu of %zu pages once, %zu as they must be, %zu otherwise", what, once,
	   must->count, right, other);
}

/* Does what a worker does, and claims that the kernel counts as much. */
static void claim_act(const char *what, pid_t worker, void (*act)(size_t count),
		      const struct must *must)
{
	long minor[2], major[2];
	size_t minors, majors;

	faults_look();
	child_faults(worker, &minor[0], &major[0]);
	worker_do(worker, act, 0);
	child_faults(worker, &minor[1], &major[1]);
	faults_look();
	claim(what, worker, must);
	minors = faults_of(worker, FAULTLINE_FAULT_MINOR);
	majors = faults_of(worker, FAULTLINE_FAULT_MAJOR);
	ok(minors == (size_t)(minor[1] - minor[0]) && majors == (size_t)(major[1] - major[0]),
	   "%s: %zu minor and %zu major faults, where the kernel counts %ld and %ld", what, minors,
	   majors, minor[1] - minor[0], major[1] - major[0]);
}

static void every_kind(void)
{
	const uint16_t user = FAULTLINE_FAULT_USER, write = FAULTLINE_FAULT_WRITE;
	const uint16_t of_file = FAULTLINE_FAULT_FILE;
	pid_t worker = worker_start();

	if (status_register(worker))
		bail("R %d", (int)worker);
	faults_must_trace(worker);
	worker_do(worker, worker_rest, 0);
	faults_skip();
	claim_act("fresh memory", worker, touch_fresh, &(struct must){
		fresh, FRESH, FAULTLINE_FAULT_MINOR, FAULTLINE_NOT_COPIED, user | write, false });
	claim_act("memory shared by fork", worker, touch_shared, &(struct must){
		shared, SHARED, FAULTLINE_FAULT_MINOR, FAULTLINE_ANON, user | write, false });
	claim_act("zero page, read", worker, read_zeroes, &(struct must){
		zeroes, ZEROES, FAULTLINE_FAULT_MINOR, FAULTLINE_NOT_COPIED, user, false });
	claim_act("zero page, written", worker, write_zeroes, &(struct must){
		zeroes, ZEROES, FAULTLINE_FAULT_MINOR, FAULTLINE_ZERO, user | write, false });
	worker_do(worker, read_file, 0);
	claim_act("private file, read before and written", worker, write_file, &(struct must){
		file, FILES, FAULTLINE_FAULT_MINOR, FAULTLINE_FILE, user | write | of_file, false });
	claim_act("private file, written at first touch", worker, write_first, &(struct must){
		first, FIRST, FAULTLINE_FAULT_MINOR, FAULTLINE_FILE_FIRST,
		user | write | of_file, false });
	claim_act("file on a disk", worker, read_disk, &(struct must){
		disk, DISK, FAULTLINE_FAULT_MAJOR, FAULTLINE_NOT_COPIED, user | of_file, false });
	claim_act("written by the kernel", worker, have_kernel_write, &(struct must){
		kernel, KERNEL, FAULTLINE_FAULT_MINOR, FAULTLINE_NOT_COPIED, write, true });
	child_end(worker);
}

/* Pages that need no copy, as nobody else has them any more. */
static void reused_pages(void)
{
	pid_t worker = worker_start();
	size_t of[2] = { 0 };

	if (status_register(worker))
		bail("R %d", (int)worker);
	faults_must_trace(worker);
	faults_skip();
	worker_do(worker, write_reused, 0);
	faults_look();
	for (size_t i = 0; i < faults_count; i++)
		if (faults[i].address - (uintptr_t)reused < (size_t)REUSED * PAGE_BYTES)
			of[faults[i].cow == FAULTLINE_REUSED]++;
	ok(of[1] == REUSED && of[0] == REUSED,
	   "%d pages that became writable as they are: %zu say so, and %zu that they were new",
	   REUSED, of[1], of[0]);
	child_end(worker);
}

/* Another process's writes are of this memory, and not of its counters. */
static void remote_writes(void)
{
	pid_t worker = worker_start();
	char path[32];
	size_t right = 0, all = 0;
	int fd;

	if (status_register(worker))
		bail("R %d", (int)worker);
	faults_must_trace(worker);
	faults_skip();
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)worker);
	fd = open(path, O_RDWR | O_CLOEXEC);
	for (size_t page = 0; page < REMOTE; page++)
		if (pwrite(fd, "x", 1, (off_t)(shared + page * PAGE_BYTES)) != 1)
			bail("%s", path);
	close(fd);
	faults_look();
	for (size_t i = 0; i < faults_count; i++) {
		if (faults[i].address - (uintptr_t)shared >= (size_t)REMOTE * PAGE_BYTES)
			continue;
		all++;
		right += faults[i].pid == worker && faults[i].tid == getpid() && !faults[i].ip &&
			 faults[i].flags & FAULTLINE_FAULT_REMOTE &&
			 faults[i].cow == FAULTLINE_REMOTE;
	}
	ok(right == REMOTE, "%zu of %d pages that we write into it: of its memory, by us", right,
	   REMOTE);
	ok(all >= right && faults_of(worker, FAULTLINE_FAULT_MINOR) == 0,
	   "none of them is a fault of its own");
	child_end(worker);
}

/* ---- Two CPUs ---- */

static void *touch_on(void *cpu)
{
	int number = *(int *)cpu;

	stay_on(number);
	touch(each[number], EACH, true);
	return NULL;
}

static int touch_on_both(void *unused)
{
	pthread_t threads[2];
	int cpus[2] = { 0, 1 };

	(void)unused;
	for (int i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, touch_on, &cpus[i]))
			bail("pthread_create");
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

static void two_cpus(void)
{
	pid_t pid = child_start_stopped(touch_on_both, NULL);
	size_t right[2] = { 0 }, backward = 0, page;
	bool twice = false;
	static bool seen[2][EACH];

	if (status_register(pid))
		bail("R %d", (int)pid);
	faults_must_trace(pid);
	faults_skip();
	child_resume(pid);
	child_wait(pid);
	faults_look();
	for (size_t i = 0; i < faults_count; i++) {
		for (int cpu = 0; cpu < 2; cpu++) {
			page = (faults[i].address - (uintptr_t)each[cpu]) / PAGE_BYTES;
			if (page >= EACH)
				continue;
			twice = twice || seen[cpu][page];
			seen[cpu][page] = true;
			right[cpu] += faults[i].cpu == cpu && faults[i].pid == pid &&
				      faults[i].tid != pid;
		}
		backward += i && faults[i].cpu == faults[i - 1].cpu &&
			    (faults[i].time_ns < faults[i - 1].time_ns ||
			     faults[i].seq != faults[i - 1].seq + 1);
	}
	ok(right[0] == EACH && right[1] == EACH && !twice,
	   "two threads on a CPU each: %zu and %zu of %d pages once, on their CPUs", right[0],
	   right[1], EACH);
	ok(backward == 0, "in each ring neither times nor numbers go back");
}

/* ---- Children, and the end ---- */

static int fork_one(void *unused)
{
	(void)unused;
	return child_wait(child_start(do_nothing, NULL));
}

static bool is_unhooked(void *unused)
{
	(void)unused;
	return !faults_hooked("handle_mm_fault") && !faults_hooked("do_wp_page");
}

static void children_and_end(void)
{
	pid_t pid = child_start_stopped(fork_one, NULL), bystander = child_start(child_sleep, NULL);
	size_t others = 0;

	if (status_register(bystander) || status_register_children(pid))
		bail("R %d children", (int)pid);
	/* Those who were traced before have gone, too. */
	if (!wait_until(is_unhooked, NULL))
		bail("hooks of nobody");
	faults_must_trace(pid);
	ok(faults_said("processes") == 1 && faults_hooked("handle_mm_fault"),
	   "one process is traced, and there is a hook");
	faults_skip();
	child_resume(pid);
	child_wait(pid);
	faults_look();
	for (size_t i = 0; i < faults_count; i++)
		others += faults[i].pid != pid;
	ok(faults_of(pid, FAULTLINE_FAULT_MINOR) > 0 && others > 0,
	   "a child that it has is traced, too: %zu faults", others);
	ok(wait_until(is_unhooked, NULL) && faults_said("processes") == 0,
	   "when both have gone, so have the hooks, though somebody else is registered");
	child_end(bystander);
}

static void off_again(void)
{
	pid_t worker = worker_start(), other = worker_start();
	long long before;

	if (status_register(worker) || status_register(other))
		bail("R");
	ok(is_unhooked(NULL), "registered processes alone have no hook on faults");
	faults_must_trace(worker);
	faults_must_trace(worker);
	ok(faults_said("processes") == 1, "traced twice is traced once");
	worker_do(worker, worker_rest, 0);
	faults_skip();
	worker_do(other, touch_fresh, 0);
	faults_look();
	ok(faults_of(other, FAULTLINE_FAULT_MINOR) == 0, "who is only registered is not traced");
	if (faults_trace(worker, "off"))
		bail("T off");
	before = faults_said("recorded");
	ok(is_unhooked(NULL), "off: the hooks have gone at once");
	worker_do(worker, touch_fresh, 0);
	ok(faults_said("recorded") == before, "off: nothing is recorded");
	faults_must_trace(worker);
	faults_skip();
	worker_do(worker, touch_shared, 0);
	faults_look();
	ok(faults_of(worker, FAULTLINE_FAULT_MINOR) >= SHARED, "on again: in the rings that were there");
	ok(faults_said("missed") == 0, "nothing was missed");
	child_end(worker);
	child_end(other);
}

static void map_all(void)
{
	fresh = memory_map(FRESH);
	shared = memory_map(SHARED);
	memory_write(shared, SHARED);
	zeroes = memory_map(ZEROES);
	file = memory_map_file(FILES);
	memory_read(file, FILES);
	first = memory_map_file(FIRST);
	disk = memory_map_disk(DISK);
	kernel = memory_map(KERNEL);
	reused = memory_map(REUSED);
	each[0] = memory_map(EACH);
	each[1] = memory_map(EACH);
}

int main(void)
{
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	map_all();
	module_load("hz=100");
	every_kind();
	reused_pages();
	remote_writes();
	two_cpus();
	children_and_end();
	off_again();
	return finish();
}
