// SPDX-License-Identifier: GPL-2.0
/*
 * Lines that start with # tell of the run, of the columns, and of faults that were lost; all
 * others are one fault each, in the order in which they ended.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fault_text.h"
#include "machine.h"

enum { FORMAT = 1 };

#define FAULT_AROUND	"/sys/kernel/debug/fault_around_bytes"
#define HUGE_PAGES	"/sys/kernel/mm/transparent_hugepage/enabled"

/* The first line of a file, or n/a. */
static void read_line(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "re");

	snprintf(line, size, "n/a");
	if (file && fgets(line, (int)size, file))
		line[strcspn(line, "\n")] = '\0';
	if (file)
		fclose(file);
}

/* The word in brackets is the one that holds. */
static void read_huge_pages(char *word, size_t size)
{
	char line[128], *begin, *end;

	read_line(HUGE_PAGES, line, sizeof(line));
	begin = strchr(line, '[');
	end = begin ? strchr(begin, ']') : NULL;
	if (end)
		snprintf(word, size, "%.*s", (int)(end - begin - 1), begin + 1);
	else
		snprintf(word, size, "n/a");
}

void fault_text_begin(struct output *output, const char *cow_method)
{
	struct machine machine;
	char text[64];

	machine_read(&machine);
	output_line(output, "# faultline faults, format %d\n", FORMAT);
	output_line(output, "# kernel: %s\n", machine.kernel);
	output_line(output, "# cpu: %s\n", machine.cpu);
	output_line(output, "# memory_bytes: %s\n", machine.memory_bytes);
	output_line(output, "# recorded: %s\n", machine.recorded);
	output_line(output, "# clock: CLOCK_MONOTONIC\n");
	output_line(output, "# cow: %s\n", cow_method);
	output_line(output, "# page_bytes: %ld\n", sysconf(_SC_PAGESIZE));
	read_line(FAULT_AROUND, text, sizeof(text));
	output_line(output, "# fault_around_bytes: %s\n", text);
	read_huge_pages(text, sizeof(text));
	output_line(output, "# huge_pages: %s\n", text);
	output_line(output, "# columns: time_ns pid tid kind cow access by mapping address ip cpu "
		    "node latency_ns before_pages after_pages\n");
}

static const char *kind_of(const struct faultline_fault *fault)
{
	static const char * const names[] = {
		[FAULTLINE_FAULT_MINOR] = "minor", [FAULTLINE_FAULT_MAJOR] = "major",
		[FAULTLINE_FAULT_RETRIED] = "retried", [FAULTLINE_FAULT_FAILED] = "failed",
	};

	return fault->kind < sizeof(names) / sizeof(names[0]) ? names[fault->kind] : "n/a";
}

static const char *cow_of(const struct faultline_fault *fault)
{
	static const char * const names[FAULTLINE_KINDS] = {
		[FAULTLINE_ANON] = "anon", [FAULTLINE_ZERO] = "zero", [FAULTLINE_FILE] = "file",
		[FAULTLINE_FILE_FIRST] = "file_first", [FAULTLINE_KSM] = "ksm",
		[FAULTLINE_HUGETLB] = "hugetlb", [FAULTLINE_REMOTE] = "remote",
	};

	if (!(fault->flags & FAULTLINE_FAULT_COW_KNOWN))
		return "n/a";
	if (fault->cow < FAULTLINE_KINDS)
		return names[fault->cow];
	if (fault->cow == FAULTLINE_REUSED)
		return "reused";
	return fault->flags & FAULTLINE_FAULT_REUSE_KNOWN ? "none" : "n/a";
}

static char access_of(const struct faultline_fault *fault)
{
	if (fault->flags & FAULTLINE_FAULT_EXEC)
		return 'X';
	return fault->flags & FAULTLINE_FAULT_WRITE ? 'W' : 'R';
}

static const char *by_whom(const struct faultline_fault *fault)
{
	if (fault->flags & FAULTLINE_FAULT_AHEAD)
		return "ahead";
	if (fault->flags & FAULTLINE_FAULT_REMOTE)
		return "remote";
	return fault->flags & FAULTLINE_FAULT_USER ? "user" : "kernel";
}

static const char *mapping_of(const struct faultline_fault *fault)
{
	if (fault->flags & FAULTLINE_FAULT_HUGETLB)
		return "hugetlb";
	if (fault->flags & FAULTLINE_FAULT_SHARED)
		return "shared";
	if (fault->flags & FAULTLINE_FAULT_FILE)
		return "file";
	return fault->flags & FAULTLINE_FAULT_STACK ? "stack" : "anon";
}

void fault_text_fault(struct output *output, const struct faultline_fault *fault)
{
	output_line(output, "%" PRIu64 " %" PRId32 " %" PRId32 " %s %s %c %s %s 0x%" PRIx64
		    " 0x%" PRIx64 " %u %u %" PRIu64 " %" PRIu32 " %" PRIu32 "\n",
		    (uint64_t)fault->time_ns, fault->pid, fault->tid, kind_of(fault),
		    cow_of(fault), access_of(fault), by_whom(fault), mapping_of(fault),
		    (uint64_t)fault->address, (uint64_t)fault->ip, fault->cpu, fault->node,
		    (uint64_t)fault->latency_ns, fault->before_pages, fault->after_pages);
}

void fault_text_lost(struct output *output, uint64_t lost)
{
	output_line(output, "# lost: %" PRIu64 " faults before here\n", lost);
}

void fault_text_end(struct output *output, const struct fault_rings *rings, long long missed)
{
	const struct fault_ring *ring;

	for (size_t i = 0; i < rings->count; i++) {
		ring = &rings->rings[i];
		output_line(output, "# lost: %" PRIu64 " faults of cpu %u\n", ring->reader.lost,
			    ring->cpu);
	}
	if (missed < 0)
		output_line(output, "# missed: n/a\n");
	else
		output_line(output, "# missed: at most %lld faults\n", missed);
	output_line(output, "# lost: %" PRIu64 " faults in total\n", fault_rings_lost(rings));
}
