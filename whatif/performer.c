// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "performer.h"

/* ---- The process ---- */

static void access_runs(const struct part *part, volatile char *memory, uint64_t runs)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	volatile char *byte;
	struct run run;
	uint32_t known = 0;
	bool first;

	for (uint64_t i = 0; i < runs; i++) {
		run = part->trace->runs[i];
		byte = memory + (part->place ? part->place[run.page] : run.page) * page_bytes;
		/* Pages are numbered in the order of their first use. */
		first = !part->filled && run.page == known;
		known += first;
		if (run.count & RUN_WRITTEN || first)
			*byte = 1;
		for (uint32_t left = run_accesses(run); left; left--)
			(void)*byte;
	}
}

static void act(const struct part *part, char *memory, uint64_t runs, struct counts *counts)
{
	struct rusage before, after;

	getrusage(RUSAGE_SELF, &before);
	access_runs(part, memory, runs);
	getrusage(RUSAGE_SELF, &after);
	counts->major = (uint64_t)(after.ru_majflt - before.ru_majflt);
	counts->minor = (uint64_t)(after.ru_minflt - before.ru_minflt);
}

/* What this itself touches for the first time is not to be counted. */
static void rehearse(const struct part *part, char *memory, struct counts *counts)
{
	const volatile struct run *runs = part->trace->runs;

	for (uint64_t i = 0; i < part->trace->header.runs; i++)
		(void)runs[i].page;
	act(part, memory, 0, counts);
}

static void wait_for_go(const struct performer *performer)
{
	char go;

	if (read(performer->pipes.to[0], &go, 1) != 1)
		_exit(errno);
}

static void tell(const struct performer *performer)
{
	if (write(performer->pipes.from[1], "", 1) != 1)
		_exit(errno);
}

/* Exits with errno. */
static void become_process(const struct performer *performer, const struct part *part)
{
	char *memory;

	pipes_close_own(&performer->pipes);
	wait_for_go(performer);
	memory = part->prepare(part->own);
	if (!memory)
		_exit(errno);
	rehearse(part, memory, performer->counts);
	tell(performer);
	wait_for_go(performer);
	act(part, memory, part->trace->header.runs, performer->counts);
	tell(performer);
	wait_for_go(performer);
	_exit(0);
}

/* ---- Who lets it go ---- */

static bool share_counts(struct performer *performer)
{
	void *shared = mmap(NULL, sizeof(*performer->counts), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		return false;
	performer->counts = shared;
	return true;
}

bool performer_start(struct performer *performer, const struct part *part)
{
	if (!pipes_open(&performer->pipes))
		return false;
	performer->pid = share_counts(performer) ? fork() : -1;
	if (!performer->pid)
		become_process(performer, part);
	pipes_close_other(&performer->pipes);
	if (performer->pid < 0)
		pipes_close_own(&performer->pipes);
	return performer->pid >= 0;
}

bool performer_go(const struct performer *performer)
{
	char there;

	return write(performer->pipes.to[1], "", 1) == 1 &&
	       read(performer->pipes.from[0], &there, 1) == 1;
}

int performer_end(struct performer *performer, bool good)
{
	int status;

	if (!good || write(performer->pipes.to[1], "", 1) != 1)
		kill(performer->pid, SIGKILL);
	while (waitpid(performer->pid, &status, 0) < 0 && errno == EINTR)
		;
	pipes_close_own(&performer->pipes);
	munmap(performer->counts, sizeof(*performer->counts));
	return status;
}
