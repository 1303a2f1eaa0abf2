// SPDX-License-Identifier: GPL-2.0
/*
 * A program that has less and less memory has about as many major faults as its trace predicts:
 * none where all that it writes fits, whatever else it reads.  What cannot be run is told, and no
 * cgroup is left.
 *
 * Called with an argument, this is the program.
 */
#include <fcntl.h>
#include <glob.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory.h"
#include "random.h"
#include "tap.h"

enum {
	PAGES		= 1000,
	ACCESSES	= 10000,
	ONLY_READ	= 100,		/* of anonymous memory, and so many of a file */
	OTHERS		= 24,		/* data, stack and the like, which are not in the trace */
	LINE_BYTES	= 512,
	RUNS		= 4,
};

#define TRACE	"/tmp/trace"
#define VERIFY	"./faultline-whatif verify " TRACE " -F csv -P mglru "

static const char *self;

/* ---- The program ---- */

/**
 * struct memory - it, or only where it would be
 * @own: written and read
 * @zeros: anonymous, only read
 * @file: likewise
 */
struct memory {
	volatile char *own;
	volatile char *zeros;
	volatile char *file;
};

/* All accesses, in order; each page of the own memory is read first now and then. */
static void each_access(const struct memory *memory, void (*visit)(volatile char *at, bool write))
{
	random_seed(1);
	for (size_t i = 0; i < ACCESSES; i++) {
		visit(memory->own + random_below(1 + random_below(PAGES)) * PAGE_BYTES,
		      random_below(2));
		visit(memory->zeros + i % ONLY_READ * PAGE_BYTES, false);
		visit(memory->file + i % ONLY_READ * PAGE_BYTES, false);
	}
}

static void use(volatile char *at, bool write)
{
	if (write)
		*at = 1;
	else
		(void)*at;
}

/* It tells how it fared where nobody reads it. */
static int act(void)
{
	int fd = open(self, O_RDONLY);
	struct memory memory = { memory_map(PAGES), memory_map(ONLY_READ), NULL };

	memory.file = mmap(NULL, ONLY_READ * PAGE_BYTES, PROT_READ, MAP_PRIVATE, fd, 0);
	if (memory.file == MAP_FAILED)
		return 1;
	each_access(&memory, use);
	puts("0,0,0");
	return 0;
}

/* ---- Its trace ---- */

static FILE *trace;
static bool is_written[PAGES];

static void tell(volatile char *at, bool write)
{
	size_t page = (uintptr_t)at / PAGE_BYTES - 1;

	fprintf(trace, "1 %c %p\n", write ? 'W' : 'R', (void *)at);
	if (page < PAGES)
		is_written[page] |= write;
}

/* How many pages are written. */
static size_t record(void)
{
	const struct memory nowhere = {
		(char *)PAGE_BYTES, (char *)(0x10000000), (char *)(0x20000000),
	};
	size_t written = 0;

	trace = fopen(TRACE, "w");
	if (!trace)
		bail(TRACE);
	each_access(&nowhere, tell);
	fclose(trace);
	for (size_t page = 0; page < PAGES; page++)
		written += is_written[page];
	return written;
}

/* ---- The test ---- */

/**
 * struct row - of the answer
 * @counted: it has a real number
 */
struct row {
	double pages;
	double predicted;
	double real;
	bool counted;
};

static size_t read_rows(FILE *answer, struct row rows[RUNS])
{
	char line[LINE_BYTES];
	size_t count = 0;

	for (; fgets(line, sizeof(line), answer); count++) {
		printf("# %s", line);
		if (!count || count > RUNS)
			continue;
		rows[count - 1].counted = sscanf(line, "program,%*[^,],mglru,accesses,%*[^,],%lf,major,%lf,%lf",
						 &rows[count - 1].pages, &rows[count - 1].predicted,
						 &rows[count - 1].real) == 3;
	}
	return count;
}

/* Run verify with what follows it; its exit status.  As many lines as there should be, or bail. */
static int verify(const char *arguments, size_t lines, struct row rows[RUNS])
{
	char command[LINE_BYTES];
	FILE *answer;
	size_t count;
	int status;

	snprintf(command, sizeof(command), "{ " VERIFY "%s 2> /tmp/said; echo $? > /tmp/status; } | "
		 "tr -d '\\r'; exit $(cat /tmp/status)", arguments);
	answer = popen(command, "r");
	if (!answer)
		bail("verify");
	count = read_rows(answer, rows);
	status = pclose(answer);
	return count == lines && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Is it what was said last, and the only line? */
static bool said(const char *text)
{
	char line[LINE_BYTES] = "", more[LINE_BYTES];
	FILE *file = fopen("/tmp/said", "r");
	bool only = file && fgets(line, sizeof(line), file) && !fgets(more, sizeof(more), file);

	printf("# %s", line);
	if (file)
		fclose(file);
	return only && strstr(line, text);
}

static bool is_group_left(void)
{
	glob_t found;
	int error = glob("/sys/fs/cgroup/faultline-whatif.*", 0, NULL, &found);

	globfree(&found);
	return !error;
}

static void is_predicted(size_t written)
{
	struct row rows[RUNS] = { 0 };
	const size_t frames[RUNS] = {
		written + OTHERS, written * 3 / 4, written / 2, written / 4
	};
	char arguments[LINE_BYTES];
	double least = 0;
	int status;

	snprintf(arguments, sizeof(arguments), "-n %zu,%zu,%zu,%zu -- %s act", frames[0], frames[1],
		 frames[2], frames[3], self);
	status = verify(arguments, 1 + RUNS, rows);
	ok(status == 0, "the program runs in each, and what it writes is not in the answer");
	ok(rows[0].counted && rows[0].pages == (double)written,
	   "%zu pages want a frame, and not those that it only reads", written);
	ok(rows[0].counted && !rows[0].real && !rows[0].predicted,
	   "where all that it writes fits there is no major fault, and none is predicted");
	for (int i = 1; i < RUNS; i++) {
		ok(rows[i].counted && rows[i].real > least, "there are more of them in %zu frames",
		   frames[i]);
		least = rows[i].real;
		ok(rows[i].counted && rows[i].predicted > 0.7 * rows[i].real &&
		   rows[i].predicted < 1.3 * rows[i].real,
		   "in %zu frames as many as are predicted, within 30%%", frames[i]);
	}
	ok(!is_group_left(), "no cgroup is left");
}

static void is_refused(void)
{
	struct row rows[RUNS] = { 0 };

	ok(verify("-n 500 -- nonesuch", 0, rows) == 1 &&
	   said("faultline-whatif verify: nonesuch: No such file or directory"),
	   "a command that does not exist is told");
	ok(verify("-n 500 -- false", 0, rows) == 1 && said("false: exit status 1"),
	   "and one that fails");
}

static void is_killed(size_t written)
{
	struct row rows[RUNS] = { 0 };
	char arguments[LINE_BYTES];
	bool killed;

	snprintf(arguments, sizeof(arguments), "-n %zu -- %s act", written / 2, self);
	if (system("awk 'NR == 2 { print $1 }' /proc/swaps > /tmp/swap; swapoff $(cat /tmp/swap)"))
		bail("swapoff");
	killed = verify(arguments, 2, rows) == 1 && !rows[0].counted;
	if (system("swapon $(cat /tmp/swap)"))
		bail("swapon");
	ok(killed && said(": was killed by signal 9: there is no room, or no swap"),
	   "without swap it is killed, and n/a and a line tell");
	ok(!is_group_left(), "nor is a cgroup left then");
}

/*
 * What another CPU has charged in advance comes back late, so that all is on one; and there another
 * process runs often, as an emulator keeps translations until then, and does not mark pages as
 * accessed meanwhile.
 */
static void share_one_cpu(void)
{
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (sched_setaffinity(0, sizeof(first), &first))
		bail("sched_setaffinity");
	if (fork())
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		usleep(100);
}

int main(int argc, char **argv)
{
	size_t written;

	self = argv[0];
	if (argc > 1)
		return act();
	setenv("TMPDIR", "/tmp", 1);
	/* Readahead brings in what nobody asked for. */
	if (system("echo +memory > /sys/fs/cgroup/cgroup.subtree_control; "
		   "cat /proc/sys/vm/page-cluster > /tmp/cluster; echo 0 > /proc/sys/vm/page-cluster"))
		bail("cgroup");
	share_one_cpu();
	written = record();
	is_predicted(written);
	is_refused();
	is_killed(written);
	if (system("cat /tmp/cluster > /proc/sys/vm/page-cluster"))
		bail("page-cluster");
	return finish();
}
