// SPDX-License-Identifier: GPL-2.0
/*
 * The fault trace where it is short of something: a reader that was lapped knows exactly how
 * many faults it lost, who may not read it is refused, and the module goes while faults are
 * traced, and while somebody sleeps in one.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "child.h"
#include "faults.h"
#include "memory.h"
#include "module.h"
#include "ring_reader.h"
#include "tap.h"
#include "worker.h"

enum {
	CAPACITY	= 64,
	PAGES		= 1000,
	UNLOADS		= 10,
	USER		= 1000,
};

static const size_t ring_bytes = 4096 + CAPACITY * sizeof(struct faultline_fault);

static volatile char *pages;

static void write_on_cpu_0(size_t count)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		bail("sched_setaffinity");
	memory_write(pages, count);
}

static pid_t start_traced(void)
{
	pid_t worker = worker_start();

	if (status_register(worker))
		bail("R %d", (int)worker);
	faults_must_trace(worker);
	return worker;
}

/* ---- Loss ---- */

static void lapped(void)
{
	uint64_t read = 0, first = 0, last = 0, wrong = 0, head;
	struct faultline_fault fault;
	struct ring_reader reader;
	pid_t worker = start_traced();
	char why[256];

	if (!ring_reader_open_faults(&reader, FAULTLINE_DEVICE, 0, why, sizeof(why)))
		bail("%s", why);
	ok(reader.header->capacity == CAPACITY &&
	   reader.header->record_size == sizeof(struct faultline_fault),
	   "trace_records=%d is what a CPU's ring holds", CAPACITY);
	worker_do(worker, write_on_cpu_0, PAGES);
	head = reader.header->head;
	while (ring_reader_next_fault(&reader, &fault)) {
		first = first ? first : fault.seq;
		wrong += last && fault.seq != last + 1;
		last = fault.seq;
		read++;
	}
	ok(head >= PAGES && read == CAPACITY - 1 && reader.lost + read == head && wrong == 0 &&
	   last == head, "%llu lost + %llu read = %llu recorded, and they are the newest",
	   (unsigned long long)reader.lost, (unsigned long long)read, (unsigned long long)head);
	ok(first == reader.lost + 1, "the first one read says how many came before it");
	ring_reader_close(&reader);
	child_end(worker);
}

/* ---- Refusals ---- */

static int try_map(int protection, off_t offset, size_t bytes)
{
	int fd = open(FAULTLINE_DEVICE, protection & PROT_WRITE ? O_RDWR : O_RDONLY), error = 0;
	void *memory;

	if (fd < 0)
		return errno;
	memory = mmap(NULL, bytes, protection, MAP_SHARED, fd, offset);
	if (memory == MAP_FAILED)
		error = errno;
	else
		munmap(memory, bytes);
	close(fd);
	return error;
}

static int map_faults(int protection, size_t bytes)
{
	return try_map(protection, (off_t)FAULTLINE_FAULTS_OFFSET, bytes);
}

enum { CANNOT_TRACE = 1, CANNOT_READ = 2, CANNOT_COUNT = 4 };

static int as_user(void *pid)
{
	char line[256];
	int may = 0;
	pid_t own;

	if (setresgid(USER, USER, USER) || setresuid(USER, USER, USER))
		bail("cannot become a user");
	prctl(PR_SET_DUMPABLE, 1);
	own = child_start(child_sleep, NULL);
	if (status_register(own))
		bail("R of its own process");
	if (faults_trace(own, "on") == EPERM && faults_trace(*(pid_t *)pid, "on") == EPERM)
		may |= CANNOT_TRACE;
	if (try_map(PROT_READ, 0, 4096) == 0 && map_faults(PROT_READ, 4096) == EACCES)
		may |= CANNOT_READ;
	if (status_setting("trace", line, sizeof(line)) && strstr(line, " processes") &&
	    !strstr(line, "recorded") && !strstr(line, "missed"))
		may |= CANNOT_COUNT;
	child_end(own);
	return may;
}

static void user_is_refused(pid_t traced)
{
	int may;

	if (chmod(FAULTLINE_DEVICE, 0666))
		bail(FAULTLINE_DEVICE);
	may = child_wait(child_start(as_user, &traced));
	ok(may & CANNOT_TRACE, "a user cannot have its own process traced, nor root's");
	ok(may & CANNOT_READ,
	   "who may open the device maps its ring, but no trace without CAP_PERFMON");
	ok(may & CANNOT_COUNT, "nor is such a one told how many faults others had");
}

static void refusals(void)
{
	static const char * const wrong[] = {
		"T", "T ", "T 0", "T 0 ", "T 0 ON", "T 0 1", "T 0 on on", "T 0 on off", "T x on",
		"T 0on", "T 0 onoff",
	};
	const off_t beyond = (off_t)(FAULTLINE_FAULTS_OFFSET + 4096 * FAULTLINE_FAULTS_STRIDE);
	int refused = 0, count = sizeof(wrong) / sizeof(wrong[0]);
	pid_t worker = worker_start();

	for (int i = 0; i < count; i++)
		refused += status_write(wrong[i]) == EINVAL;
	ok(refused == count, "%d of %d lines that are none are refused", refused, count);
	ok(faults_trace(worker, "on") == ENOENT && faults_trace(worker, "off") == ENOENT,
	   "so is who is not registered");
	ok(map_faults(PROT_READ, 4096) == ENXIO, "there is no ring before anybody is traced");
	child_end(worker);

	worker = start_traced();
	ok(map_faults(PROT_READ, ring_bytes) == 0, "then it can be mapped to be read");
	ok(map_faults(PROT_READ | PROT_WRITE, 4096) == EPERM, "and not to be written");
	ok(map_faults(PROT_READ, ring_bytes + 4096) == EINVAL, "nor beyond its end");
	ok(try_map(PROT_READ, beyond, 4096) == EINVAL &&
	   try_map(PROT_READ, (off_t)1 << 62, 4096) == EINVAL, "nor where no CPU is");
	ok(try_map(PROT_READ, (off_t)FAULTLINE_RING_OFFSET, 4096) == 0,
	   "the ring of samples is where it was");
	child_end(worker);
}

/* ---- Unloading ---- */

static _Noreturn int fault_for_ever(void *unused)
{
	(void)unused;
	for (;;) {
		memory_write(pages, PAGES);
		if (madvise((void *)pages, PAGES * PAGE_BYTES, MADV_DONTNEED))
			bail("madvise");
	}
}

static bool records(void *unused)
{
	(void)unused;
	return faults_said("recorded") > 0;
}

static void unload_while_tracing(void)
{
	pid_t pids[2];
	int out = 0, recorded = 0;

	for (int i = 0; i < 2; i++)
		pids[i] = child_start(fault_for_ever, NULL);
	for (int times = 0; times < UNLOADS; times++) {
		module_load("trace_records=64");
		for (int i = 0; i < 2; i++) {
			if (status_register_children(pids[i]))
				bail("R");
			faults_must_trace(pids[i]);
		}
		recorded += wait_until(records, NULL);
		out += module_unload() == 0;
	}
	ok(recorded == UNLOADS && out == UNLOADS,
	   "%d of %d times it goes while two processes are traced", out, UNLOADS);
	for (int i = 0; i < 2; i++)
		child_end(pids[i]);
}

static void *write_awaited(void *page)
{
	*(volatile char *)page = 5;
	return NULL;
}

/* What a sleeper and we tell each other. */
static volatile int *said;

enum { ASLEEP = 1, GO_ON, WOKEN };

/* A thread of its own sleeps in a fault until somebody says so. */
static int sleep_in_fault(void *unused)
{
	struct uffdio_api api = { .api = UFFD_API };
	volatile char *awaited = memory_map(1);
	struct uffdio_range range = { (uintptr_t)awaited, PAGE_BYTES };
	struct uffdio_register missing = { .range = range, .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_zeropage zero = { .range = range };
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffd_msg message;
	pthread_t thread;

	(void)unused;
	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &missing) ||
	    pthread_create(&thread, NULL, write_awaited, (void *)awaited) ||
	    read(fd, &message, sizeof(message)) != sizeof(message))
		bail("userfaultfd");
	*said = ASLEEP;
	while (*said != GO_ON)
		sleep_ms(1);
	if (ioctl(fd, UFFDIO_ZEROPAGE, &zero))
		bail("UFFDIO_ZEROPAGE");
	pthread_join(thread, NULL);
	*said = WOKEN;
	return awaited[0] != 5;
}

static bool is_said(void *what)
{
	return *said == *(int *)what;
}

static void unload_while_one_sleeps(void)
{
	int asleep = ASLEEP;
	pid_t pid;

	said = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	module_load("trace_records=64");
	pid = child_start_stopped(sleep_in_fault, NULL);
	if (status_register(pid))
		bail("R");
	faults_must_trace(pid);
	child_resume(pid);
	if (!wait_until(is_said, &asleep))
		bail("nobody sleeps");
	ok(module_unload() == 0, "it goes while somebody sleeps in a fault that is traced");
	*said = GO_ON;
	ok(child_wait(pid) == 0, "who wakes up then where the kernel goes on, and has its page");
	module_load("");
	ok(module_unload() == 0, "and the module can be loaded again");
}

int main(void)
{
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	pages = memory_map(PAGES);
	module_load("trace_records=64");
	refusals();
	lapped();
	user_is_refused(getpid());
	if (module_unload())
		bail("rmmod");
	unload_while_tracing();
	unload_while_one_sleeps();
	return finish();
}
