// SPDX-License-Identifier: GPL-2.0
/*
 * The module tells what kind of page a write replaced, and counts each kind exactly, also
 * where nothing is copied by wp_page_copy(): the first write to a private file page, and
 * the huge pages of hugetlbfs.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "copies.h"
#include "memory.h"
#include "module.h"
#include "tap.h"

enum {
	PAGES		= 64,
	RACE_PAGES	= 1024,
	HUGE_BYTES	= 2 << 20,
	HUGE_COUNT	= 4,
	RACE_HUGE	= 16,
	HUGE_POOL	= 2 * RACE_HUGE + 4,
	THREADS		= 4,
};

/* The pages under test, and from each of them to the next. */
static volatile char *memory;
static size_t distance = PAGE_BYTES;
/* A file with so many pages in memory as any test here maps. */
static int file;

static void write_pages(size_t count)
{
	for (size_t page = 0; page < count; page++)
		memory[page * distance] = 1;
}

static void read_pages(size_t count)
{
	for (size_t page = 0; page < count; page++)
		(void)memory[page * distance];
}

static void map(size_t bytes, int flags, int fd)
{
	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
	if (memory == MAP_FAILED)
		bail("mmap of %zu bytes", bytes);
}

static void unmap(size_t bytes)
{
	munmap((void *)memory, bytes);
}

static void map_file(size_t pages)
{
	map(pages * PAGE_BYTES, MAP_PRIVATE, file);
}

static void fill_file(void)
{
	static char page[PAGE_BYTES];

	file = open("/tmp", O_TMPFILE | O_RDWR, 0600);
	for (int i = 0; i < RACE_PAGES; i++)
		if (write(file, page, sizeof(page)) != sizeof(page))
			bail("a file in /tmp");
}

static void never_read(void)
{
	map_file(PAGES);
	copies_claim(FAULTLINE_FILE_FIRST, PAGES, copies_made(write_pages, PAGES),
		     "a private file, written and never read");
	copies_claim_none(copies_made(write_pages, PAGES), "the same again");
	copies_claim(FAULTLINE_ANON, PAGES, copies_made_in_child(NULL, write_pages, PAGES),
		     "what a child writes there, where its parent wrote before");
	unmap(PAGES * PAGE_BYTES);
}

static void read_before(void)
{
	map_file(PAGES);
	copies_claim_none(copies_made(read_pages, PAGES), "a private file that is read");
	copies_claim(FAULTLINE_FILE, PAGES, copies_made(write_pages, PAGES), "and then written");
	unmap(PAGES * PAGE_BYTES);
}

/* The kernel maps the pages around one that is read, if they are in memory. */
static void mapped_around(void)
{
	map_file(PAGES);
	read_pages(1);
	copies_claim(FAULTLINE_FILE, 2, copies_made(write_pages, 2),
		     "a private file's page that was mapped with its neighbour, which was read");
	unmap(PAGES * PAGE_BYTES);
}

static void populate(size_t pages)
{
	if (madvise((void *)memory, pages * PAGE_BYTES, MADV_POPULATE_WRITE))
		bail("MADV_POPULATE_WRITE");
}

static void read_file(size_t pages)
{
	const size_t bytes = pages * PAGE_BYTES;

	if (pread(file, (void *)memory, bytes, 0) != (ssize_t)bytes)
		bail("pread");
}

static void kernel_writes(void)
{
	map_file(PAGES);
	copies_claim(FAULTLINE_FILE_FIRST, PAGES, copies_made(populate, PAGES),
		     "a private file's pages that MADV_POPULATE_WRITE makes");
	unmap(PAGES * PAGE_BYTES);
	map_file(PAGES);
	copies_claim(FAULTLINE_FILE_FIRST, PAGES, copies_made(read_file, PAGES),
		     "a private file's pages that read(2) fills");
	unmap(PAGES * PAGE_BYTES);
}

/* A fault that waits for a disk is made again: attempts would count twice. */
static void on_disk(void)
{
	memory = memory_map_disk(PAGES);
	mprotect((void *)memory, PAGES * PAGE_BYTES, PROT_READ | PROT_WRITE);
	copies_claim(FAULTLINE_FILE_FIRST, PAGES, copies_made(write_pages, PAGES),
		     "pages of a disk, written before they are in memory");
	unmap(PAGES * PAGE_BYTES);
}

static void shared_file(void)
{
	map(PAGES * PAGE_BYTES, MAP_SHARED, file);
	copies_claim_none(copies_made(write_pages, PAGES), "a shared file, written");
	unmap(PAGES * PAGE_BYTES);
	map(PAGES * PAGE_BYTES, MAP_SHARED, file);
	copies_claim_none(copies_made(read_pages, PAGES), "a shared file, read");
	copies_claim_none(copies_made(write_pages, PAGES), "and then written");
	copies_claim_none(copies_made_in_child(NULL, write_pages, PAGES), "and by a child, too");
	unmap(PAGES * PAGE_BYTES);
}

static pthread_barrier_t barrier;

static void *write_as_thread(void *count)
{
	for (;;) {
		pthread_barrier_wait(&barrier);
		write_pages(*(size_t *)count);
		pthread_barrier_wait(&barrier);
	}
	return NULL;
}

static void let_threads_write(size_t unused)
{
	(void)unused;
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
}

static size_t race_count;
static bool race_reads_before;

/*
 * A rehearsal with a page of no interest copies what the threads and the barrier write
 * to besides.
 */
static void start_threads(void)
{
	volatile char *under_test = memory;
	size_t under_test_distance = distance;
	pthread_t thread;
	cpu_set_t all;

	memset(&all, 0xff, sizeof(all));
	if (sched_setaffinity(0, sizeof(all), &all))
		bail("sched_setaffinity");
	pthread_barrier_init(&barrier, NULL, THREADS + 1);
	for (size_t i = 0; i < THREADS; i++)
		if (pthread_create(&thread, NULL, write_as_thread, &race_count))
			bail("pthread_create");
	memory = memory_map(1);
	distance = 0;
	let_threads_write(0);
	memory = under_test;
	distance = under_test_distance;
	/* Here, because no fork hands down what is mapped of a file. */
	if (race_reads_before)
		read_pages(race_count);
}

static struct copies raced(size_t count)
{
	race_count = count;
	return copies_made_in_child(start_threads, let_threads_write, 0);
}

static void threads_write(void)
{
	map_file(RACE_PAGES);
	copies_claim(FAULTLINE_FILE_FIRST, RACE_PAGES, raced(RACE_PAGES),
		     "4 threads, all writing the same private file, never read");
	unmap(RACE_PAGES * PAGE_BYTES);
	if (copies_are_attempts())
		return;
	map_file(RACE_PAGES);
	race_reads_before = true;
	copies_claim(FAULTLINE_FILE, RACE_PAGES, raced(RACE_PAGES),
		     "4 threads, all writing the same private file, read before");
	race_reads_before = false;
	unmap(RACE_PAGES * PAGE_BYTES);
}

/* The child into which this process writes. */
static pid_t target;

static void poke(size_t count)
{
	for (size_t page = 0; page < count; page++)
		if (ptrace(PTRACE_POKEDATA, target, memory + page * distance, 1L))
			bail("PTRACE_POKEDATA");
}

/* A debugger that writes so many of our pages in a child. */
static void claim_poked(size_t count, const char *what)
{
	struct copies before, after, own;

	target = copies_start_sharer();
	if (ptrace(PTRACE_ATTACH, target, NULL, NULL) || waitpid(target, NULL, 0) != target)
		bail("PTRACE_ATTACH");
	before = copies_of(target);
	own = copies_made(poke, count);
	after = copies_of(target);
	copies_claim(FAULTLINE_REMOTE, (long)count, copies_between(&before, &after), what);
	copies_claim_none(own, "the debugger meanwhile");
	child_end(target);
}

static void debugger_writes(void)
{
	map(PAGES * PAGE_BYTES, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	write_pages(PAGES);
	claim_poked(PAGES, "anonymous memory, written by a debugger");
	unmap(PAGES * PAGE_BYTES);
	map_file(PAGES);
	claim_poked(PAGES, "a private file, written by a debugger at first");
	unmap(PAGES * PAGE_BYTES);
}

static int own_memory;

static void write_own(size_t count)
{
	for (size_t page = 0; page < count; page++)
		if (pwrite(own_memory, "x", 1, (off_t)(memory + page * distance)) != 1)
			bail("write to /proc/self/mem");
}

/* As a debugger does, but nobody else does it. */
static void process_writes_to_itself(void)
{
	pid_t sharer;

	map(PAGES * PAGE_BYTES, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	write_pages(PAGES);
	sharer = copies_start_sharer();
	own_memory = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	copies_claim(FAULTLINE_ANON, PAGES, copies_made(write_own, PAGES),
		     "a process that writes through its own /proc/self/mem");
	close(own_memory);
	child_end(sharer);
	unmap(PAGES * PAGE_BYTES);
}

static bool write_setting(const char *path, const char *value)
{
	FILE *setting = fopen(path, "we");

	return setting && fputs(value, setting) >= 0 && fclose(setting) == 0;
}

static size_t read_setting(const char *path)
{
	FILE *setting = fopen(path, "re");
	size_t value = 0;

	if (!setting || fscanf(setting, "%zu", &value) != 1)
		bail("%s", path);
	fclose(setting);
	return value;
}

/* Is it one page in the end?  The kernel's figures count what is long unmapped, too. */
static bool ksm_has_merged(void *unused)
{
	const uint64_t frame_mask = (1ULL << 55) - 1;
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entries[PAGES];
	size_t same = 0;

	(void)unused;
	if (pread(pagemap, entries, sizeof(entries),
		  (off_t)((uintptr_t)memory / PAGE_BYTES * sizeof(entries[0]))) != sizeof(entries))
		bail("/proc/self/pagemap");
	close(pagemap);
	while (same < PAGES && (entries[same] & frame_mask) == (entries[0] & frame_mask))
		same++;
	return same == PAGES;
}

static void wait_for_ksm(size_t unused)
{
	(void)unused;
	if (!wait_until(ksm_has_merged, NULL))
		bail("KSM does not merge");
}

static void merged_pages(void)
{
	if (!write_setting("/sys/kernel/mm/ksm/sleep_millisecs", "5")) {
		skip("pages merged by KSM: this kernel has no KSM");
		return;
	}
	map(PAGES * PAGE_BYTES, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	memset((void *)memory, 0x5a, PAGES * PAGE_BYTES);
	madvise((void *)memory, PAGES * PAGE_BYTES, MADV_MERGEABLE);
	write_setting("/sys/kernel/mm/ksm/run", "1");
	copies_claim_none(copies_made(wait_for_ksm, 0), "pages that KSM merges meanwhile");
	write_setting("/sys/kernel/mm/ksm/run", "0");
	copies_claim(FAULTLINE_KSM, PAGES, copies_made_in_child(NULL, write_pages, PAGES),
		     "pages merged by KSM, written by a child");
	copies_claim(FAULTLINE_KSM, PAGES, copies_made(write_pages, PAGES), "pages merged by KSM");
	copies_claim(FAULTLINE_ANON, PAGES, copies_made_in_child(NULL, write_pages, PAGES),
		     "what KSM may merge and has not");
	unmap(PAGES * PAGE_BYTES);
}

static void map_huge(size_t count)
{
	map(count * HUGE_BYTES, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1);
}

/* By a way to count that sees no huge pages, "n/a" is the only truth. */
static void claim_huge(size_t count, struct copies saw, const char *what)
{
	if (copies_are_attempts())
		copies_claim_none(saw, what);
	else
		copies_claim(FAULTLINE_HUGETLB, (long)count, saw, what);
}

static void huge_pages_of_a_file(void)
{
	int fd = memfd_create("huge", MFD_HUGETLB | MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, HUGE_COUNT * HUGE_BYTES))
		bail("memfd_create");
	map(HUGE_COUNT * HUGE_BYTES, MAP_SHARED, fd);
	copies_claim_none(copies_made(write_pages, HUGE_COUNT), "huge pages of a shared file");
	unmap(HUGE_COUNT * HUGE_BYTES);
	map(HUGE_COUNT * HUGE_BYTES, MAP_PRIVATE, fd);
	claim_huge(HUGE_COUNT, copies_made(write_pages, HUGE_COUNT), "and of a private one");
	unmap(HUGE_COUNT * HUGE_BYTES);
	close(fd);
}

static void huge_pages(void)
{
	distance = HUGE_BYTES;
	map_huge(HUGE_COUNT);
	copies_claim_none(copies_made(write_pages, HUGE_COUNT), "fresh huge pages");
	claim_huge(HUGE_COUNT, copies_made_in_child(NULL, write_pages, HUGE_COUNT),
		   "huge pages that a child writes");
	copies_claim_none(copies_made_in_child(NULL, read_pages, HUGE_COUNT),
			  "huge pages that a child reads");
	copies_claim_none(copies_made(write_pages, HUGE_COUNT),
			  "huge pages written once the child is gone");
	if (!copies_are_attempts())
		claim_poked(HUGE_COUNT, "huge pages, written by a debugger");
	unmap(HUGE_COUNT * HUGE_BYTES);

	map_huge(RACE_HUGE);
	write_pages(RACE_HUGE);
	claim_huge(RACE_HUGE, raced(RACE_HUGE), "4 threads, all writing the same huge pages");
	unmap(RACE_HUGE * HUGE_BYTES);
	huge_pages_of_a_file();
	distance = PAGE_BYTES;
}

#define HUGE_SETTING	"/proc/sys/vm/nr_hugepages"

static bool reserve_huge_pages(void)
{
	char count[16];

	snprintf(count, sizeof(count), "%d", HUGE_POOL);
	if (!write_setting(HUGE_SETTING, count))
		return false;
	if (read_setting(HUGE_SETTING) != HUGE_POOL)
		bail("the kernel reserves %zu huge pages", read_setting(HUGE_SETTING));
	return true;
}

/* Do all records of the run say that the sum is the sum? */
static void claim_sums(const char *method)
{
	const struct faultline_header *ring = ring_map();
	const struct faultline_record *record;
	unsigned long long sum, records = 0, wrong = 0, copies = 0;

	for (uint64_t seq = ring->run; seq <= ring->head; seq++, records++) {
		record = ring_record(ring, seq);
		sum = 0;
		for (int kind = 0; kind < FAULTLINE_KINDS; kind++)
			sum += record->cow_kinds[kind];
		wrong += sum != record->cow_faults;
		copies += record->cow_faults;
	}
	ring_unmap(ring);
	ok(wrong == 0 && copies > 0, "cow=%s: in %llu records, the sum of the kinds is cow",
	   method, records);
}

static void count_by(const char *method, bool has_huge_pages)
{
	if (!copies_begin(method)) {
		skip("cow=%s: this kernel has nothing to count so by", method);
		return;
	}
	never_read();
	read_before();
	mapped_around();
	kernel_writes();
	on_disk();
	shared_file();
	threads_write();
	debugger_writes();
	process_writes_to_itself();
	merged_pages();
	if (has_huge_pages)
		huge_pages();
	claim_sums(method);
	copies_end();
}

/* A write from another CPU may find a page that its first one has not let go of yet. */
static void stay_on_this_cpu(void)
{
	cpu_set_t here;

	CPU_ZERO(&here);
	CPU_SET(sched_getcpu(), &here);
	if (sched_setaffinity(0, sizeof(here), &here))
		bail("sched_setaffinity");
}

int main(void)
{
	bool has_huge_pages = reserve_huge_pages();

	if (!has_huge_pages)
		skip("huge pages of hugetlbfs: this kernel has none");
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	stay_on_this_cpu();
	fill_file();
	count_by("ftrace", has_huge_pages);
	count_by("kprobe", has_huge_pages);
	count_by("entry", has_huge_pages);
	write_setting(HUGE_SETTING, "0");
	return finish();
}
