// SPDX-License-Identifier: GPL-2.0
/*
 * Sixteen processes sampled a thousand times a second, and a monitor that writes it
 * all to a file: no record is lost, and every tick has one of each process.
 *
 * Ticks that an emulated machine misses are no lost records: the ring never held them.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "child.h"
#include "module.h"
#include "tap.h"

enum {
	PROCESSES = 16,
};

/* What the file tells. */
struct profile {
	uint64_t rows, last_seq;
	uint64_t gaps;		/* rows whose seq does not follow the row before */
	uint64_t lost;		/* as the last line says */
	unsigned int firsts, lasts;
	/* Rows of each process while all were registered. */
	uint64_t rows_of[PROCESSES];
};

/* A minute on the kernel that most people run, less on the others: time is dear. */
static unsigned int seconds(void)
{
	struct utsname name;

	uname(&name);
	if (strncmp(name.release, "6.12", 4) == 0 && !strstr(name.release, "-rt-") &&
	    !strstr(name.release, "-cloud-") && strcmp(name.machine, "x86_64") == 0)
		return 60;
	return 15;
}

static int monitor(void *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0)
		return 1;
	execl("./monitor", "monitor", NULL);
	return 1;
}

static void read_row(struct profile *profile, const char *line)
{
	unsigned int flags;
	uint64_t id, seq;

	if (sscanf(line, "%*f %*d %*d %" SCNu64 " %" SCNu64 " %u", &id, &seq, &flags) != 3 ||
	    id < 1 || id > PROCESSES)
		bail("a row of another kind: %s", line);
	profile->gaps += profile->rows && seq != profile->last_seq + 1;
	profile->last_seq = seq;
	profile->rows++;
	profile->lasts += !!(flags & FAULTLINE_EXITED);
	if (profile->firsts == PROCESSES && !profile->lasts)
		profile->rows_of[id - 1]++;
	profile->firsts += !!(flags & FAULTLINE_FIRST);
}

static struct profile read_profile(const char *path)
{
	struct profile profile = { .lost = UINT64_MAX };
	FILE *file = fopen(path, "re");
	char line[512];

	if (!file)
		bail("%s", path);
	while (fgets(line, sizeof(line), file)) {
		if (line[0] != '#')
			read_row(&profile, line);
		else
			sscanf(line, "# lost: %" SCNu64 " records in total", &profile.lost);
	}
	fclose(file);
	return profile;
}

static void start(pid_t *process)
{
	*process = child_start(child_sleep, NULL);
	errno = status_register(*process);
	if (errno)
		bail("R");
}

/* Has each process as many rows as ticks ran, of which there were from @least to @most? */
static bool has_row_per_tick(const struct profile *profile, uint64_t least, uint64_t most)
{
	for (int i = 0; i < PROCESSES; i++)
		if (profile->rows_of[i] < least || profile->rows_of[i] > most)
			return false;
	return true;
}

int main(void)
{
	static char path[] = "/tmp/profile.dat";
	const struct faultline_header *ring;
	pid_t process[PROCESSES], reader;
	struct profile profile;
	uint64_t least, most;

	module_load("hz=1000");
	ring = ring_map();
	for (int i = 0; i < PROCESSES - 1; i++)
		start(&process[i]);
	reader = child_start(monitor, path);
	most = ring->ticks;
	start(&process[PROCESSES - 1]);
	least = ring->ticks;
	sleep_ms(seconds() * 1000);
	least = ring->ticks - least;
	for (int i = 0; i < PROCESSES; i++)
		child_end(process[i]);
	ok(child_wait(reader) == 0, "the monitor ends when the last process does");
	most = ring->ticks - most;

	profile = read_profile(path);
	ok(profile.lost == 0, "in %u s it lost no record: %" PRIu64, seconds(), profile.lost);
	ok(profile.rows == ring->head - ring->run + 1 && profile.gaps == 0,
	   "it wrote each of %" PRIu64 " in turn: %" PRIu64 ", %" PRIu64 " gaps",
	   (uint64_t)(ring->head - ring->run + 1), profile.rows, profile.gaps);
	ok(profile.firsts == PROCESSES && profile.lasts == PROCESSES,
	   "each of %d processes begins and ends: %u, %u", PROCESSES, profile.firsts,
	   profile.lasts);
	/* The tick that was at work when the count was taken may have been before or after. */
	ok(has_row_per_tick(&profile, least - 1, most + 1),
	   "each has a row per tick, of which there were %" PRIu64 " to %" PRIu64 ": %" PRIu64,
	   least, most, profile.rows_of[0]);
	return finish();
}
