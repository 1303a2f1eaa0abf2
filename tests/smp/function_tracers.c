// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's own tracers, function and function_graph, on the functions that the module
 * hooks or on all there are, leave the number of copies exact; times of copies they may
 * cost, and those count as missed.
 *
 * function_graph takes the place of a function's return address, by which the module tells
 * who copies.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include "child.h"
#include "memory.h"
#include "module.h"
#include "tap.h"
#include "times.h"
#include "worker.h"

enum {
	PAGES	= 400,
	ZEROES	= 50,
	ALL	= PAGES + ZEROES,
};

#define TRACING	"/sys/kernel/tracing"

static volatile char *anon, *zero;

static void write_all(size_t unused)
{
	(void)unused;
	memory_write(anon, PAGES);
	memory_read(zero, ZEROES);
	memory_write(zero, ZEROES);
}

static void need(const char *file, const char *text)
{
	char path[64];

	snprintf(path, sizeof(path), TRACING "/%s", file);
	file_must_put(path, text);
}

/* Appends to what is there, where the shell would say >>. */
static void limit_to(const char *file, const char * const functions[])
{
	char path[64];

	snprintf(path, sizeof(path), TRACING "/%s", file);
	for (; *functions; functions++) {
		int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
		size_t length = strlen(*functions);

		if (fd < 0 || write(fd, *functions, length) != (ssize_t)length)
			bail("%s >> %s", *functions, path);
		close(fd);
	}
}

static void limit_to_none(const char *file)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), TRACING "/%s", file);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		bail("%s", path);
	close(fd);
}

static pid_t start_registered(void)
{
	pid_t worker = worker_start();

	if (status_register(worker))
		bail("R %d", (int)worker);
	return worker;
}

/* A worker's copies while this tracer runs, with that limit, and another's after it. */
static void trace(const char *tracer, const char *file, const char * const functions[],
		  const char *what)
{
	pid_t worker = start_registered();
	struct row row;

	if (file)
		limit_to(file, functions);
	need("current_tracer", tracer);
	worker_do(worker, write_all, 0);
	row_read(worker, &row);
	need("current_tracer", "nop");
	if (file)
		limit_to_none(file);
	ok(row_value(&row, "cow_anon") == PAGES && row_value(&row, "cow_zero") == ZEROES,
	   "%s: %lld pages copied of %d, %lld zero pages of %d", what,
	   row_value(&row, "cow_anon"), PAGES, row_value(&row, "cow_zero"), ZEROES);
	ok(row_value(&row, "copies_timed") + row_value(&row, "copies_missed") ==
	   row_value(&row, "cow_anon"), "%s: %lld copies timed and %lld missed", what,
	   row_value(&row, "copies_timed"), row_value(&row, "copies_missed"));
	/* It copied before it was registered; that time is none of these. */
	ok(row_value(&row, "copies_timed") == 0 || row_value(&row, "copies_timed") == PAGES,
	   "%s: none is given the time of an earlier one", what);
	ok(row_value(&row, "faults_timed") + row_value(&row, "faults_missed") ==
	   row_value(&row, "cow"), "%s: %lld faults timed and %lld missed", what,
	   row_value(&row, "faults_timed"), row_value(&row, "faults_missed"));
	child_end(worker);

	worker = start_registered();
	worker_do(worker, write_all, 0);
	row_read(worker, &row);
	ok(row_value(&row, "copies_timed") == PAGES && row_value(&row, "faults_timed") == ALL &&
	   row_value(&row, "faults_missed") == 0 && row_value(&row, "copies_missed") == 0,
	   "%s: once it is off, all are timed again", what);
	child_end(worker);
}

int main(void)
{
	static const char * const copiers[] = {
		"do_wp_page", "handle_mm_fault", "ptep_clear_flush", "copy_mc_to_kernel", NULL
	};

	if (mount("tracing", TRACING, "tracefs", 0, NULL) && errno != EBUSY)
		bail(TRACING);
	need("buffer_size_kb", "512");
	anon = memory_map(PAGES);
	memory_write(anon, PAGES);
	zero = memory_map(ZEROES);
	module_load("latency=fault cow=ftrace");
	/* Somebody is registered all the time, so that every copy of the machine is timed. */
	if (status_register(1))
		bail("R 1");
	trace("function", "set_ftrace_filter", copiers, "function tracer on what copies");
	trace("function", NULL, NULL, "function tracer on everything");
	trace("function_graph", "set_graph_function", copiers, "function_graph below what copies");
	trace("function_graph", "set_ftrace_filter", copiers, "function_graph on what copies");
	trace("function_graph", NULL, NULL, "function_graph on everything");
	if (module_unload())
		bail("rmmod");
	module_load("latency=fault cow=kprobe");
	trace("function", "set_ftrace_filter", copiers,
	      "cow=kprobe, function tracer on what copies");
	ok(module_unload() == 0, "the module goes out");
	return finish();
}
