// SPDX-License-Identifier: GPL-2.0
/*
 * What the adaptive window promises: runs in either direction, strided ones and those in
 * kernel mode take a fault for dozens of pages; writes all over the memory take fewer
 * from one child to the next if these write the same pages; where there is nothing to be
 * foretold next to nothing is copied in vain.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "child.h"
#include "memory.h"
#include "module.h"
#include "precopy.h"
#include "tap.h"
#include "times.h"
#include "worker.h"

enum {
	PAGES		= 4096,
	RUN_TRAPS	= 80,	/* one for each 64 pages, and some at each page table's end */
	/* Or one for so many, where others wait for the CPU. */
	CHILDREN_SHARE	= 16,
	THREADS_SHARE	= 8,
	THREADS		= 4,
	CHILDREN	= 8,
	FORGIVING	= 4,	/* times all the memory is written */
	APART		= 64,	/* pages, with more than a window from one to the next */
	FRESH_CHILDREN	= 6,
	TRUST_MOST	= 4096,	/* pages, once all that was foretold came true */
};

static volatile char *memory;
/* Pages in a random order, the same for everybody. */
static unsigned int order[PAGES];

/* xorshift64: every run takes the same. */
static uint64_t random_below(uint64_t limit)
{
	static uint64_t state = 20261121;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % limit;
}

static void shuffle(void)
{
	for (unsigned int i = 0; i < PAGES; i++)
		order[i] = i;
	for (unsigned int i = PAGES - 1; i > 0; i--) {
		unsigned int other = (unsigned int)random_below(i + 1), page = order[i];

		order[i] = order[other];
		order[other] = page;
	}
}

static void write_page(size_t page)
{
	memory[page * PAGE_BYTES] = 2;
}

/* So many pages, as far apart as the memory lets them be. */
static void write_forward(size_t count)
{
	for (size_t i = 0; i < count; i++)
		write_page(i * (PAGES / count));
}

static void write_backward(size_t count)
{
	for (size_t i = count; i-- > 0;)
		write_page(i);
}

static void write_random(size_t count)
{
	for (size_t i = 0; i < count; i++)
		write_page(order[i]);
}

static void read_into(size_t count)
{
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	if (read(zero, (void *)memory, count * PAGE_BYTES) != (ssize_t)(count * PAGE_BYTES))
		bail("read");
	close(zero);
}

static void *write_part(void *part)
{
	for (size_t i = 0; i < PAGES / THREADS; i++)
		write_page((size_t)part * PAGES / THREADS + i);
	return NULL;
}

static void write_by_threads(size_t unused)
{
	pthread_t threads[THREADS];

	(void)unused;
	for (size_t i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, write_part, (void *)i);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

/* Into what a child has, too. */
static void write_beside_child(size_t count)
{
	pid_t sharer = child_start_stopped(child_sleep, NULL);

	if (count)
		write_forward(count);
	child_end(sharer);
}

static struct precopies made_by(void (*act)(size_t count), size_t count)
{
	pid_t worker = precopy_worker("auto");
	struct precopies made = precopy_made(worker, act, count);

	child_end(worker);
	return made;
}

static void claim_few(struct precopies made, long pages, long traps, const char *what)
{
	ok(made.cow + made.copied >= pages && made.traps <= traps,
	   "%s: %ld pages in %ld faults, of at most %ld; %ld copied ahead", what, pages,
	   made.traps, traps, made.copied);
}

static void claim_run(void (*act)(size_t count), size_t pages, const char *what)
{
	struct cow_stats stats;

	claim_few(precopy_made_alone("auto", act, pages, &stats), (long)pages, RUN_TRAPS, what);
}

static void runs(void)
{
	claim_run(write_forward, PAGES, "in order");
	claim_run(write_backward, PAGES, "in reverse order");
	claim_run(write_forward, PAGES / 2, "every other page");
	claim_run(write_forward, PAGES / 3, "every third page");
	claim_run(write_forward, PAGES / 4, "every fourth page");
}

/* Who forks takes some faults for that alone. */
static void run_of_parent(void)
{
	struct cow_stats stats;
	long forking = precopy_made_alone("auto", write_beside_child, 0, &stats).traps;

	claim_few(precopy_made_alone("auto", write_beside_child, PAGES, &stats), PAGES,
		  RUN_TRAPS + forking, "by a parent");
}

/* Where others wait for the CPU all the time windows are cut short. */
static void run_of_threads(void)
{
	claim_few(made_by(write_by_threads, 0), PAGES, PAGES / THREADS_SHARE,
		  "by four threads, each in order");
}

static void children_at_once(void)
{
	pid_t workers[CHILDREN];
	struct precopies made;

	for (int i = 0; i < CHILDREN; i++)
		workers[i] = precopy_worker("auto");
	made = precopy_made_at_once(workers, CHILDREN, write_forward, PAGES);
	claim_few(made, CHILDREN * PAGES, CHILDREN * PAGES / CHILDREN_SHARE, "by eight children at once");
	for (int i = 0; i < CHILDREN; i++)
		child_end(workers[i]);
}

/* What was written after a fork is written after the next. */
static void same_pages_again(void)
{
	struct precopies made[3];

	for (int i = 0; i < 3; i++)
		made[i] = made_by(write_random, PAGES);
	ok(made[0].cow + made[0].copied >= PAGES, "all over the memory: a first child takes %ld faults",
	   made[0].traps);
	ok(10 * made[1].traps < 7 * made[0].traps, "the second less than 70%% of them: %ld",
	   made[1].traps);
	ok(10 * made[2].traps < 2 * made[0].traps, "the third less than 20%%: %ld", made[2].traps);
}

static void write_random_beside_child(size_t count)
{
	pid_t sharer = child_start_stopped(child_sleep, NULL);

	write_random(count);
	child_end(sharer);
}

/* And so it is of a parent, whose own memory is shared again by each fork. */
static void same_pages_again_by_parent(void)
{
	struct precopies made[4];
	struct cow_stats stats;
	pid_t worker;

	memory = precopy_map(PAGES);
	worker = precopy_worker("auto");
	cow_stats_reset();
	for (int i = 0; i < 4; i++)
		made[i] = precopy_made(worker, write_random_beside_child, PAGES);
	cow_stats_read(&stats);
	child_end(worker);
	ok(10 * made[3].traps < 2 * made[0].traps,
	   "by a parent, all over: %ld, %ld, %ld, %ld faults after one fork after the other",
	   made[0].traps, made[1].traps, made[2].traps, made[3].traps);
	ok(10 * stats.wasted < stats.used, "and of what is known, %lld pages were used, %lld not",
	   stats.used, stats.wasted);
}

/* By children who each write another quarter: what one wrote tells nothing of the next. */
static long copied_in_vain(void)
{
	struct cow_stats stats;

	cow_stats_reset();
	for (int i = 0; i < FRESH_CHILDREN; i++) {
		shuffle();
		made_by(write_random, PAGES / 4);
	}
	cow_stats_read(&stats);
	return (long)stats.wasted;
}

static void other_pages_each_time(void)
{
	const long written = FRESH_CHILDREN * PAGES / 4;
	volatile char *known;
	long wasted;

	known = memory;
	wasted = copied_in_vain();
	ok(wasted > 0 && wasted <= TRUST_MOST,
	   "then another quarter for each child: %ld pages are copied in vain, "
	   "not more than were earned before", wasted);
	wasted = copied_in_vain();
	ok(20 * wasted < written, "and from then on less than 5%% of the %ld written: %ld", written,
	   wasted);
	memory = precopy_map(PAGES);
	wasted = copied_in_vain();
	ok(20 * wasted < written, "as from the first on where nothing was known: %ld", wasted);
	memory = known;
}

/* Of four pages: each the beginning of a longer one, by all that can be seen. */
static void write_short_runs(size_t count)
{
	for (size_t i = 0; i < count; i++)
		write_page(i / 4 * 16 + i % 4);
}

static void write_short_runs_beside_child(size_t count)
{
	pid_t sharer = child_start_stopped(child_sleep, NULL);

	write_short_runs(count);
	child_end(sharer);
}

static void wrong_guesses(void)
{
	const long runs = PAGES / 16;
	struct precopies made = made_by(write_short_runs, 4 * runs);

	ok(made.copied > 0 && 4 * made.copied < runs,
	   "who has only short runs is left alone: %ld runs end in %ld pages copied ahead", runs,
	   made.copied);
}

/* After a memory full of short runs. */
static void wrong_guesses_are_forgiven(void)
{
	pid_t worker = precopy_worker("auto");
	struct precopies made;

	precopy_made(worker, write_short_runs_beside_child, PAGES / 4);
	for (int i = 0; i < FORGIVING; i++)
		made = precopy_made(worker, write_beside_child, PAGES);
	claim_few(made, PAGES, PAGES / CHILDREN_SHARE, "in order, by who had only short runs long ago");
	child_end(worker);
}

/* Nothing is guessed where a depth is set, so nothing is known of guesses afterwards. */
static void depths_teach_nothing(void)
{
	pid_t worker = precopy_worker("8");
	struct precopies made;

	/* What became of a window shows at the latest where its pages are written once more. */
	for (int i = 0; i < 2; i++)
		made = precopy_made(worker, write_beside_child, APART);
	if (made.copied < APART)
		bail("depth 8 copies %ld pages", made.copied);
	precopy_set(worker, "auto");
	made = precopy_made(worker, write_beside_child, PAGES);
	claim_few(made, PAGES, PAGES / CHILDREN_SHARE, "in order, after a depth whose pages were wasted");
	child_end(worker);
}

/* The least time there can be is that of one page. */
static void limit_of_time(void)
{
	struct precopies made;

	if (module_set("precopy_max_us", "1"))
		bail("precopy_max_us");
	made = made_by(write_forward, PAGES);
	ok(made.copied > PAGES / 3 && made.copied <= made.cow,
	   "precopy_max_us=1: %ld faults have windows of one page: %ld", made.cow, made.copied);
	if (module_set("precopy_max_us", "0"))
		bail("precopy_max_us");
}

static void foretell(void)
{
	runs();
	run_of_parent();
	run_of_threads();
	children_at_once();
	wrong_guesses();
	wrong_guesses_are_forgiven();
	depths_teach_nothing();
	limit_of_time();
	if (precopy_is_in_place()) {
		claim_run(read_into, PAGES, "by read(2)");
		shuffle();
		same_pages_again();
		same_pages_again_by_parent();
		other_pages_each_time();
	}
}

int main(void)
{
	/* A huge page is split at its first write, which is not what is asked here. */
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	memory = precopy_map(PAGES);
	for (int engine = 0; engine < ENGINES; engine++) {
		if (!engine_load(engine, ""))
			continue;
		printf("# precopy=%s\n", engine_names[engine]);
		foretell();
		if (module_unload())
			bail("rmmod");
	}
	return finish();
}
