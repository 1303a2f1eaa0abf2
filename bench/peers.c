// SPDX-License-Identifier: GPL-2.0
/*
 * One tool looks at one process that faults a known number of times: what does it cost,
 * and what does it report?  Prints `NAME_KEY VALUE` lines.
 *
 * usage: peers NAME TOOL READER
 *
 * TOOL is a command of the shell that looks at process $PID, with its output in the
 * file "out", until it is interrupted or the process exits.  READER is one that prints
 * how many copies TOOL has reported so far and, if it tells, how many minor faults;
 * nothing if it cannot tell.  Either may be empty.
 *
 * The process, $PID, is a child that shares pages with us, and a parent whose own child
 * has gone.  Before TOOL looks it goes through all that it is going to do, on pages
 * that nobody counts: what it copies in order to exist is behind it then.
 */
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "module.h"
#include "pages.h"
#include "stat.h"
#include "tap.h"

enum {
	COPIES		= 2048,
	PAGES		= 512,
	REHEARSED	= 16,
	/* A stretch that no tick of a timer or of TOOL's disturbs, one of so many. */
	STRETCH		= 64,
	THREADS		= 4,
	/* Until what TOOL writes once a second is written. */
	REPORT_MS	= 1500,
	START_MS	= 500,
	STARTS_MAX	= 240,
	/* Of CPU time in START_MS: less is not starting any more. */
	BUSY_US		= 25000,
};

/* Which TOOL is in, with whatever it starts. */
#define GROUP	"/sys/fs/cgroup/tool"

/* What the process does, stopping before each. */
enum act { COPY, REUSE, RACE, FIRST, FRESH, EXIT, ACTS };

static const struct {
	const char *name;
	int copies;
} acts[ACTS] = {
	[COPY] = { "copy", COPIES },
	[REUSE] = { "reuse", 0 },
	[RACE] = { "race", PAGES },
	[FIRST] = { "first", PAGES },
	[FRESH] = { "fresh", 0 },
	[EXIT] = { "exit", PAGES },
};

/* Of one pass: a rehearsal's, or that which is measured. */
struct regions {
	volatile char *shared, *raced, *shared_at_exit;	/* with a parent that lives on */
	volatile char *reused, *file, *fresh;
	int copies, pages;
};

/* Per fault: of the least disturbed stretch, and of all. */
struct cost {
	double least[ACTS], all[ACTS];
};

/* By the process, for us. */
static struct cost *cost;
static volatile char *raced;
static pthread_barrier_t start;
static int file;

static void map_shared(struct regions *regions, int copies, int pages)
{
	regions->copies = copies;
	regions->pages = pages;
	regions->shared = pages_map(copies);
	regions->raced = pages_map(pages);
	regions->shared_at_exit = pages_map(pages);
	pages_write(regions->shared, copies);
	pages_write(regions->raced, pages);
	pages_write(regions->shared_at_exit, pages);
}

static void map_own(struct regions *regions)
{
	regions->reused = pages_map(regions->pages);
	regions->fresh = pages_map(regions->pages);
	regions->file = pages_map_file(file, regions->pages);
	pages_write(regions->reused, regions->pages);
	*regions->fresh = 1;
}

static void write_in_stretches(enum act act, volatile char *memory, int pages)
{
	int stretch = pages < STRETCH ? pages : STRETCH;
	double per_page, sum = 0, least = 1e9;

	for (int page = 0; page < pages; page += stretch) {
		per_page = pages_write(memory + (size_t)page * PAGE_BYTES, stretch);
		least = smaller(least, per_page);
		sum += per_page * stretch;
	}
	cost->least[act] = least;
	cost->all[act] = sum / pages;
}

static void *write_raced(void *pages)
{
	pthread_barrier_wait(&start);
	pages_write(raced, *(int *)pages);
	return NULL;
}

static void race(struct regions *regions)
{
	pthread_t threads[THREADS];

	raced = regions->raced;
	pthread_barrier_init(&start, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, write_raced, &regions->pages))
			bail("pthread_create");
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

/* All acts, each after @stop was raised. */
static void act_all(struct regions *regions, int stop)
{
	raise(stop);
	write_in_stretches(COPY, regions->shared, regions->copies);
	raise(stop);
	write_in_stretches(REUSE, regions->reused, regions->pages);
	raise(stop);
	race(regions);
	raise(stop);
	write_in_stretches(FIRST, regions->file, regions->pages);
	raise(stop);
	write_in_stretches(FRESH, regions->fresh, regions->pages);
	raise(stop);
	write_in_stretches(EXIT, regions->shared_at_exit, regions->pages);
}

static void be_looked_at(struct regions *rehearsal, struct regions *regions)
{
	map_own(rehearsal);
	map_own(regions);
	/* From here on what is reused has been shared once. */
	if (fork() == 0)
		_exit(0);
	wait(NULL);
	/* Twice: what the first pass left to do at its end is done, too. */
	act_all(rehearsal, SIGCONT);
	act_all(rehearsal, SIGCONT);
	act_all(regions, SIGSTOP);
	_exit(0);
}

/* Of all that TOOL consists of, those that have ended included. */
static uint64_t tool_cpu_us(void)
{
	FILE *stat = fopen(GROUP "/cpu.stat", "re");
	uint64_t us = 0;

	if (!stat || fscanf(stat, "usage_usec %" SCNu64, &us) != 1)
		bail(GROUP);
	fclose(stat);
	return us;
}

static void become_tool(const char *tool)
{
	FILE *processes = fopen(GROUP "/cgroup.procs", "we");

	if (!processes || fputs("0", processes) < 0 || fclose(processes))
		bail(GROUP);
	execl("/bin/sh", "sh", "-c", tool, NULL);
	_exit(127);
}

/* Start TOOL, and wait until it starts no longer; 0 without one. */
static pid_t tool_start(const char *tool, pid_t process)
{
	uint64_t before, now = 0;
	char number[16];
	int calm = 0;
	pid_t pid;

	if (!*tool)
		return 0;
	snprintf(number, sizeof(number), "%d", (int)process);
	setenv("PID", number, 1);
	if (mkdir(GROUP, 0755))
		bail(GROUP);
	pid = fork();
	if (pid == 0)
		become_tool(tool);
	for (int i = 0; i < STARTS_MAX && calm < 4; i++) {
		before = now;
		sleep_ms(START_MS);
		now = tool_cpu_us();
		calm = now - before < BUSY_US ? calm + 1 : 0;
		if (waitpid(pid, NULL, WNOHANG) == pid) {
			rmdir(GROUP);
			bail("the tool has ended");
		}
	}
	return pid;
}

/* Until TOOL and all that it started have gone. */
static bool has_ended(pid_t pid)
{
	waitpid(pid, NULL, WNOHANG);
	return rmdir(GROUP) == 0;
}

static void tool_end(pid_t pid)
{
	if (!pid)
		return;
	kill(pid, SIGINT);
	for (int i = 0; i < 200; i++) {
		if (has_ended(pid))
			return;
		sleep_ms(50);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	rmdir(GROUP);
}

static long resident_kb(pid_t pid)
{
	char path[64], line[256];
	long kb = 0;
	FILE *rollup;

	/* Which counts pages; the sums in /proc/PID/status lag by some. */
	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	rollup = fopen(path, "re");
	while (rollup && fgets(line, sizeof(line), rollup) && !kb)
		sscanf(line, "Rss: %ld", &kb);
	if (rollup)
		fclose(rollup);
	return kb;
}

static long tool_resident_kb(void)
{
	FILE *processes = fopen(GROUP "/cgroup.procs", "re");
	long kb = 0;
	int pid;

	if (!processes)
		bail(GROUP);
	while (fscanf(processes, "%d", &pid) == 1)
		kb += resident_kb(pid);
	fclose(processes);
	return kb;
}

/* What TOOL has reported so far: -1 for what it cannot tell. */
static void read_report(const char *reader, long *copies, long *minor)
{
	FILE *report;

	*copies = *minor = -1;
	if (!*reader)
		return;
	report = popen(reader, "re");
	if (!report || fscanf(report, "%ld %ld", copies, minor) < 0)
		*copies = -1;
	if (report)
		pclose(report);
}

static long minor_faults(int stat)
{
	struct stat_counters counters;

	return stat_read(stat, &counters) ? (long)counters.minor : -1;
}

/* Let the process do its next act; what did TOOL report, what was true? */
static void measure_act(const char *name, enum act act, pid_t process, int stat,
			const char *reader)
{
	long copies, minor, more_copies, more_minor, true_minor = minor_faults(stat);
	int status;

	read_report(reader, &copies, &minor);
	kill(process, SIGCONT);
	if (waitpid(process, &status, WUNTRACED) != process)
		bail("waitpid");
	if (act == EXIT ? !WIFEXITED(status) : !WIFSTOPPED(status))
		bail("the process did not do as it should");
	sleep_ms(REPORT_MS);
	read_report(reader, &more_copies, &more_minor);
	if (more_copies >= 0 && copies >= 0)
		printf("%s_%s_copies %ld\n", name, acts[act].name, more_copies - copies);
	if (more_minor >= 0 && minor >= 0)
		printf("%s_%s_minor %ld\n", name, acts[act].name, more_minor - minor);
	if (act != EXIT)
		printf("%s_%s_minor_true %ld\n", name, acts[act].name,
		       minor_faults(stat) - true_minor);
	printf("%s_%s_true %d\n", name, acts[act].name, acts[act].copies);
	printf("%s_%s_cost %.1f\n", name, acts[act].name, cost->least[act]);
	printf("%s_%s_cost_all %.1f\n", name, acts[act].name, cost->all[act]);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct regions rehearsal, regions;
	pid_t process, tool;
	int stat, status;

	if (argc != 4)
		return 2;
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	cost = mmap(NULL, sizeof(*cost), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	file = pages_create_file(PAGES);
	map_shared(&rehearsal, REHEARSED, REHEARSED);
	map_shared(&regions, COPIES, PAGES);
	process = fork();
	if (process == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		be_looked_at(&rehearsal, &regions);
	}
	if (waitpid(process, &status, WUNTRACED) != process || !WIFSTOPPED(status))
		bail("the process does not stop");
	stat = stat_open(process);
	tool = tool_start(argv[2], process);
	if (tool)
		printf("%s_start %" PRIu64 "\n", argv[1], tool_cpu_us() * 1000);
	for (enum act act = COPY; act < ACTS; act++) {
		if (act == EXIT && tool)
			printf("%s_resident_kb %ld\n", argv[1], tool_resident_kb());
		measure_act(argv[1], act, process, stat, argv[3]);
	}
	tool_end(tool);
	return 0;
}
