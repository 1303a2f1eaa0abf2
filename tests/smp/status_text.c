// SPDX-License-Identifier: GPL-2.0
/*
 * The status file is text that a program can parse: a line that names the columns, as
 * many words in every other line, counters that are fresh, names that break nothing.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "child.h"
#include "module.h"
#include "tap.h"

#define COLUMNS	"pid ppid id threads minor major cow user_ns system_ns rss_bytes swap_bytes " \
		"parent_id cow_anon cow_zero cow_file cow_file_first cow_ksm cow_hugetlb " \
		"cow_remote copies_timed copies_missed copy_ns faults_timed faults_missed " \
		"fault_ns precopied precopy_used precopy_wasted precopy_refused comm"

enum {
	COLUMN_COUNT	= 30,
	PROCESSES	= 300,	/* whose lines fill several pages */
};

static char text[1 << 18];

/* Reads in pieces of this size. */
static void read_status(size_t piece)
{
	int fd = open(FAULTLINE_STATUS, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t bytes;

	if (fd < 0)
		bail(FAULTLINE_STATUS);
	do {
		bytes = read(fd, text + used, piece);
		used += bytes > 0 ? (size_t)bytes : 0;
	} while (bytes > 0);
	text[used] = '\0';
	close(fd);
}

static int words(const char *line)
{
	char copy[512];
	int count = 0;

	snprintf(copy, sizeof(copy), "%.*s", (int)strcspn(line, "\n"), line);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		count++;
	return count;
}

static const char *next_line(const char *line)
{
	line = strchr(line, '\n');
	return line && line[1] ? line + 1 : NULL;
}

/* The lines of processes, or -1 if one has not a word for each column. */
static int count_rows(void)
{
	int rows = 0;

	for (const char *line = next_line(text); line; line = next_line(line)) {
		if (*line == '#')
			continue;
		if (words(line) != COLUMN_COUNT)
			return -1;
		rows++;
	}
	return rows;
}

static void many_rows(void)
{
	pid_t pids[PROCESSES];

	read_status(4096);
	ok(strncmp(text, COLUMNS "\n", strlen(COLUMNS "\n")) == 0,
	   "the first line names the columns");
	ok(count_rows() == 0, "there are no other lines but comments when nobody is registered");
	for (int i = 0; i < PROCESSES; i++) {
		pids[i] = child_start(child_sleep, NULL);
		if (status_register(pids[i]))
			bail("cannot register");
	}
	read_status(sizeof(text) - 1);
	ok(count_rows() == PROCESSES, "every line of %d has a word for each column", PROCESSES);
	read_status(100);
	ok(count_rows() == PROCESSES, "none is torn or doubled when read in pieces of 100 bytes");
	for (int i = 0; i < PROCESSES; i++) {
		status_unregister(pids[i]);
		child_end(pids[i]);
	}
}

static long faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

/* The sampler comes once a second; the file must not wait for it. */
static void fresh_counters(void)
{
	const long pages = 1000;
	struct counters before, after;
	long at_first, at_last;
	char *memory;

	status_register(0);
	status_read(getpid(), &before);
	at_first = faults();
	memory = mmap(NULL, (size_t)pages * 4096, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	madvise(memory, (size_t)pages * 4096, MADV_NOHUGEPAGE);
	for (long i = 0; i < pages; i++)
		memory[i * 4096] = 1;
	at_last = faults();
	status_read(getpid(), &after);
	ok(after.minor - before.minor >= at_last - at_first && at_last - at_first >= pages,
	   "counters are of this moment: %lld faults, of which getrusage saw %ld",
	   after.minor - before.minor, at_last - at_first);
	/* Each CPU keeps up to 64 pages to itself before it adds them to the sum. */
	ok(after.rss_bytes - before.rss_bytes >= pages * 4096 * 3 / 4, "resident memory as well");
	ok(after.pid == getpid() && after.ppid == getppid() && after.threads == 1,
	   "pid, parent and threads are right");
	status_unregister(0);
}

/* Does this process's line end in this word? */
static bool shown_as(const char *word)
{
	char start[32], end[128];

	snprintf(start, sizeof(start), "%d ", (int)getpid());
	snprintf(end, sizeof(end), " %s\n", word);
	read_status(4096);
	for (const char *line = text; line; line = next_line(line))
		if (strncmp(line, start, strlen(start)) == 0)
			return words(line) == COLUMN_COUNT &&
			       strncmp(strchr(line, '\n') + 1 - strlen(end), end, strlen(end)) == 0;
	return false;
}

/* Does the profile name it so? */
static bool profiled_as(const char *word)
{
	static char profile[1 << 16];
	FILE *monitor;
	char end[128];

	snprintf(end, sizeof(end), " comm=%s\n", word);
	monitor = popen("./monitor --dump 2> /dev/null", "re");
	if (!monitor)
		bail("popen");
	profile[fread(profile, 1, sizeof(profile) - 1, monitor)] = '\0';
	pclose(monitor);
	return strstr(profile, end) != NULL;
}

/* A name is whatever its owner wrote there. */
static void odd_names(void)
{
	static const struct {
		const char *name, *shown, *what;
	} odd[] = {
		{ "two words", "two\\x20words", "a blank" },
		{ "# comment", "#\\x20comment", "a number sign" },
		{ "a\nb", "a\\x0ab", "a newline" },
		{ "a\tb", "a\\x09b", "a tab" },
		{ "a\\b", "a\\x5cb", "a backslash" },
		{ "a\rb", "a\\x0db", "a carriage return" },
		{ "a\033[2Jb", "a\\x1b[2Jb", "an escape sequence" },
		{ "\xc3\xa9t\xc3\xa9", "\\xc3\\xa9t\\xc3\\xa9", "letters beyond ASCII" },
		{ "", "\\x00", "that there is no letter" },
		{ "123456789012345", "123456789012345", "15 letters" },
	};

	status_register(0);
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		prctl(PR_SET_NAME, odd[i].name);
		ok(shown_as(odd[i].shown), "the status file escapes %s in a name", odd[i].what);
		/* A record carries the name to the monitor. */
		status_unregister(0);
		status_register(0);
		ok(profiled_as(odd[i].shown), "the profile as well");
	}
	status_unregister(0);
}

int main(void)
{
	module_load("hz=1");
	many_rows();
	fresh_counters();
	odd_names();
	return finish();
}
