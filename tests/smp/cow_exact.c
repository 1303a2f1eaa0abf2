// SPDX-License-Identifier: GPL-2.0
/*
 * The module counts one copy-on-write fault for each page of anonymous memory that was
 * copied, whoever made the kernel copy it, and none for a page that was not.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

#include "child.h"
#include "copies.h"
#include "memory.h"
#include "module.h"
#include "tap.h"

enum {
	HUGE_PAGES = 512,	/* small pages of a huge one */
	PAGES = 1024,
	THREADS = 4,
};

/* The pages under test. */
static volatile char *memory;

static void write_pages(size_t count)
{
	memory_write(memory, count);
}

static void read_pages(size_t count)
{
	memory_read(memory, count);
}

static void fill(size_t pages)
{
	memory = memory_map(pages);
	write_pages(pages);
}

static void unmap(size_t pages)
{
	memory_unmap(memory, pages);
}

/* Memory that is not private, or not anonymous. */
static void map(size_t pages, int flags, int fd)
{
	memory = mmap(NULL, pages * PAGE_BYTES, PROT_READ | PROT_WRITE, flags, fd, 0);
	if (memory == MAP_FAILED)
		bail("mmap");
}

static void child_writes(size_t pages)
{
	fill(pages);
	copies_claim_none(copies_made_in_child(NULL, write_pages, 0),
			  "a child that writes nothing");
	copies_claim(FAULTLINE_ANON, (long)pages / 2,
		     copies_made_in_child(NULL, write_pages, pages / 2),
		     "a child that writes half");
	copies_claim(FAULTLINE_ANON, (long)pages, copies_made_in_child(NULL, write_pages, pages),
		     "a child that writes all");
	copies_claim_none(copies_made_in_child(NULL, read_pages, pages), "a child that reads all");
	unmap(pages);
}

static void write_twice(size_t count)
{
	read_pages(PAGES);
	write_pages(count);
	write_pages(count);
}

static void child_writes_twice(void)
{
	fill(PAGES);
	copies_claim(FAULTLINE_ANON, 100, copies_made_in_child(NULL, write_twice, 100),
		     "a page is copied by its first write only");
	unmap(PAGES);
}

static void parent_writes(void)
{
	pid_t child;

	fill(PAGES);
	child = copies_start_sharer();
	copies_claim(FAULTLINE_ANON, 300, copies_made(write_pages, 300),
		     "a parent that writes while its child lives");
	child_end(child);
	copies_claim_none(copies_made(write_pages, PAGES),
			  "one that writes once its child is gone");
	unmap(PAGES);
}

static void never_shared(void)
{
	memory = memory_map(64);
	copies_claim_none(copies_made(write_pages, 64), "fresh memory");
	mprotect((void *)memory, 64 * PAGE_BYTES, PROT_READ);
	mprotect((void *)memory, 64 * PAGE_BYTES, PROT_READ | PROT_WRITE);
	copies_claim_none(copies_made(write_pages, 64), "memory that was read-only for a while");
	unmap(64);

	map(64, MAP_SHARED | MAP_ANONYMOUS, -1);
	write_pages(64);
	copies_claim_none(copies_made_in_child(NULL, write_pages, 64),
			  "memory that parent and child share on purpose");
	unmap(64);
}

static void zero_page(void)
{
	memory = memory_map(64);
	read_pages(64);
	copies_claim(FAULTLINE_ZERO, 64, copies_made(write_pages, 64),
		     "the zero page, read and then written");
	unmap(64);
}

static pthread_barrier_t barrier;
static size_t thread_stride;

/* What a thread writes: every page, or those that are its own. */
static void *write_as_thread(void *first)
{
	for (;;) {
		pthread_barrier_wait(&barrier);
		for (size_t page = *(size_t *)first; page < PAGES; page += thread_stride)
			memory[page * PAGE_BYTES] = 1;
		pthread_barrier_wait(&barrier);
	}
	return NULL;
}

static void let_threads_write(size_t stride)
{
	thread_stride = stride;
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
}

static void use_all_cpus(void)
{
	cpu_set_t all;

	memset(&all, 0xff, sizeof(all));
	if (sched_setaffinity(0, sizeof(all), &all))
		bail("sched_setaffinity");
}

/* How threads divide the pages: number n begins at n * distance and goes on by stride. */
static struct share {
	size_t stride, distance;
} share;

/*
 * A rehearsal with other pages copies what the threads and the barrier write to
 * besides.
 */
static void start_threads(void)
{
	volatile char *under_test = memory;
	static size_t first[THREADS];
	pthread_t thread;

	use_all_cpus();
	pthread_barrier_init(&barrier, NULL, THREADS + 1);
	for (size_t i = 0; i < THREADS; i++) {
		first[i] = i * share.distance;
		if (pthread_create(&thread, NULL, write_as_thread, &first[i]))
			bail("pthread_create");
	}
	memory = memory_map(PAGES);
	let_threads_write(share.stride);
	memory = under_test;
}

static void threads_write(const char *what, size_t stride, size_t distance)
{
	share = (struct share){ stride, distance };
	fill(PAGES);
	copies_claim(FAULTLINE_ANON, PAGES,
		     copies_made_in_child(start_threads, let_threads_write, stride), what);
	unmap(PAGES);
}

/* The child into which this process writes, and its /proc/PID/mem. */
static pid_t target;
static int target_memory;

static void write_by_proc_mem(size_t count)
{
	for (size_t page = 0; page < count; page++)
		if (pwrite(target_memory, "x", 1, (off_t)(memory + page * PAGE_BYTES)) != 1)
			bail("write to /proc/%d/mem", (int)target);
}

static void write_by_writev(size_t count)
{
	struct iovec here = { "x", 1 }, there = { .iov_len = 1 };

	for (size_t page = 0; page < count; page++) {
		there.iov_base = (void *)(memory + page * PAGE_BYTES);
		if (process_vm_writev(target, &here, 1, &there, 1, 0) != 1)
			bail("process_vm_writev");
	}
}

static void open_target(void)
{
	char path[32];

	target = copies_start_sharer();
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)target);
	target_memory = open(path, O_RDWR | O_CLOEXEC);
	if (target_memory < 0)
		bail("%s", path);
}

static void write_into_target(const char *how, void (*act)(size_t), size_t count)
{
	struct copies own, before, after;

	fill(PAGES);
	open_target();
	before = copies_of(target);
	own = copies_made(act, count);
	after = copies_of(target);
	copies_claim(FAULTLINE_REMOTE, (long)count, copies_between(&before, &after), how);
	copies_claim_none(own, "the one who writes them");
	close(target_memory);
	child_end(target);
	unmap(PAGES);
}

static void read_zeroes(size_t pages)
{
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	if (read(fd, (void *)memory, pages * PAGE_BYTES) != (ssize_t)(pages * PAGE_BYTES))
		bail("read of /dev/zero");
	close(fd);
}

static void kernel_writes(void)
{
	fill(PAGES);
	copies_claim(FAULTLINE_ANON, 128, copies_made_in_child(NULL, read_zeroes, 128),
		     "pages that read(2) fills");
	unmap(PAGES);
}

/* What a child that borrows our memory has copied. */
static struct copies borrowed;

static int write_in_borrowed_memory(void *count)
{
	if (status_register(0))
		bail("R 0");
	borrowed = copies_made(write_pages, *(size_t *)count);
	return 0;
}

/* As vfork(2) does, but for what the child may do. */
static void lend_memory(size_t count)
{
	static char stack[1 << 16] __attribute__((aligned(16)));
	pid_t child = clone(write_in_borrowed_memory, stack + sizeof(stack),
			    CLONE_VM | CLONE_VFORK | SIGCHLD, &count);

	if (child < 0)
		bail("clone");
	child_wait(child);
}

static void vfork_child_writes(void)
{
	struct copies own;
	pid_t sharer;

	fill(PAGES);
	sharer = copies_start_sharer();
	/* A rehearsal: before clone(2), it is the parent that writes to the child's stack. */
	lend_memory(0);
	own = copies_made(lend_memory, 64);
	copies_claim(FAULTLINE_ANON, 64, borrowed,
		     "a child that writes to memory that its parent lends");
	copies_claim_none(own, "its parent meanwhile");
	child_end(sharer);
	unmap(PAGES);
}

static void write_one_in_each(size_t huge_pages)
{
	for (size_t huge_page = 0; huge_page < huge_pages; huge_page++)
		memory[huge_page * HUGE_PAGES * PAGE_BYTES] = 1;
}

static long minor_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

/* Two huge pages, filled: two faults if the kernel plays along, 1024 if not. */
static void fill_huge(void)
{
	const uintptr_t size = HUGE_PAGES * PAGE_BYTES;
	long before;

	memory = memory_map(3 * HUGE_PAGES);
	memory = (void *)(((uintptr_t)memory + size - 1) & -size);
	madvise((void *)memory, 2 * size, MADV_HUGEPAGE);
	before = minor_faults();
	write_pages(2 * HUGE_PAGES);
	if (minor_faults() - before > 4)
		bail("the kernel gives no huge pages");
}

static void huge_pages(void)
{
	if (access("/sys/kernel/mm/transparent_hugepage", F_OK)) {
		skip("huge pages: this kernel has no transparent ones");
		return;
	}
	prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0);
	fill_huge();
	/* What else is mapped meanwhile shall be of small pages as ever. */
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	copies_claim(FAULTLINE_ANON, 2, copies_made_in_child(NULL, write_one_in_each, 2),
		     "one small page in each of two huge ones");
	copies_claim(FAULTLINE_ANON, 2 * HUGE_PAGES,
		     copies_made_in_child(NULL, write_pages, 2 * HUGE_PAGES),
		     "all small pages of two huge ones");
	unmap(2 * HUGE_PAGES);
}

/*
 * A fresh page waits for a while in its CPU's own list for the LRU, which holds a
 * reference to it; a write from another CPU then copies the page where it would be
 * reused.  So stay on one.
 */
static void stay_on_this_cpu(void)
{
	cpu_set_t here;

	CPU_ZERO(&here);
	CPU_SET(sched_getcpu(), &here);
	if (sched_setaffinity(0, sizeof(here), &here))
		bail("sched_setaffinity");
}

static void count_by(const char *method)
{
	if (!copies_begin(method)) {
		skip("cow=%s: this kernel has nothing to count so by", method);
		return;
	}
	child_writes(23);
	child_writes(PAGES);
	child_writes_twice();
	parent_writes();
	never_shared();
	zero_page();
	threads_write("4 threads, each writing its own quarter", THREADS, 1);
	if (!copies_are_attempts())
		threads_write("4 threads, all writing the same pages", 1, 0);
	write_into_target("a child written to through /proc/PID/mem", write_by_proc_mem, 200);
	write_into_target("a child written to by process_vm_writev(2)", write_by_writev, 50);
	kernel_writes();
	vfork_child_writes();
	huge_pages();
	copies_end();
}

int main(void)
{
	/* A huge page would be filled, and later split, by one fault. */
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	stay_on_this_cpu();
	count_by("ftrace");
	count_by("kprobe");
	count_by("entry");
	return finish();
}
