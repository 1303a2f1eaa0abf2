// SPDX-License-Identifier: GPL-2.0
/*
 * monitor writes exactly the records of the ring, and asks the kernel for next to
 * nothing while it does.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "module.h"
#include "tap.h"
#include "times.h"

enum {
	RECORDS		= 6000,
	SAMPLED_MS	= 1000,
	NS		= 1000000000,
	ROW_BYTES	= 1024,
};

#define PROFILE	"/tmp/profile"

/* The columns that a record has only with all of these flags: a number, or seconds. */
static void append_if(char *row, const struct faultline_record *r, uint32_t flags, uint64_t number,
		      bool seconds)
{
	row += strlen(row);
	if ((r->flags & flags) != flags)
		strcpy(row, " n/a");
	else if (seconds)
		sprintf(row, " %" PRIu64 ".%09" PRIu64, number / NS, number % NS);
	else
		sprintf(row, " %" PRIu64, number);
}

static void append_kinds(char *row, const struct faultline_record *r)
{
	uint32_t flags;

	for (int kind = 0; kind < FAULTLINE_KINDS; kind++) {
		flags = FAULTLINE_COW;
		if (kind == FAULTLINE_FILE_FIRST)
			flags |= FAULTLINE_COW_FILE_FIRST;
		if (kind == FAULTLINE_HUGETLB)
			flags |= FAULTLINE_COW_HUGETLB;
		append_if(row, r, flags, r->cow_kinds[kind], false);
	}
}

/* The row of a record, by the columns that the profile names. */
static void format(const struct faultline_record *r, char row[ROW_BYTES])
{
	snprintf(row, ROW_BYTES,
		 "%" PRIu64 ".%09" PRIu64 " %d %d %" PRIu64 " %" PRIu64 " %u %u %" PRIu64 " %" PRIu64
		 " %" PRIu64 " %" PRIu64 ".%09" PRIu64 " %" PRIu64 ".%09" PRIu64 " %" PRIu64 " %" PRIu64
		 " %" PRIu64,
		 (uint64_t)r->time_ns / NS, (uint64_t)r->time_ns % NS, r->pid, r->ppid,
		 (uint64_t)r->id, (uint64_t)r->seq, r->flags, r->threads,
		 (uint64_t)r->minor_faults, (uint64_t)r->major_faults, (uint64_t)r->cow_faults,
		 (uint64_t)r->user_ns / NS, (uint64_t)r->user_ns % NS,
		 (uint64_t)r->system_ns / NS, (uint64_t)r->system_ns % NS,
		 (uint64_t)r->rss_bytes, (uint64_t)r->swap_bytes, (uint64_t)r->parent_id);
	append_kinds(row, r);
	append_if(row, r, FAULTLINE_COPY_TIMES, r->copies_timed, false);
	append_if(row, r, FAULTLINE_COPY_TIMES, r->copies_missed, false);
	append_if(row, r, FAULTLINE_COPY_TIMES, r->copy_ns, true);
	append_if(row, r, FAULTLINE_FAULT_TIMES, r->faults_timed, false);
	append_if(row, r, FAULTLINE_FAULT_TIMES, r->faults_missed, false);
	append_if(row, r, FAULTLINE_FAULT_TIMES, r->fault_ns, true);
	append_if(row, r, FAULTLINE_PRECOPY, r->precopied, false);
	append_if(row, r, FAULTLINE_PRECOPY, r->precopy_used, false);
	append_if(row, r, FAULTLINE_PRECOPY, r->precopy_wasted, false);
	append_if(row, r, FAULTLINE_PRECOPY, r->precopy_refused, false);
	strcat(row, "\n");
}

static void run_monitor_traced(void)
{
	int profile = open(PROFILE, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	dup2(profile, STDOUT_FILENO);
	dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	execl("./monitor", "monitor", "--dump", "--all", NULL);
	_exit(127);
}

/* Runs `monitor --dump` into PROFILE; its system calls, or -1 if it failed. */
static long count_system_calls(void)
{
	pid_t pid = fork();
	int status;
	long stops = 0;

	if (pid == 0)
		run_monitor_traced();
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		stops++;
		ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
	}
	/* Each stops twice, at entry and at exit. */
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? stops / 2 : -1;
}

/* How many rows the profile has, or -1 - n if row n is not record n. */
static long compare(const struct faultline_header *header)
{
	FILE *profile = fopen(PROFILE, "re");
	char line[ROW_BYTES], row[ROW_BYTES];
	long rows = 0;

	if (!profile)
		bail(PROFILE);
	while (fgets(line, sizeof(line), profile)) {
		if (*line == '#')
			continue;
		format(ring_record(header, (uint64_t)rows + 1), row);
		if ((uint64_t)rows == header->head || strcmp(line, row) != 0) {
			printf("# %s# %s", line, row);
			return -1 - rows;
		}
		rows++;
	}
	fclose(profile);
	return rows;
}

int main(void)
{
	const struct faultline_header *header;
	long calls, rows;
	pid_t pid;

	/* All that is recorded meanwhile fits into the ring, however slow the kernel. */
	module_load("hz=20");
	header = ring_map();
	pid = child_start(child_sleep, NULL);
	if (status_register(pid))
		bail("cannot register");
	sleep_ms(SAMPLED_MS);
	if (status_unregister(pid))
		bail("cannot unregister");
	for (int i = 0; i < RECORDS / 2; i++)
		if (status_register(pid) || status_register(0) || status_unregister(0) ||
		    status_unregister(pid))
			bail("cannot register");
	child_end(pid);
	calls = count_system_calls();
	rows = compare(header);
	ok(rows == (long)header->head, "%ld rows are the %llu records", rows,
	   (unsigned long long)header->head);
	ok(calls > 0 && calls < rows / 10, "with %ld system calls", calls);
	return finish();
}
