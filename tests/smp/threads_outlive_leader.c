// SPDX-License-Identifier: GPL-2.0
/*
 * A process whose first thread has exited is as alive as any: it can be registered,
 * and what its other threads do is counted until the last of them is gone.
 */
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "child.h"
#include "memory.h"
#include "module.h"
#include "tap.h"

enum {
	PAGES = 301,
	THREADS = 2,
};

/* What the test tells the child's threads to do next; shared with it. */
enum step { WAIT, WRITE, WRITTEN, EXIT };
static volatile enum step *step;

static void *follow_steps(void *index)
{
	while (*step != EXIT) {
		if (*step == WRITE && !index) {
			memory_write(memory_map(PAGES), PAGES);
			*step = WRITTEN;
		}
		sleep_ms(5);
	}
	return NULL;
}

static int leave_threads_behind(void *unused)
{
	pthread_t thread;

	(void)unused;
	/* Of a few pages the kernel may say that they are none: see main(). */
	memory_write(memory_map(PAGES), PAGES);
	for (size_t index = 0; index < THREADS; index++)
		pthread_create(&thread, NULL, follow_steps, (void *)index);
	pthread_exit(NULL);
}

static bool leader_is_dead(void *pid)
{
	char path[32], state = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", *(pid_t *)pid);
	file = fopen(path, "re");
	if (!file || fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		bail("%s", path);
	fclose(file);
	return state == 'Z';
}

static bool has_written(void *unused)
{
	(void)unused;
	return *step == WRITTEN;
}

static struct counters counters_of(pid_t pid)
{
	struct counters counters;

	if (!status_read(pid, &counters))
		bail("process %d is not in the status file", (int)pid);
	return counters;
}

int main(void)
{
	const struct faultline_header *ring;
	const struct faultline_record *record;
	struct counters before, after;
	uint64_t ticks;
	pid_t child;

	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	step = mmap(NULL, sizeof(*step), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	module_load("hz=100");
	ring = ring_map();

	child = child_start(leave_threads_behind, NULL);
	if (!wait_until(leader_is_dead, &child))
		bail("the leader does not exit");
	ok(status_register(child) == 0, "a process whose leader has exited can be registered");
	before = counters_of(child);
	ok(before.threads == THREADS, "it has %d threads: %lld", THREADS, before.threads);
	ok(before.rss_bytes > 0, "and memory: %lld bytes", before.rss_bytes);

	*step = WRITE;
	if (!wait_until(has_written, NULL))
		bail("the threads do not write");
	after = counters_of(child);
	ok(after.minor - before.minor >= PAGES, "%d pages written are minor faults: %lld", PAGES,
	   after.minor - before.minor);
	/* The kernel adds up memory in batches per CPU, so that some pages may lack. */
	ok(after.rss_bytes - before.rss_bytes >= PAGES * PAGE_BYTES / 2,
	   "and memory: %lld bytes more", after.rss_bytes - before.rss_bytes);

	ticks = ring->ticks;
	while (ring->ticks < ticks + 2)
		sleep_ms(5);
	record = ring_newest(ring, (uint64_t)after.id);
	ok(!(record->flags & FAULTLINE_EXITED) && record->threads == THREADS &&
	   record->minor_faults >= (uint64_t)after.minor && record->rss_bytes > 0,
	   "the ring's records go on and show the same");

	*step = EXIT;
	child_wait(child);
	ok(ring_wait_idle(ring), "the end of the last thread is the end of the process");
	record = ring_newest(ring, (uint64_t)after.id);
	ok(record->flags & FAULTLINE_EXITED && record->threads == 0, "its last record says so");
	return finish();
}
