// SPDX-License-Identifier: GPL-2.0
/*
 * No page is lost from the accounts: each page that a process makes private it has copied
 * in a fault or ahead of one; what was tried was copied or refused, each for its reason;
 * what was copied was used or wasted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "child.h"
#include "memory.h"
#include "module.h"
#include "precopy.h"
#include "tap.h"
#include "times.h"
#include "worker.h"

enum {
	PAGES	= 1000,	/* two page tables, the second of them not full */
	TABLE	= 512,
	FEW	= 100,
	WORKERS	= 3,
	REGION	= 64,	/* of which history remembers what was written */
	HALF	= REGION / 2,
};

static volatile char *memory, *few;

static void write_page(size_t page)
{
	memory[page * PAGE_BYTES] = 2;
}

static void write_forward(size_t count)
{
	for (size_t i = 0; i < count; i++)
		write_page(i);
}

static void write_backward(size_t count)
{
	for (size_t i = count; i-- > 0;)
		write_page(i);
}

static void write_every_other(size_t count)
{
	for (size_t i = 0; i < count; i++)
		write_page(2 * i);
}

/* Each page once, as 389 and 1000 have no common divisor, and none beside the one before. */
static void write_scattered(size_t count)
{
	for (size_t i = 0; i < count; i++)
		write_page(i * 389 % PAGES);
}

static const struct {
	const char *name;
	void (*act)(size_t count);
	long pages;
} workloads[] = {
	{ "in order",		write_forward,		PAGES },
	{ "in reverse order",	write_backward,		PAGES },
	{ "every other page",	write_every_other,	PAGES / 2 },
	{ "all over",		write_scattered,	PAGES },
};

static const char * const settings[] = { "auto", "off", "1", "7", "64" };

/*
 * Whatever is foretold, and however well.  Where all pages are written none was copied in
 * vain in the end, even if it seemed so when its window was looked at.
 */
static void every_page_once(const char *setting, const char *name, void (*act)(size_t count),
			    long pages)
{
	struct cow_stats stats;
	struct precopies made = precopy_made_alone(setting, act, (size_t)pages, &stats);
	long minor = precopy_is_in_place() ? made.cow : made.cow + made.copied;
	long in_vain = pages < PAGES ? (long)stats.wasted : 0;

	ok(made.cow + made.copied == pages + in_vain,
	   "%s, %s: %ld copied in a fault + %ld ahead = %ld written + %ld in vain", setting, name,
	   made.cow, made.copied, pages, in_vain);
	ok(made.traps == made.cow && made.minor == minor,
	   "there were as many traps, %ld, and %ld minor faults", made.traps, made.minor);
	ok(stats.used + stats.wasted == stats.success && made.copied == stats.success,
	   "of each page that was copied ahead it is known if it was used: %lld and %lld of %lld",
	   stats.used, stats.wasted, stats.success);
	ok(stats.attempts == stats.success + stats.memory + stats.edge + stats.not_shared +
	   stats.raced + stats.policy && made.refused == stats.attempts - stats.success,
	   "what was tried, %lld pages, was copied or refused", stats.attempts);
	if (atoi(setting))
		ok(stats.attempts == made.cow * atoi(setting),
		   "%lld were tried, %s after each fault", stats.attempts, setting);
}

static void write_few(size_t count)
{
	memory_write(few, count);
}

/* Nobody's business but the mapping's: the guard behind it is never touched. */
static void edge_of_mapping(void)
{
	struct cow_stats stats;
	struct precopies made = precopy_made_alone("64", write_few, FEW, &stats);

	ok(made.cow == 2 && stats.success == FEW - 2 && stats.edge == 2 * 65 - FEW,
	   "64 after each fault, %d pages: %ld faults, and %lld refused beyond the mapping's end",
	   FEW, made.cow, stats.edge);
}

/* A window goes no further than the page table of its fault. */
static void edge_of_table(void)
{
	const long faults = (TABLE + 64) / 65;
	struct cow_stats stats;
	struct precopies made = precopy_made_alone("64", write_forward, TABLE, &stats);

	ok(made.cow == faults && stats.success == TABLE - faults &&
	   stats.edge == 65 * faults - TABLE,
	   "64 after each fault: %lld refused beyond the page table's end", stats.edge);
}

static void write_odd(size_t count)
{
	for (size_t page = 1; page < count; page += 2)
		few[page * PAGE_BYTES] = 2;
}

static void write_even(size_t count)
{
	for (size_t page = 0; page < count; page += 2)
		few[page * PAGE_BYTES] = 2;
}

/* Of 8 pages after each fault 4 are its own already: so 10 faults for 50 pages. */
static void private_already(void)
{
	struct cow_stats stats;
	struct precopies made;
	int tries = 0;
	pid_t worker;

	/* As in precopy_made_alone(). */
	do {
		worker = precopy_worker("off");
		worker_do(worker, write_odd, FEW);
		cow_stats_reset();
		precopy_set(worker, "8");
		made = precopy_made(worker, write_even, FEW - 10);
		child_end(worker);
		cow_stats_read(&stats);
	} while (stats.policy && ++tries < 20);
	ok(made.cow == 9 && stats.success == 36 && stats.not_shared == 36,
	   "every other page is private already: %lld copied ahead, %lld refused", stats.success,
	   stats.not_shared);
}

static void write_first(size_t unused)
{
	(void)unused;
	memory_write(few, 1);
}

static void read_fifth(size_t unused)
{
	(void)unused;
	memory_write(few, 1);
	memory_read(few + 5 * PAGE_BYTES, 1);
}

static void waste(void)
{
	struct cow_stats stats;

	precopy_made_alone("16", write_first, 0, &stats);
	ok(stats.success == 16 && stats.used == 0 && stats.wasted == 16,
	   "of 16 pages that nobody touches %lld are wasted", stats.wasted);
	precopy_made_alone("16", read_fifth, 0, &stats);
	ok(stats.success == 16 && stats.used == 1 && stats.wasted == 15,
	   "a page that is read was used: %lld, and %lld wasted", stats.used, stats.wasted);
}

/* While it lives, nothing is known that is not so. */
static void before_exit(void)
{
	pid_t worker = precopy_worker("16");
	struct row row;

	worker_do(worker, write_forward, PAGES / 2);
	row_read(worker, &row);
	ok(row_value(&row, "precopied") > 0 &&
	   row_value(&row, "precopy_used") + row_value(&row, "precopy_wasted") <=
	   row_value(&row, "precopied") && row_value(&row, "precopy_wasted") == 0,
	   "used and wasted are parts of what was copied ahead: %lld, %lld of %lld",
	   row_value(&row, "precopy_used"), row_value(&row, "precopy_wasted"),
	   row_value(&row, "precopied"));
	child_end(worker);
}

/* Of each region the second half, and none beside the one before. */
static void write_second_halves(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t page = i * 389 % count;

		write_page(page / HALF * REGION + HALF + page % HALF);
	}
}

/* One page of each region's second half, then the first half in order. */
static void write_first_halves(size_t count)
{
	for (size_t region = 0; region < count / HALF; region++) {
		write_page(region * REGION + HALF);
		for (size_t i = 0; i < HALF; i++)
			write_page(region * REGION + i);
	}
}

/* A prediction from earlier children's writes and a run, both in one region. */
static void prediction_beside_run(void)
{
	const size_t pages = PAGES / REGION * HALF;
	struct cow_stats stats;

	memory = precopy_map(PAGES);
	for (int i = 0; i < 2; i++)
		precopy_made_alone("auto", write_second_halves, pages, &stats);
	precopy_made_alone("auto", write_first_halves, pages, &stats);
	ok(stats.used && stats.wasted && stats.used + stats.wasted == stats.success,
	   "and where a prediction and a run meet in a region: %lld used, %lld not, of %lld",
	   stats.used, stats.wasted, stats.success);
}

/* Last records against the sum that the module keeps. */
static void sum_of_processes(void)
{
	static const char * const own[WORKERS] = { "auto", "64", "5" };
	const struct faultline_header *header = ring_map();
	uint64_t id[WORKERS], copied = 0, used = 0, wasted = 0, refused = 0;
	const struct faultline_record *record;
	struct cow_stats stats;
	pid_t workers[WORKERS];

	ring_keep_from_children(header);
	cow_stats_reset();
	for (int i = 0; i < WORKERS; i++) {
		workers[i] = precopy_worker(own[i]);
		id[i] = (uint64_t)status_value(workers[i], "id");
	}
	precopy_made_at_once(workers, WORKERS, write_every_other, PAGES / 2);
	for (int i = 0; i < WORKERS; i++)
		child_end(workers[i]);
	if (!ring_wait_idle(header))
		bail("somebody stays registered");
	cow_stats_read(&stats);
	for (int i = 0; i < WORKERS; i++) {
		record = ring_newest(header, id[i]);
		copied += record->precopied;
		used += record->precopy_used;
		wasted += record->precopy_wasted;
		refused += record->precopy_refused;
	}
	ok(copied && copied == (uint64_t)stats.success && used == (uint64_t)stats.used &&
	   wasted && wasted == (uint64_t)stats.wasted &&
	   refused == (uint64_t)(stats.attempts - stats.success),
	   "the last records of %d processes add up to " COW_STATS ": %llu copied ahead, %llu used, "
	   "%llu wasted, %llu refused", WORKERS, (unsigned long long)copied,
	   (unsigned long long)used, (unsigned long long)wasted, (unsigned long long)refused);
	ring_unmap(header);
}

static void account(void)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		for (size_t j = 0; j < sizeof(workloads) / sizeof(workloads[0]); j++)
			every_page_once(settings[i], workloads[j].name, workloads[j].act,
					workloads[j].pages);
	edge_of_mapping();
	edge_of_table();
	private_already();
	waste();
	before_exit();
	sum_of_processes();
	if (precopy_is_in_place())
		prediction_beside_run();
}

int main(void)
{
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	memory = precopy_map(PAGES);
	few = precopy_map(FEW);
	for (int engine = 0; engine < ENGINES; engine++) {
		if (!engine_load(engine, ""))
			continue;
		printf("# precopy=%s\n", engine_names[engine]);
		account();
		if (module_unload())
			bail("rmmod");
	}
	return finish();
}
