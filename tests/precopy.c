// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "child.h"
#include "memory.h"
#include "module.h"
#include "precopy.h"
#include "tap.h"
#include "worker.h"

enum {
	TABLE_BYTES	= 512 * PAGE_BYTES,
	WORKERS_MAX	= 16,
	TRIES		= 20,
};

/* Does the line on pre-copy begin so? */
static bool says(const char *start)
{
	char text[256];

	if (!status_setting("pre-copy", text, sizeof(text)))
		bail("the status file says nothing of pre-copy");
	return strncmp(text, start, strlen(start)) == 0;
}

bool precopy_available(void)
{
	return !says("n/a: ");
}

bool precopy_is_in_place(void)
{
	return says("in place;");
}

int precopy_set(pid_t pid, const char *setting)
{
	char text[64];

	snprintf(text, sizeof(text), "P %d %s\n", (int)pid, setting);
	return status_write(text);
}

pid_t precopy_worker(const char *setting)
{
	pid_t worker = worker_start();

	if (status_register(worker))
		bail("R %d", (int)worker);
	worker_do(worker, worker_rest, 0);
	if (precopy_set(worker, setting))
		bail("P %d %s", (int)worker, setting);
	return worker;
}

/* Counts faults of a process and of those threads that it starts from now on. */
static int count_traps(pid_t pid)
{
	struct perf_event_attr attributes = {
		.type = PERF_TYPE_SOFTWARE, .size = sizeof(attributes),
		.config = PERF_COUNT_SW_PAGE_FAULTS, .inherit = 1,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attributes, pid, -1, -1,
			      PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		bail("perf_event_open");
	return fd;
}

static long traps_of(int fd)
{
	uint64_t count;

	if (read(fd, &count, sizeof(count)) != sizeof(count))
		bail("read of a counter");
	close(fd);
	return (long)count;
}

static void add(struct precopies *sum, pid_t pid, int sign)
{
	struct row row;

	if (!row_read(pid, &row))
		bail("no line of %d", (int)pid);
	sum->minor += sign * row_value(&row, "minor");
	sum->cow += sign * row_value(&row, "cow");
	sum->copied += sign * row_value(&row, "precopied");
	sum->refused += sign * row_value(&row, "precopy_refused");
}

struct precopies precopy_made_at_once(const pid_t *workers, int number,
				      void (*act)(size_t count), size_t count)
{
	struct precopies made = {};
	int traps[WORKERS_MAX];

	for (int i = 0; i < number; i++) {
		add(&made, workers[i], -1);
		traps[i] = count_traps(workers[i]);
	}
	for (int i = 0; i < number; i++)
		worker_begin(workers[i], act, count);
	for (int i = 0; i < number; i++)
		worker_wait(workers[i]);
	for (int i = 0; i < number; i++) {
		add(&made, workers[i], 1);
		made.traps += traps_of(traps[i]);
	}
	return made;
}

struct precopies precopy_made(pid_t worker, void (*act)(size_t count), size_t count)
{
	return precopy_made_at_once(&worker, 1, act, count);
}

struct precopies precopy_made_alone(const char *setting, void (*act)(size_t count),
				    size_t count, struct cow_stats *stats)
{
	struct precopies made;
	int tries = 0;
	pid_t worker;

	do {
		cow_stats_reset();
		worker = precopy_worker(setting);
		made = precopy_made(worker, act, count);
		child_end(worker);
		cow_stats_read(stats);
	} while (stats->policy && ++tries < TRIES);
	return made;
}

volatile char *precopy_map(size_t pages)
{
	size_t bytes = pages * PAGE_BYTES, room = bytes + 2 * TABLE_BYTES;
	char *all = mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *start;

	if (all == MAP_FAILED)
		bail("mmap of %zu pages", pages);
	start = (char *)(((uintptr_t)all + TABLE_BYTES) & -(uintptr_t)TABLE_BYTES);
	if (mprotect(start, bytes, PROT_READ | PROT_WRITE))
		bail("mprotect");
	/* EINVAL: this kernel has no huge pages. */
	if (madvise(start, bytes, MADV_NOHUGEPAGE) && errno != EINVAL)
		bail("madvise");
	memory_write(start, pages);
	return start;
}
