// SPDX-License-Identifier: GPL-2.0
/*
 * Course mode gives away nothing but the course's buffer, to who opened the node to write,
 * and its status file obeys the rules of the other one.  Without mp3=1 none of it is there;
 * after rmmod nothing of it is left.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "child.h"
#include "course.h"
#include "kernel_memory.h"
#include "module.h"
#include "tap.h"

enum {
	PAGE		= 4096,
	RING_BYTES	= PAGE + 64 * sizeof(struct faultline_record),
	USER		= 1000,
	LOADS		= 20,
	LEAK_MAX_KB	= LOADS * COURSE_BYTES / 1024 / 2,
};

static int node;

/* The errno of an mmap, 0 if it succeeds. */
static int try(size_t bytes, int protection, int flags, off_t offset)
{
	void *memory = mmap(NULL, bytes, protection, flags, node, offset);

	if (memory == MAP_FAILED)
		return errno;
	munmap(memory, bytes);
	return 0;
}

/* The errno of an mprotect of a page that was mapped to be read, 0 if it succeeds. */
static int make_writable(off_t offset)
{
	void *memory = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, node, offset);
	int error;

	if (memory == MAP_FAILED)
		bail("mmap to read");
	error = mprotect(memory, PAGE, PROT_READ | PROT_WRITE) ? errno : 0;
	munmap(memory, PAGE);
	return error;
}

static bool is_ring(off_t offset)
{
	const struct faultline_header *header = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, node,
						     offset);
	bool is;

	if (header == MAP_FAILED)
		return false;
	is = header->magic == FAULTLINE_MAGIC && header->capacity == 64;
	munmap((void *)header, PAGE);
	return is;
}

static void open_node(int flags)
{
	node = open("node", flags | O_CLOEXEC);
	if (node < 0)
		bail("node");
}

static void refuse_to_write_ring(const char *when, off_t offset)
{
	ok(try(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, offset) == EPERM &&
	   try(PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, offset) == EPERM &&
	   make_writable(offset) == EACCES, "%s nobody can map it to write, nor make it so", when);
}

static void without(void)
{
	module_load("ring_records=64");
	open_node(O_RDWR);
	ok(access("/proc/mp3", F_OK) && errno == ENOENT, "without mp3=1 there is no /proc/mp3");
	ok(is_ring(0) && is_ring(FAULTLINE_RING_OFFSET),
	   "and the ring is at offset 0, and where it is in course mode");
	refuse_to_write_ring("without mp3=1, at offset 0,", 0);
	refuse_to_write_ring("and at its other offset,", FAULTLINE_RING_OFFSET);
	close(node);
	module_unload();
}

static void refuse_ring(void)
{
	const off_t ring = FAULTLINE_RING_OFFSET;

	ok(!is_ring(0) && is_ring(ring), "in course mode the ring is at its own offset only");
	refuse_to_write_ring("in course mode", ring);
	ok(try(RING_BYTES, PROT_READ, MAP_SHARED, ring) == 0 &&
	   try(RING_BYTES + PAGE, PROT_READ, MAP_SHARED, ring) == EINVAL &&
	   try(PAGE, PROT_READ, MAP_SHARED, ring + RING_BYTES) == EINVAL &&
	   try(PAGE, PROT_READ, MAP_SHARED, (off_t)1 << 62) == EINVAL,
	   "which can be mapped to its end and no further");
}

static void refuse_beyond_buffer(void)
{
	const int both = PROT_READ | PROT_WRITE;
	void *memory;

	ok(try(COURSE_BYTES, both, MAP_SHARED, 0) == 0, "the buffer can be mapped to write");
	ok(try(COURSE_BYTES + PAGE, both, MAP_SHARED, 0) == EINVAL, "one page more gets EINVAL");
	ok(try(COURSE_BYTES, both, MAP_SHARED, PAGE) == EINVAL &&
	   try(PAGE, both, MAP_SHARED, COURSE_BYTES) == EINVAL &&
	   try(PAGE, both, MAP_SHARED, FAULTLINE_RING_OFFSET - PAGE) == EINVAL,
	   "across and beyond its end as well");
	ok(try(COURSE_BYTES, both, MAP_SHARED, 1) == EINVAL, "and an unaligned offset");
	ok(try(PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, 0) == EPERM, "it cannot be executed");
	memory = mmap(NULL, COURSE_BYTES, both, MAP_SHARED, node, 0);
	ok(mprotect(memory, PAGE, PROT_READ | PROT_EXEC) < 0 && errno == EACCES, "nor later");
	ok(mremap(memory, COURSE_BYTES, COURSE_BYTES + PAGE, MREMAP_MAYMOVE) == MAP_FAILED &&
	   errno == EFAULT, "nor grow");
	munmap(memory, COURSE_BYTES);
}

static void refuse_readers(void)
{
	close(node);
	open_node(O_RDONLY);
	ok(try(COURSE_BYTES, PROT_READ, MAP_SHARED, 0) == 0,
	   "who opened the node to read can map it to read");
	ok(try(COURSE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, 0) == EACCES &&
	   make_writable(0) == EACCES, "and not to write, nor make it so");
	close(node);
}

static void refuse_lines(void)
{
	static const char * const bad[] = {
		"\n", "R", "R ", "R\n", "R  1", "R x", "R 1x", "R -1", "R +1", "R,1", "R 1 ",
		"R 1 children", "r 1", "P 1", "X 1", " R 1", "U", "U 1 2", "R 4294967297",
	};
	pid_t pid = child_start(child_sleep, NULL);
	char line[32], list[64];
	size_t refused = 0;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refused += course_write(bad[i]) == EINVAL;
	ok(refused == sizeof(bad) / sizeof(bad[0]), "%zu bad lines get EINVAL", refused);
	ok(course_register(4194304) == ESRCH, "a pid that nobody has gets ESRCH");
	ok(course_unregister(pid) == ENOENT, "one that is not registered ENOENT");
	ok(strcmp(course_read(), "") == 0, "and still none is registered");
	snprintf(line, sizeof(line), "R %d\n", (int)pid);
	snprintf(list, sizeof(list), "%d\n%d\n", (int)pid, (int)getpid());
	ok(course_write(line) == 0 && course_register(getpid()) == 0,
	   "a line may end with a newline, or not");
	ok(strcmp(course_read(), list) == 0, "the file has a line for each pid and nothing else");
	ok(course_register(pid) == EEXIST, "one that is registered gets EEXIST");
	course_unregister(getpid());
	child_end(pid);
}

static int be_user(void *roots)
{
	pid_t roots_pid = *(pid_t *)roots;

	if (setresgid(USER, USER, USER) || setresuid(USER, USER, USER))
		bail("cannot become %d", USER);
	prctl(PR_SET_DUMPABLE, 1);
	ok(course_register(roots_pid) == EPERM && course_unregister(roots_pid) == EPERM &&
	   !course_lists(roots_pid),
	   "a user can neither register, unregister nor see root's process");
	ok(course_register(getpid()) == 0 && course_lists(getpid()), "but itself it can");
	ok(open(FAULTLINE_DEVICE, O_RDWR) < 0 && errno == EACCES, "and cannot open the device");
	return 0;
}

static int be_first(void)
{
	return !(getpid() == 1 && course_write("R 1") == 0 && strcmp(course_read(), "1\n") == 0);
}

static int in_namespace(void *unused)
{
	pid_t pid;

	(void)unused;
	if (unshare(CLONE_NEWPID))
		bail("unshare");
	pid = fork();
	if (pid == 0)
		_exit(be_first());
	return child_wait(pid);
}

static void refuse_strangers(void)
{
	pid_t roots = child_start(child_sleep, NULL);

	if (course_register(roots) || child_wait(child_start(be_user, &roots)))
		bail("the user's claims");
	ok(child_wait(child_start(in_namespace, NULL)) == 0,
	   "a pid namespace has its own pids in the file, and no others");
	child_end(roots);
}

static void stays_while_mapped(void)
{
	long *buffer = course_map();

	ok(module_unload() == EWOULDBLOCK, "rmmod is refused while the buffer is mapped");
	course_unmap(buffer);
	ok(module_unload() == 0 && access("/proc/mp3", F_OK) && errno == ENOENT,
	   "and then takes /proc/mp3 with it");
}

static void live_once(void)
{
	long *buffer;

	module_load("mp3=1 hz=1000 ring_records=64");
	buffer = course_map();
	course_register(getpid());
	sleep_ms(20);
	course_unmap(buffer);
	if (module_unload())
		bail("rmmod");
}

static void leaves_nothing(void)
{
	long before_kb;

	live_once();
	before_kb = kernel_memory_kb();
	for (int i = 0; i < LOADS; i++)
		live_once();
	kernel_memory_ok("after some lives", before_kb, LEAK_MAX_KB);
}

int main(void)
{
	course_make_node();
	without();
	module_load("mp3=1 ring_records=64");
	open_node(O_RDWR);
	refuse_ring();
	refuse_beyond_buffer();
	refuse_readers();
	refuse_lines();
	refuse_strangers();
	stays_while_mapped();
	leaves_nothing();
	return finish();
}
