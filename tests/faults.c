// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "faults.h"
#include "module.h"
#include "ring_reader.h"
#include "tap.h"

#define KPROBES	"/sys/kernel/debug/kprobes/list"

enum { CPUS_MAX = 64 };

struct faultline_fault faults[FAULTS_MAX];
size_t faults_count;
uint64_t faults_lost;

/* How far each ring has been looked at. */
static uint64_t seen[CPUS_MAX];

int faults_trace(pid_t pid, const char *setting)
{
	char line[64];

	snprintf(line, sizeof(line), "T %d %s\n", (int)pid, setting);
	return status_write(line);
}

void faults_must_trace(pid_t pid)
{
	errno = faults_trace(pid, "on");
	if (errno)
		bail("T %d on", (int)pid);
}

/* Not kept mapped: the module may be unloaded between two looks. */
static bool open_cpu(struct ring_reader *reader, unsigned int cpu)
{
	char why[256];

	if (ring_reader_open_faults(reader, FAULTLINE_DEVICE, cpu, why, sizeof(why)))
		return true;
	if (errno != ENXIO)
		bail("%s", why);
	return false;
}

void faults_skip(void)
{
	struct ring_reader reader;

	for (unsigned int cpu = 0; cpu < CPUS_MAX; cpu++) {
		seen[cpu] = 0;
		if (cpu >= (unsigned int)sysconf(_SC_NPROCESSORS_CONF) || !open_cpu(&reader, cpu))
			continue;
		seen[cpu] = reader.header->head;
		ring_reader_close(&reader);
	}
	faults_count = 0;
	faults_lost = 0;
}

void faults_look(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	struct ring_reader reader;

	faults_count = 0;
	for (unsigned int cpu = 0; cpu < cpus && cpu < CPUS_MAX; cpu++) {
		if (!open_cpu(&reader, cpu))
			continue;
		reader.next = seen[cpu] + 1;
		while (faults_count < FAULTS_MAX &&
		       ring_reader_next_fault(&reader, &faults[faults_count]))
			faults_count++;
		seen[cpu] = reader.next - 1;
		faults_lost += reader.lost;
		ring_reader_close(&reader);
	}
	if (faults_count == FAULTS_MAX)
		bail("more faults than a test looks at");
}

size_t faults_of(pid_t pid, enum faultline_fault_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < faults_count; i++)
		count += faults[i].pid == pid && faults[i].kind == kind &&
			 !(faults[i].flags & FAULTLINE_FAULT_REMOTE);
	return count;
}

long long faults_said(const char *word)
{
	char line[256], *at;

	if (!status_setting("trace", line, sizeof(line)))
		bail("no line on the trace");
	at = strstr(line, word);
	if (!at)
		bail("nothing of %s in: %s", word, line);
	while (at > line && at[-1] == ' ')
		at--;
	while (at > line && at[-1] >= '0' && at[-1] <= '9')
		at--;
	return atoll(at);
}

bool faults_hooked(const char *function)
{
	FILE *probes = fopen(KPROBES, "re");
	char line[512], name[128];
	bool found = false;

	if (!probes)
		bail(KPROBES);
	while (!found && fgets(line, sizeof(line), probes))
		found = sscanf(line, "%*s %*s %127[^+]", name) == 1 && strcmp(name, function) == 0;
	fclose(probes);
	return found;
}
