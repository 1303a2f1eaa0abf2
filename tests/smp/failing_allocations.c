// SPDX-License-Identifier: GPL-2.0
/*
 * Where memory cannot be had there is a clean error, or less is measured; and the next try
 * works.  Each thing that allocates is done with its first allocation failing, then with its
 * second, and so on until none of them fails: on kernels that can be told to
 * (CONFIG_FAULT_INJECTION).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "failures.h"
#include "module.h"
#include "tap.h"
#include "times.h"

enum {
	DISARM_MS	= 1500,		/* longer than hooks stay without a process */
	FAR		= 1000000,	/* allocations that nobody makes */
	TICKS_MS	= 2000,
};

static pid_t child;
static int fd = -1;
static void *mapped;

static int open_device(void)
{
	fd = open(FAULTLINE_DEVICE, O_RDONLY);
	return fd < 0 ? errno : 0;
}

static void close_device(void)
{
	close(fd);
}

static int map(void)
{
	mapped = mmap(NULL, 4096, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
	return mapped == MAP_FAILED ? errno : 0;
}

static void unmap(void)
{
	munmap(mapped, 4096);
}

static int register_child(void)
{
	return status_register_children(child);
}

static void unregister_child(void)
{
	if (status_unregister(child))
		bail("U");
}

static void unregister_and_disarm(void)
{
	unregister_child();
	sleep_ms(DISARM_MS);
}

static int copy_ahead(void)
{
	char text[32];

	snprintf(text, sizeof(text), "P %d auto", (int)child);
	return status_write(text);
}

static void copy_no_more(void)
{
	char text[32];

	snprintf(text, sizeof(text), "P %d off", (int)child);
	if (status_write(text))
		bail("P");
	sleep_ms(DISARM_MS);
}

static int time_faults(void)
{
	return module_set("latency", "fault");
}

static void time_nothing(void)
{
	if (module_set("latency", "off"))
		bail("latency");
}

static int read_file(const char *path)
{
	char text[4096];
	int file = open(path, O_RDONLY | O_CLOEXEC), err = 0;
	ssize_t got;

	if (file < 0)
		return errno;
	do
		got = read(file, text, sizeof(text));
	while (got > 0);
	if (got < 0)
		err = errno;
	close(file);
	return err;
}

static int read_status(void)
{
	return read_file(FAULTLINE_STATUS);
}

static int read_histogram(void)
{
	return read_file(HISTOGRAM);
}

static void nothing(void)
{
}

/* The thread that samples, by its name. */
static int sampler_fail_nth(int flags)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	char path[300];
	int file = -1;

	while (file < 0 && (entry = readdir(processes))) {
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		if (atoi(entry->d_name) == 0 || strcmp(file_get(path), "faultline\n"))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/fail-nth", entry->d_name);
		file = open(path, flags | O_CLOEXEC);
	}
	closedir(processes);
	if (file < 0)
		bail("the sampler's fail-nth");
	return file;
}

static int sampler_left(void)
{
	char text[16] = "";
	int file = sampler_fail_nth(O_RDONLY);

	if (read(file, text, sizeof(text) - 1) < 0)
		bail("read");
	close(file);
	return atoi(text);
}

static void sampler_allocates_nothing(void)
{
	const struct faultline_header *header = ring_map();
	int file = sampler_fail_nth(O_WRONLY), left;
	uint64_t ticks = header->ticks;

	if (dprintf(file, "%d", FAR) < 0)
		bail("write");
	sleep_ms(TICKS_MS);
	left = sampler_left();
	ok(header->ticks > ticks && left == FAR, "%d ticks allocate nothing: %d",
	   (int)(header->ticks - ticks), FAR - left);
	if (dprintf(file, "0") < 0)
		bail("write");
	close(file);
	ring_unmap(header);
}

int main(void)
{
	if (!failures_begin()) {
		skip("allocations that fail: this kernel cannot be told to fail them");
		return finish();
	}
	module_load("ring_records=64");
	child = child_start_stopped(child_sleep, NULL);
	fail_each("opening the device", open_device, close_device);
	if (open_device())
		bail(FAULTLINE_DEVICE);
	fail_each("mapping the ring", map, unmap);
	fail_each("registering the first process", register_child, unregister_and_disarm);
	fail_each("registering a process", register_child, unregister_child);
	if (register_child())
		bail("R");
	sampler_allocates_nothing();
	fail_each("reading the status", read_status, nothing);
	fail_each("reading histograms", read_histogram, nothing);
	fail_each("timing faults", time_faults, time_nothing);
	fail_each("pre-copy", copy_ahead, copy_no_more);
	close_device();
	child_end(child);
	ok(module_unload() == 0, "and the module can be removed");
	return finish();
}
