// SPDX-License-Identifier: GPL-2.0
/*
 * stress-ng forks, faults, copies and moves memory, all of its processes followed and sampled a
 * thousand times a second, and a monitor writes it all down: no memory goes astray, each period
 * is accounted for, and each record is read or reported as lost.
 *
 * For MINUTES of the environment, or one.  Memory is looked at between rounds, while nobody is
 * there but the monitor and one process that stays; what the first round leaves behind is what
 * the kernel sets up on first use.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "kernel_memory.h"
#include "module.h"
#include "tap.h"
#include "ticks.h"

#define ROUND_S	"30"

enum {
	ROUNDS_PER_MINUTE	= 2,
	FOLLOWED_MIN		= 10,		/* a round's, if children's children are */
	DRIFT_MAX_KB		= 2048,		/* a round's registrations are 4 MB, its tasks more */
};

/* What the monitor wrote; in memory that all processes share. */
static struct {
	uint64_t rows, firsts, lasts, lost;
	bool told_lost;
} *written;

static void take_row(const char *row)
{
	unsigned int flags;

	/* time_s, pid, ppid, id, seq, flags */
	for (int column = 0; column < 5; column++) {
		row = strchr(row, ' ');
		if (!row)
			bail("a row of the monitor's is cut short");
		row++;
	}
	flags = (unsigned int)atoi(row);
	written->rows++;
	written->firsts += !!(flags & FAULTLINE_FIRST);
	written->lasts += !!(flags & (FAULTLINE_EXITED | FAULTLINE_UNREGISTERED));
}

/* In a child: an hour's rows are 10 GB, which no guest has room for. */
static int read_monitor(void *unused)
{
	FILE *rows = popen("./monitor", "re");
	char line[1024];

	(void)unused;
	if (!rows)
		bail("./monitor");
	while (fgets(line, sizeof(line), rows)) {
		if (line[0] != '#')
			take_row(line);
		else if (sscanf(line, "# lost: %" SCNu64 " records in total", &written->lost) == 1)
			written->told_lost = true;
	}
	return pclose(rows) != 0;
}

static int stress(void *unused)
{
	(void)unused;
	execl("/usr/bin/stress-ng", "stress-ng", "--quiet", "--timeout", ROUND_S, "--temp-path",
	      "/tmp", "--fork", "2", "--vm", "2", "--vm-bytes", "32m", "--fault", "1", "--mremap",
	      "1", "--mremap-bytes", "8m", NULL);
	return 127;
}

static int minutes(void)
{
	const char *value = getenv("MINUTES");
	int minutes = value ? atoi(value) : 1;

	if (minutes < 1)
		bail("MINUTES=%s", value);
	return minutes;
}

/* What memory there is at the end of a round. */
struct memory {
	long kernel_kb, available_kb;
};

static struct memory look_at_memory(void)
{
	struct memory memory = { .kernel_kb = kernel_memory_kb() };

	memory.available_kb = available_memory_kb();
	return memory;
}

/* Is only the one left that stays? */
static bool has_ended(void *ring)
{
	return __atomic_load_n(&((struct faultline_header *)ring)->registered,
			       __ATOMIC_ACQUIRE) == 1;
}

/* Gives what memory the first and the last left behind, and how many went well. */
static int go_round(const struct faultline_header *ring, int rounds, struct memory *first,
		    struct memory *last)
{
	int good = 0;

	for (int round = 1; round <= rounds; round++) {
		/* stress-ng does not wait for all of its own. */
		good += child_wait(status_start_followed(stress)) == 0 &&
			wait_until(has_ended, (void *)ring);
		*last = look_at_memory();
		if (round == 1)
			*first = *last;
		progress("%d of %d rounds: the kernel has %ld kB, %ld kB are available; %" PRIu64
			 " ticks, %" PRIu64 " missed, %" PRIu64 " records", round, rounds,
			 last->kernel_kb, last->available_kb, (uint64_t)ring->ticks,
			 (uint64_t)ring->ticks_missed, (uint64_t)ring->head);
	}
	return good;
}

static void check_ticks(const struct faultline_header *ring, double ahead)
{
	unsigned long long run, missed;
	char text[128];

	if (!status_setting("ticks", text, sizeof(text)) ||
	    sscanf(text, "%llu run, %llu missed", &run, &missed) != 2)
		bail("the status file does not count ticks");
	ok(fabs(ahead) < TICKS_TOLERANCE,
	   "each period has a tick or one that is counted as missed: %.1f too many", ahead);
	ok(run == ring->ticks && missed == ring->ticks_missed,
	   "status tells of them: %llu ran, %llu were missed", run, missed);
}

static void check_records(const struct faultline_header *ring, int rounds)
{
	long long followed, not_followed;
	char text[128];
	uint64_t must;

	ok(written->told_lost && written->rows + written->lost == ring->head,
	   "of %" PRIu64 " records the monitor wrote %" PRIu64 " and reported %" PRIu64 " as lost",
	   (uint64_t)ring->head, written->rows, written->lost);
	if (!status_setting("children", text, sizeof(text)) ||
	    sscanf(text, "%lld followed, %lld not", &followed, &not_followed) != 2)
		bail("the status file does not count children");
	ok(followed > FOLLOWED_MIN * rounds, "stress-ng's processes are followed: %s", text);
	/* With them the one that stays, and what each round begins with. */
	must = (uint64_t)(followed + 1 + rounds);
	ok(written->firsts <= must && written->firsts + written->lost >= must &&
	   written->lasts <= must && written->lasts + written->lost >= must,
	   "each of %" PRIu64 " registrations begins and ends, but for the lost: %" PRIu64 ", %"
	   PRIu64, must, written->firsts, written->lasts);
}

int main(void)
{
	int rounds = minutes() * ROUNDS_PER_MINUTE, good;
	const struct faultline_header *ring;
	struct memory first = { 0 }, last = { 0 };
	pid_t staying, monitor;
	double ahead;

	written = mmap(NULL, sizeof(*written), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	module_load("hz=1000 latency=copy");
	ring = ring_map();
	ring_keep_from_children(ring);
	staying = child_start(child_sleep, NULL);
	errno = status_register(staying);
	if (errno)
		bail("R");
	monitor = child_start(read_monitor, NULL);
	ahead = ticks_ahead(ring);
	good = go_round(ring, rounds, &first, &last);
	ahead = ticks_ahead(ring) - ahead;
	child_end(staying);
	ok(good == rounds, "stress-ng runs %d times for " ROUND_S " s: %d", rounds, good);
	ok(child_wait(monitor) == 0, "the monitor ends when the last process does");
	check_ticks(ring, ahead);
	check_records(ring, rounds);
	ok(last.kernel_kb - first.kernel_kb < DRIFT_MAX_KB,
	   "the kernel has %ld kB more in use than after the first round",
	   last.kernel_kb - first.kernel_kb);
	ok(first.available_kb - last.available_kb < 4 * DRIFT_MAX_KB,
	   "and %ld kB less are available", first.available_kb - last.available_kb);
	ring_unmap(ring);
	return finish();
}
