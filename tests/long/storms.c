// SPDX-License-Identifier: GPL-2.0
/*
 * Processes that register, unregister, fork and exit as fast as they can, from all
 * sides at once and while the sampler runs at its fastest, leave a registry that is
 * empty, a ring in which every registration has begun once and ended once, and no
 * memory behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "kernel_memory.h"
#include "module.h"
#include "tap.h"

enum {
	PROCESSES	= 32,
	STORM_S		= 5,
	FORKS		= 2000,
	FORKS_AT_ONCE	= 20,
	NS_PER_S	= 1000000000,
	LEAK_MAX_KB	= 4096,	/* what the kernel's caches may keep; a leak is some 30 MB */
};

/* In memory that all processes share. */
static struct storm {
	pid_t pids[PROCESSES];
	time_t end;
} *storm;

static const struct faultline_header *header;

static bool is_fair(int error)
{
	return error == 0 || error == EEXIST || error == ENOENT || error == ESRCH;
}

/* Registers and unregisters itself and others until the end; 1 after a wrong answer. */
static int register_all_around(void *unused)
{
	bool fair = true;
	pid_t pid;

	(void)unused;
	srand((unsigned int)getpid());
	while (fair && time(NULL) < storm->end) {
		pid = rand() % 2 ? 0 : storm->pids[rand() % PROCESSES];
		fair = is_fair(rand() % 2 ? status_register(pid) : status_unregister(pid));
	}
	return !fair;
}

static void spin_ns(long duration_ns)
{
	struct timespec start, now;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - start.tv_sec) * NS_PER_S + now.tv_nsec - start.tv_nsec < duration_ns);
}

/* One period of the sampler at 1000 Hz, give or take: when its timer expires. */
static void spin_until_about_the_tick(void)
{
	spin_ns(900 * 1000 + rand() % (200 * 1000));
}

/* Alone, so that each registration starts the sampler and each end stops it. */
static int register_alone(void *unused)
{
	bool fair = true;

	(void)unused;
	while (fair && time(NULL) < storm->end) {
		fair = status_register(0) == 0;
		if (rand() % 2)
			spin_until_about_the_tick();
		fair = fair && status_unregister(0) == 0;
		if (rand() % 2)
			spin_until_about_the_tick();
	}
	return !fair;
}

/* Starts the timer anew with every write, just as it expires. */
static int change_hz(void *unused)
{
	int fd = open("/sys/module/faultline/parameters/hz", O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0;

	(void)unused;
	while (good && time(NULL) < storm->end) {
		good = pwrite(fd, "1000", 4, 0) == 4;
		spin_until_about_the_tick();
	}
	close(fd);
	return !good;
}

static int register_and_exit(void *unused)
{
	(void)unused;
	return status_register(0);
}

static void storm_of_registrations(void)
{
	int wrong = 0;

	storm->end = time(NULL) + STORM_S;
	for (int i = 0; i < PROCESSES; i++)
		storm->pids[i] = child_start(register_all_around, NULL);
	for (int i = 0; i < PROCESSES; i++)
		wrong += child_wait(storm->pids[i]);
	ok(wrong == 0, "%d processes register each other for %d s and get fair answers", PROCESSES,
	   STORM_S);
}

static void storm_of_runs(void)
{
	pid_t alone, changing;

	storm->end = time(NULL) + STORM_S;
	alone = child_start(register_alone, NULL);
	changing = child_start(change_hz, NULL);
	ok(child_wait(alone) == 0, "one process begins and ends runs for %d s", STORM_S);
	ok(child_wait(changing) == 0, "while hz is written at every tick");
}

static void storm_of_forks(int forks)
{
	pid_t pids[FORKS_AT_ONCE];
	int wrong = 0;

	for (int round = 0; round < forks / FORKS_AT_ONCE; round++) {
		for (int i = 0; i < FORKS_AT_ONCE; i++)
			pids[i] = child_start(register_and_exit, NULL);
		for (int i = 0; i < FORKS_AT_ONCE; i++)
			wrong += child_wait(pids[i]) != 0;
	}
	ok(wrong == 0, "%d processes register and exit at once", forks);
}

/* What a registration has come to. */
enum state { UNKNOWN, OPEN, CLOSED };

/* Does this record fit what the registration has come to?  Moves it on. */
static bool follows(const struct faultline_record *record, char *state)
{
	bool first = record->flags & FAULTLINE_FIRST;
	bool last = record->flags & (FAULTLINE_EXITED | FAULTLINE_UNREGISTERED);
	bool good = *state == (first ? UNKNOWN : OPEN);

	*state = last ? CLOSED : OPEN;
	return good;
}

/* Nobody publishes any more, so the records can be read in place. */
static void check_records(void)
{
	uint64_t wrong = 0, open = 0, last_id = 0;
	const struct faultline_record *record;
	char *state = calloc(header->head + 2, 1);

	ok(header->head <= header->capacity, "the ring has kept all %llu records",
	   (unsigned long long)header->head);
	for (uint64_t seq = 1; seq <= header->head; seq++) {
		record = ring_record(header, seq);
		wrong += record->seq != seq || record->id > header->head ||
			 !follows(record, &state[record->id]);
		if (record->id > last_id)
			last_id = record->id;
	}
	for (uint64_t id = 1; id <= last_id; id++)
		open += state[id] != CLOSED;
	ok(last_id > FORKS && wrong == 0 && open == 0,
	   "%llu registrations each begin once and end once; %llu records are out of place, "
	   "%llu registrations did not end", (unsigned long long)last_id,
	   (unsigned long long)wrong, (unsigned long long)open);
	free(state);
}

int main(void)
{
	long before_kb;

	storm = mmap(NULL, sizeof(*storm), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	module_load("hz=1000 ring_records=1000000");
	/* Once without looking: what the kernel sets up on first use is no leak. */
	storm_of_forks(FORKS_AT_ONCE);
	before_kb = kernel_memory_kb();
	storm_of_registrations();
	storm_of_runs();
	storm_of_forks(FORKS);
	/* Not earlier: each fork would copy the page tables of the mapping. */
	header = ring_map();
	ok(ring_wait_idle(header), "then none is registered");
	check_records();
	kernel_memory_ok("after them", before_kb, LEAK_MAX_KB);
	return finish();
}
