// SPDX-License-Identifier: GPL-2.0
/*
 * The parameter latency says what is timed, at load and at run time.  What is timed adds
 * up: each fault that was counted was either timed or missed, and of a process that is
 * alone with itself none is missed.  What is not timed says n/a and why.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "memory.h"
#include "module.h"
#include "tap.h"
#include "times.h"
#include "worker.h"

enum {
	PAGES	= 200,
	ZEROES	= 30,
	FILES	= 20,
	FIRST	= 10,
	REMOTE	= 5,
	ALL	= PAGES + ZEROES + FILES + FIRST + REMOTE,
	COPIES	= PAGES + FILES + REMOTE,
};

#define FTRACE_SWITCH	"/proc/sys/kernel/ftrace_enabled"
#define KPROBES_SWITCH	"/sys/kernel/debug/kprobes/enabled"

static volatile char *anon, *zero, *file, *file_first;

static volatile char *map_file(int fd, size_t pages)
{
	void *start = mmap(NULL, pages * PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	if (start == MAP_FAILED)
		bail("mmap of a file");
	return start;
}

static void map_all(void)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, FILES * PAGE_BYTES))
		bail("a file in /tmp");
	anon = memory_map(PAGES + REMOTE);
	memory_write(anon, PAGES + REMOTE);
	zero = memory_map(ZEROES);
	file = map_file(fd, FILES);
	file_first = map_file(fd, FIRST);
	close(fd);
}

static void write_all(size_t unused)
{
	(void)unused;
	memory_write(anon, PAGES);
	memory_read(zero, ZEROES);
	memory_write(zero, ZEROES);
	memory_read(file, FILES);
	memory_write(file, FILES);
	memory_write(file_first, FIRST);
}

/* The same pages are copied anew, after the copies have been dropped. */
static void write_again(size_t unused)
{
	(void)unused;
	if (madvise((void *)zero, ZEROES * PAGE_BYTES, MADV_DONTNEED) ||
	    madvise((void *)file, FILES * PAGE_BYTES, MADV_DONTNEED))
		bail("madvise");
	memory_read(zero, ZEROES);
	memory_write(zero, ZEROES);
	memory_read(file, FILES);
	memory_write(file, FILES);
}

static void write_remotely(pid_t worker)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)worker);
	fd = open(path, O_RDWR | O_CLOEXEC);
	for (size_t page = PAGES; page < PAGES + REMOTE; page++)
		if (pwrite(fd, "x", 1, (off_t)(anon + page * PAGE_BYTES)) != 1)
			bail("%s", path);
	close(fd);
}

/* A fresh worker that has copied pages of all kinds; registered before. */
static pid_t start_writer(void)
{
	pid_t worker = worker_start();

	if (status_register(worker))
		bail("R %d", (int)worker);
	worker_do(worker, write_all, 0);
	write_remotely(worker);
	return worker;
}

static bool setting_is(const char *key, const char *text)
{
	char said[160];

	return status_setting(key, said, sizeof(said)) && strcmp(said, text) == 0;
}

static bool setting_begins(const char *key, const char *text)
{
	char said[160];

	return status_setting(key, said, sizeof(said)) && strncmp(said, text, strlen(text)) == 0;
}

static bool says_not_timed(const struct row *row, const char *measure)
{
	static const char * const columns[][3] = {
		{ "copies_timed", "copies_missed", "copy_ns" },
		{ "faults_timed", "faults_missed", "fault_ns" },
	};
	static struct times times;
	int fault = strcmp(measure, "fault") == 0;

	for (int i = 0; i < 3; i++)
		if (row_value(row, columns[fault][i]) != TIMES_NONE)
			return false;
	return times_read((pid_t)row_value(row, "pid"), measure, &times) &&
	       times.count == TIMES_NONE && times.missed == TIMES_NONE;
}

static bool records_say(const struct row *row, uint32_t flags)
{
	const struct faultline_header *header = ring_map();
	const struct faultline_record *record;
	bool found = false, agree = true;

	/* The first record among them, which nothing has been counted for. */
	for (uint64_t seq = header->run; seq <= header->head; seq++) {
		record = ring_record(header, seq);
		if (record->id != (uint64_t)row_value(row, "id"))
			continue;
		found = true;
		agree = agree && (record->flags & (FAULTLINE_COPY_TIMES | FAULTLINE_FAULT_TIMES)) ==
			flags;
	}
	ring_unmap(header);
	return found && agree;
}

/* An empty fault has an empty copy in it. */
static bool header_says(enum faultline_latency latency)
{
	const struct faultline_header *header = ring_map();
	bool copies = latency >= FAULTLINE_LATENCY_COPY;
	bool faults = latency >= FAULTLINE_LATENCY_FAULT;
	bool right = header->latency == latency && !!header->copy_cost_ns == copies &&
		     !!header->fault_cost_ns == faults;

	right = right && (!faults || header->copy_cost_ns < header->fault_cost_ns);
	ring_unmap(header);
	return right;
}

/* All that shows what is being timed says that it is this, and the figures add up. */
static void times_what_it_says(const char *how, enum faultline_latency latency)
{
	uint32_t flags = (latency >= FAULTLINE_LATENCY_COPY ? FAULTLINE_COPY_TIMES : 0) |
			 (latency >= FAULTLINE_LATENCY_FAULT ? FAULTLINE_FAULT_TIMES : 0);
	pid_t worker = start_writer();
	static struct times times;
	struct row row;

	row_read(worker, &row);
	ok(row_value(&row, "cow") == ALL, "%s: %lld copies of %d", how, row_value(&row, "cow"),
	   ALL);
	if (latency >= FAULTLINE_LATENCY_COPY)
		ok(row_value(&row, "copies_timed") == COPIES &&
		   row_value(&row, "copies_missed") == 0 &&
		   times_read(worker, "copy", &times) && times.count == COPIES &&
		   times.missed == 0 && times.sum == row_value(&row, "copy_ns"),
		   "%s: %lld copies timed of %d that copied something, %lld missed", how,
		   row_value(&row, "copies_timed"), COPIES, row_value(&row, "copies_missed"));
	else
		ok(says_not_timed(&row, "copy") && setting_is("copies", "not timed"),
		   "%s: copies are n/a", how);
	if (latency >= FAULTLINE_LATENCY_FAULT)
		ok(row_value(&row, "faults_timed") == ALL &&
		   row_value(&row, "faults_missed") == 0 &&
		   times_read(worker, "fault", &times) && times.count == ALL &&
		   times.missed == 0 && times.sum == row_value(&row, "fault_ns") &&
		   row_value(&row, "fault_ns") > row_value(&row, "copy_ns"),
		   "%s: %lld faults timed of %d, %lld missed, longer in all than the copies", how,
		   row_value(&row, "faults_timed"), ALL, row_value(&row, "faults_missed"));
	else
		ok(says_not_timed(&row, "fault") && setting_is("faults", "not timed"),
		   "%s: faults are n/a", how);
	ok(header_says(latency) && records_say(&row, flags),
	   "%s: the ring's header, its costs and the records' flags say so", how);
	child_end(worker);
}

static void load_and_unload(const char *parameter, enum faultline_latency latency)
{
	module_load(parameter);
	times_what_it_says(parameter, latency);
	if (module_unload())
		bail("rmmod");
}

static const char *mode(void)
{
	return file_get("/sys/module/faultline/parameters/latency");
}

static void switch_to(const char *value)
{
	errno = module_set("latency", value);
	if (errno)
		bail("latency=%s", value);
}

static void switch_at_run_time(void)
{
	module_load("");
	switch_to("copy");
	times_what_it_says("copy, written before the first registration",
			   FAULTLINE_LATENCY_COPY);
	switch_to("fault\n");
	times_what_it_says("fault, with the newline that echo writes", FAULTLINE_LATENCY_FAULT);
	switch_to("off");
	times_what_it_says("off again", FAULTLINE_LATENCY_OFF);
}

/* What was timed of a process stays with it, and nothing is added while it is off. */
static void switch_while_registered(void)
{
	static struct times copies, faults, later_copies, later_faults;
	struct row row;
	pid_t worker;

	switch_to("fault");
	worker = start_writer();
	switch_to("off");
	times_read(worker, "copy", &copies);
	times_read(worker, "fault", &faults);
	worker_do(worker, write_again, 0);
	times_read(worker, "copy", &later_copies);
	times_read(worker, "fault", &later_faults);
	ok(faults.count == ALL && memcmp(&copies, &later_copies, sizeof(copies)) == 0 &&
	   memcmp(&faults, &later_faults, sizeof(faults)) == 0,
	   "off: what was timed before stays as it was");
	row_read(worker, &row);
	ok(row_value(&row, "cow") == ALL + ZEROES + FILES &&
	   row_value(&row, "faults_timed") == ALL && row_value(&row, "faults_missed") == 0,
	   "off: %d more are copied, and none is timed or missed", ZEROES + FILES);
	child_end(worker);
}

/* From off to on while registered: only what comes after is owed a time. */
static void switch_on_late(void)
{
	struct row before, after;
	pid_t worker = start_writer();

	row_read(worker, &before);
	ok(says_not_timed(&before, "copy") && says_not_timed(&before, "fault"),
	   "a process that was never timed reads n/a");
	switch_to("fault");
	row_read(worker, &after);
	ok(row_value(&after, "faults_timed") == 0 && row_value(&after, "faults_missed") == 0 &&
	   row_value(&after, "copies_timed") == 0 && row_value(&after, "copies_missed") == 0,
	   "once it is, what came before is neither timed nor missed");
	child_end(worker);
	switch_to("off");
}

static bool is_refused(const char *value)
{
	return module_set("latency", value) == EINVAL;
}

static void refuse_unknown(void)
{
	static const char * const unknown[] = {
		"\n", " ", "COPY", "copyx", "cop", "copy fault", "copy\nfault", "copy\n\n", " copy",
		"0", "1", "2", "on", "fault,copy", "none",
	};
	static const char * const at_load[] = {
		"latency=", "latency=COPY", "latency=copyx", "latency=1", "latency",
		"latency=\"copy fault\"",
	};
	bool refused;
	pid_t worker;

	switch_to("copy");
	worker = start_writer();
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		refused = is_refused(unknown[i]);
		ok(refused && strcmp(mode(), "copy\n") == 0 &&
		   setting_begins("copies", "timed by") && setting_is("faults", "not timed"),
		   "unknown value %zu is refused, and copies are timed as before", i);
	}
	/* A write of no bytes does not get as far as the module. */
	module_set("latency", "");
	ok(strcmp(mode(), "copy\n") == 0, "an empty write changes nothing");
	child_end(worker);
	module_unload();
	for (size_t i = 0; i < sizeof(at_load) / sizeof(at_load[0]); i++)
		ok(module_try_load(at_load[i]) == EINVAL, "%s keeps the module out", at_load[i]);
}

/* Loaded in a way that copies cannot be timed; are faults? */
static void cannot_time(const char *parameters, const char *copies, const char *faults)
{
	struct row row;
	pid_t worker;

	module_load(parameters);
	worker = start_writer();
	row_read(worker, &row);
	ok(setting_is("copies", copies) && says_not_timed(&row, "copy"), "%s: copies are %s",
	   parameters, copies);
	if (faults)
		ok(setting_is("faults", faults) && says_not_timed(&row, "fault"),
		   "%s: faults are %s", parameters, faults);
	else
		ok(setting_begins("faults", "timed by kretprobe handle_mm_fault") &&
		   row_value(&row, "faults_timed") + row_value(&row, "faults_missed") ==
			row_value(&row, "cow") && row_value(&row, "faults_timed") > 0,
		   "%s: faults are timed all the same, %lld of %lld", parameters,
		   row_value(&row, "faults_timed"), row_value(&row, "cow"));
	ok(records_say(&row, faults ? 0 : FAULTLINE_FAULT_TIMES), "%s: so say the records",
	   parameters);
	ok(row_value(&row, "minor") > ALL / 2, "%s: minor faults are counted, %lld", parameters,
	   row_value(&row, "minor"));
	child_end(worker);
	if (module_unload())
		bail("rmmod");
}

static bool counts_attempts(void)
{
	bool counts;

	module_load("cow=entry");
	if (status_register(0))
		bail("R 0");
	counts = setting_is("cow", "kprobe wp_page_copy, attempts");
	if (module_unload())
		bail("rmmod");
	return counts;
}

#define NOT_COUNTED	"n/a: copy-on-write is not counted"
#define NOT_IN_PLACE	"n/a: copy-on-write is not counted where copies are put in place"

/* The kernel refuses every ftrace handler, and with it all that counts. */
static void without_ftrace(void)
{
	int err = file_put(FTRACE_SWITCH, "0");

	/* Since 7.3. */
	if (err == EOPNOTSUPP) {
		skip("without ftrace: this kernel does not let it be switched off");
		return;
	}
	if (err)
		bail(FTRACE_SWITCH);
	cannot_time("latency=fault", NOT_IN_PLACE, NOT_COUNTED);
	if (file_put(FTRACE_SWITCH, "1"))
		bail(FTRACE_SWITCH);
}

/* Where there are no direct calls copies are timed by a kretprobe, too. */
#ifdef __x86_64__
#define COPIES_WITHOUT_KPROBES	COPIES
#else
#define COPIES_WITHOUT_KPROBES	0
#endif

/*
 * Kprobes that attach and never fire, as the kernel's switch for all of them has it: copies
 * are counted by ftrace, and what a kprobe was to time has been missed.
 */
static void with_silent_kprobes(void)
{
	struct row row;
	pid_t worker;

	if (file_put(KPROBES_SWITCH, "0")) {
		skip("kprobes switched off: this kernel has no %s", KPROBES_SWITCH);
		return;
	}
	module_load("latency=fault");
	worker = start_writer();
	row_read(worker, &row);
	ok(row_value(&row, "cow") == ALL, "silent kprobes: copies are counted");
	ok(row_value(&row, "copies_timed") == COPIES_WITHOUT_KPROBES &&
	   row_value(&row, "copies_missed") == COPIES - COPIES_WITHOUT_KPROBES,
	   "silent kprobes: %lld copies timed, %lld missed", row_value(&row, "copies_timed"),
	   row_value(&row, "copies_missed"));
	ok(row_value(&row, "faults_timed") == 0 && row_value(&row, "faults_missed") == ALL,
	   "silent kprobes: %lld faults timed, %lld missed", row_value(&row, "faults_timed"),
	   row_value(&row, "faults_missed"));
	if (file_put(KPROBES_SWITCH, "1"))
		bail(KPROBES_SWITCH);
	child_end(worker);
	if (module_unload())
		bail("rmmod");
}

int main(void)
{
	map_all();
	load_and_unload("", FAULTLINE_LATENCY_OFF);
	load_and_unload("latency=off", FAULTLINE_LATENCY_OFF);
	load_and_unload("latency=copy", FAULTLINE_LATENCY_COPY);
	load_and_unload("latency=fault", FAULTLINE_LATENCY_FAULT);
	load_and_unload("latency=fault cow=kprobe", FAULTLINE_LATENCY_FAULT);
	switch_at_run_time();
	switch_while_registered();
	switch_on_late();
	refuse_unknown();
	cannot_time("latency=copy cow=off", NOT_IN_PLACE, "not timed");
	cannot_time("latency=fault cow=off", NOT_IN_PLACE, NOT_COUNTED);
	/* Kernels without wp_page_copy have nothing to count attempts by. */
	cannot_time("latency=fault cow=entry", NOT_IN_PLACE,
		    counts_attempts() ? NULL : NOT_COUNTED);
	without_ftrace();
	with_silent_kprobes();
	return finish();
}
