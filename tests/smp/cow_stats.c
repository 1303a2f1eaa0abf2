// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/cow_stats: lines in a fixed form, of what came since somebody wrote into it;
 * that takes nothing from anybody else.  It is root's, and /proc/faultline/histogram shows
 * a user what is its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "memory.h"
#include "module.h"
#include "precopy.h"
#include "tap.h"
#include "times.h"
#include "worker.h"

enum {
	PAGES		= 300,
	ZEROES		= 40,
	USER		= 1000,
};

static volatile char *anon, *zero;
/* Results of a process that became another user. */
static int *seen;

static void write_all(size_t unused)
{
	(void)unused;
	memory_write(anon, PAGES);
	memory_read(zero, ZEROES);
	memory_write(zero, ZEROES);
}

static pid_t start_writer(void)
{
	pid_t worker = worker_start();

	if (status_register(worker))
		bail("R %d", (int)worker);
	worker_do(worker, write_all, 0);
	return worker;
}

static void switch_to(const char *value)
{
	errno = module_set("latency", value);
	if (errno)
		bail("latency=%s", value);
}

#define NO_PERCENTILES	"avg_ns: n/a p50: n/a p90: n/a p95: n/a p99: n/a\n"

/* What there is of pre-copy, with which nobody has to do here. */
static const char *precopies(void)
{
	if (!precopy_available())
		return "precopy_attempts: n/a precopy_success: n/a\n";
	return "precopy_attempts: 0 precopy_success: 0\n"
	       "precopy_used: 0 precopy_wasted: 0 precopy_refused_memory: 0 "
	       "precopy_refused_edge: 0 precopy_refused_not_shared: 0 "
	       "precopy_refused_raced: 0 precopy_refused_policy: 0\n";
}

/* Is it this, to the last blank? */
static bool shows(const char *times)
{
	char text[1024];

	snprintf(text, sizeof(text), "%s%s", times, precopies());
	return strcmp(file_get(COW_STATS), text) == 0;
}

static bool shows_nothing(void)
{
	return shows("faults: n/a total_ns: n/a max_ns: n/a\n" NO_PERCENTILES);
}

/* Is it the same, written anew from its figures? */
static bool has_the_form(void)
{
	char text[512];
	struct cow_stats stats;

	cow_stats_read(&stats);
	snprintf(text, sizeof(text), "faults: %lld total_ns: %lld max_ns: %lld\n"
		 "avg_ns: %lld p50: %lld p90: %lld p95: %lld p99: %lld\n", stats.faults,
		 stats.total, stats.max, stats.average, stats.percentile[0], stats.percentile[1],
		 stats.percentile[2], stats.percentile[3]);
	return shows(text);
}

static bool is_ordered(const struct cow_stats *stats)
{
	return stats->percentile[0] > 0 && stats->percentile[0] <= stats->percentile[1] &&
	       stats->percentile[1] <= stats->percentile[2] &&
	       stats->percentile[2] <= stats->percentile[3] &&
	       stats->percentile[3] <= stats->max && stats->average <= stats->max &&
	       stats->average == stats->total / stats->faults;
}

static void show_nothing(void)
{
	pid_t worker;

	ok(shows_nothing(), "n/a while nothing was ever timed");
	worker = start_writer();
	ok(shows_nothing(), "n/a while copies are counted, not timed");
	child_end(worker);
}

/* Of copies where copies alone are timed, of faults once these are. */
static void show_copies_then_faults(void)
{
	struct cow_stats stats;
	pid_t worker;

	switch_to("copy");
	worker = start_writer();
	cow_stats_read(&stats);
	ok(stats.faults == PAGES && stats.total == status_value(worker, "copy_ns"),
	   "latency=copy: number and time of %lld copies", stats.faults);
	ok(has_the_form() && is_ordered(&stats), "in the fixed form");
	child_end(worker);

	switch_to("fault");
	worker = start_writer();
	cow_stats_read(&stats);
	ok(stats.faults == PAGES + ZEROES && stats.total == status_value(worker, "fault_ns"),
	   "latency=fault: number and time of %lld faults", stats.faults);
	ok(has_the_form() && is_ordered(&stats), "in the fixed form");
	switch_to("off");
	cow_stats_read(&stats);
	ok(stats.faults == PAGES + ZEROES, "latency=off: what was timed stays to be read");
	child_end(worker);
}

/* What others show of times: nobody's business but theirs. */
static struct others {
	struct times copies, faults, total_copies, total_faults;
	struct row row;
} before, after;

static void read_others(pid_t worker, struct others *others)
{
	memset(others, 0, sizeof(*others));
	if (!times_read(worker, "copy", &others->copies) ||
	    !times_read(worker, "fault", &others->faults) ||
	    !times_read(0, "copy", &others->total_copies) ||
	    !times_read(0, "fault", &others->total_faults))
		bail("a line is missing in " HISTOGRAM);
	if (!row_read(worker, &others->row))
		bail("no line of %d", (int)worker);
}

static bool same_times(const struct times *a, const struct times *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static bool same_row(const struct row *a, const struct row *b)
{
	static const char * const columns[] = {
		"cow", "copies_timed", "copies_missed", "copy_ns", "faults_timed", "faults_missed",
		"fault_ns",
	};

	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		if (row_value(a, columns[i]) != row_value(b, columns[i]))
			return false;
	return true;
}

static void reset(void)
{
	struct cow_stats stats;
	pid_t worker, later;

	switch_to("fault");
	worker = start_writer();
	read_others(worker, &before);
	cow_stats_reset();
	cow_stats_read(&stats);
	ok(stats.faults == 0 && stats.total == 0 && stats.max == 0 &&
	   stats.average == TIMES_NONE && stats.percentile[0] == TIMES_NONE,
	   "after a reset: no faults, and percentiles are n/a");
	ok(shows("faults: 0 total_ns: 0 max_ns: 0\n" NO_PERCENTILES), "in the same form");
	read_others(worker, &after);
	ok(same_times(&before.copies, &after.copies) && same_times(&before.faults, &after.faults),
	   "it takes nothing from the process's histograms");
	ok(same_times(&before.total_copies, &after.total_copies) &&
	   same_times(&before.total_faults, &after.total_faults),
	   "nor from those of all processes: the longest was %lld ns and is %lld, "
	   "the median %lld and %lld", before.total_faults.max, after.total_faults.max,
	   before.total_faults.percentile[0], after.total_faults.percentile[0]);
	ok(same_row(&before.row, &after.row), "nor from the status file");
	later = start_writer();
	cow_stats_read(&stats);
	ok(stats.faults == PAGES + ZEROES && stats.total == status_value(later, "fault_ns"),
	   "then it has the %lld faults that came later, and their time", stats.faults);
	times_read(later, "fault", &after.faults);
	ok(stats.max == after.faults.max && stats.percentile[0] == after.faults.percentile[0] &&
	   stats.percentile[3] == after.faults.percentile[3],
	   "their longest and their percentiles");
	child_end(later);
	child_end(worker);
}

/* One that was sampled while it was timed keeps its figures in the ring, too. */
static void reset_keeps_records(void)
{
	const struct faultline_header *header;
	const struct faultline_record *record;
	pid_t worker = start_writer();
	struct row row;

	row_read(worker, &row);
	cow_stats_reset();
	child_end(worker);
	header = ring_map();
	if (!ring_wait_idle(header))
		bail("somebody stays registered");
	record = ring_newest(header, (uint64_t)row_value(&row, "id"));
	ok(record && record->flags & FAULTLINE_EXITED &&
	   record->faults_timed >= (uint64_t)row_value(&row, "faults_timed") &&
	   record->fault_ns >= (uint64_t)row_value(&row, "fault_ns") &&
	   record->copies_timed >= (uint64_t)row_value(&row, "copies_timed"),
	   "nor from records: the last has %llu faults",
	   record ? (unsigned long long)record->faults_timed : 0);
	ring_unmap(header);
}

static void any_write_resets(void)
{
	static const char * const texts[] = { "\n", " ", "0", "1\n", "reset", "a\nb\n" };
	static char large[70000];
	struct cow_stats stats;
	pid_t worker;
	int reset;

	for (size_t i = 0; i <= sizeof(texts) / sizeof(texts[0]); i++) {
		const char *text = i < sizeof(texts) / sizeof(texts[0]) ? texts[i] : large;

		memset(large, 'x', sizeof(large) - 1);
		worker = start_writer();
		reset = file_put(COW_STATS, text) == 0;
		cow_stats_read(&stats);
		ok(reset && stats.faults == 0, "a write of %zu bytes resets it", strlen(text));
		child_end(worker);
	}
}

static int open_errno(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

enum { NO_STATS, NO_RESET, NO_WRITE, OWN, ROOTS, TOTAL, SEEN };

/* The worker is root's. */
static int look_as_user(void *worker)
{
	static struct times times;

	if (setgroups(0, NULL) || setresgid(USER, USER, USER) || setresuid(USER, USER, USER))
		bail("cannot become %d", USER);
	seen[NO_STATS] = open_errno(COW_STATS, O_RDONLY);
	seen[NO_RESET] = open_errno(COW_STATS, O_WRONLY);
	seen[NO_WRITE] = open_errno(HISTOGRAM, O_WRONLY);
	if (status_register(0))
		bail("R 0");
	memory_write(anon, PAGES);
	seen[OWN] = times_read(getpid(), "fault", &times) && times.count >= PAGES;
	seen[ROOTS] = times_read(*(pid_t *)worker, "fault", &times);
	seen[TOTAL] = times_read(0, "fault", &times) || times_read(0, "copy", &times);
	return 0;
}

static void users_see_their_own(void)
{
	pid_t worker = start_writer();
	static struct times times;

	if (child_wait(child_start(look_as_user, &worker)))
		bail("the user's process failed");
	ok(seen[NO_STATS] == EACCES && seen[NO_RESET] == EACCES,
	   "a user can neither read nor reset " COW_STATS);
	ok(seen[OWN], "but sees its own times in " HISTOGRAM);
	ok(!seen[ROOTS], "not those of root's process");
	ok(!seen[TOTAL], "nor the total");
	ok(seen[NO_WRITE] == EACCES, "nor can it write into that");
	ok(times_read(worker, "fault", &times) && times_read(0, "fault", &times),
	   "root sees both");
	child_end(worker);
}

int main(void)
{
	seen = mmap(NULL, SEEN * sizeof(*seen), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	anon = memory_map(PAGES);
	memory_write(anon, PAGES);
	zero = memory_map(ZEROES);
	module_load("");
	show_nothing();
	show_copies_then_faults();
	reset();
	reset_keeps_records();
	any_write_resets();
	users_see_their_own();
	ok(module_unload() == 0 && access(COW_STATS, F_OK) && access(SAMPLE_INTERVAL, F_OK),
	   "unloaded, the module takes its files along");
	return finish();
}
