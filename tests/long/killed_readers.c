// SPDX-License-Identifier: GPL-2.0
/*
 * Readers that are killed in the middle of what they do, opening, mapping, polling or reading,
 * leave nothing behind: another reader loses nothing, and the module can go the moment they
 * have.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "kernel_memory.h"
#include "module.h"
#include "ring_reader.h"
#include "tap.h"

enum {
	ROUNDS		= 60,
	LIFE_MAX_MS	= 40,
	LEAK_MAX_KB	= 1024,		/* an open file and its ring's page tables are 200 */
};

/* The same again and again, with the whole ring mapped and touched. */
static _Noreturn int open_and_map(void *unused)
{
	const struct faultline_header *header;
	const volatile char *byte;

	(void)unused;
	for (;;) {
		header = ring_map();
		byte = (const volatile char *)header;
		for (size_t at = 0; at < header->capacity * header->record_size; at += 4096)
			(void)byte[at];
		ring_unmap(header);
	}
}

static int must_open(void)
{
	int fd = open(FAULTLINE_DEVICE, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		bail(FAULTLINE_DEVICE);
	return fd;
}

/* Sleeps in read(2), but for a moment at each tick. */
static _Noreturn int read_on(void *unused)
{
	uint64_t head;
	int fd = must_open();

	(void)unused;
	while (read(fd, &head, sizeof(head)) == sizeof(head))
		;
	bail("read");
}

/* Without acknowledging it sleeps once and never again; so it does now and then. */
static _Noreturn int poll_on(void *unused)
{
	struct pollfd ready = { .fd = must_open(), .events = POLLIN };
	uint64_t head;

	(void)unused;
	while (poll(&ready, 1, -1) == 1)
		if (rand() % 2 && read(ready.fd, &head, sizeof(head)) != sizeof(head))
			break;
	bail("poll");
}

/* As monitor does: follows the ring by all of it. */
static _Noreturn int follow_ring(void *unused)
{
	struct faultline_record record;
	struct ring_reader reader;
	char why[256];

	(void)unused;
	if (!ring_reader_open(&reader, FAULTLINE_DEVICE, why, sizeof(why)))
		bail("%s", why);
	do
		while (ring_reader_next(&reader, &record))
			;
	while (ring_reader_wait(&reader, NULL));
	bail("a reader has no more to wait for");
}

static int (*const readers[])(void *unused) = { open_and_map, read_on, poll_on, follow_ring };

enum { READERS = sizeof(readers) / sizeof(readers[0]) };

static void kill_readers(int rounds)
{
	pid_t pids[READERS];

	for (int round = 0; round < rounds; round++) {
		for (int i = 0; i < READERS; i++)
			pids[i] = child_start(readers[i], NULL);
		for (int i = 0; i < READERS; i++) {
			sleep_ms((unsigned int)rand() % (LIFE_MAX_MS / READERS));
			/* A reader that fails does not come to be killed. */
			if (kill(pids[i], SIGKILL) || child_wait(pids[i]) != 128 + SIGKILL)
				bail("a reader ends by itself");
		}
	}
}

/* Once told to, reads all that came since it began, and says how it fared. */
struct witness {
	volatile int begun, stop;
	uint64_t records, lost, gaps;
};

static int read_along(void *argument)
{
	struct witness *witness = argument;
	struct faultline_record record;
	struct ring_reader reader;
	uint64_t last;
	char why[256];
	bool stop;

	if (!ring_reader_open(&reader, FAULTLINE_DEVICE, why, sizeof(why)))
		bail("%s", why);
	ring_reader_skip(&reader);
	last = reader.next - 1;
	witness->begun = 1;
	do {
		stop = witness->stop;
		while (ring_reader_next(&reader, &record)) {
			witness->records++;
			witness->gaps += record.seq != last + 1;
			last = record.seq;
		}
	} while (!stop && ring_reader_wait(&reader, NULL));
	witness->lost = reader.lost;
	return 0;
}

static bool has_begun(void *witness)
{
	return ((struct witness *)witness)->begun;
}

static void others_lose_nothing(void)
{
	struct witness *witness = mmap(NULL, sizeof(*witness), PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t reader = child_start(read_along, witness);

	if (!wait_until(has_begun, witness))
		bail("a reader does not begin");
	kill_readers(ROUNDS);
	witness->stop = 1;
	if (child_wait(reader))
		bail("the reader that stays");
	ok(witness->records > ROUNDS && witness->lost == 0 && witness->gaps == 0,
	   "while %d readers are killed another reads %" PRIu64 " records, loses %" PRIu64
	   " and finds %" PRIu64 " gaps", ROUNDS * READERS, witness->records, witness->lost,
	   witness->gaps);
	munmap(witness, sizeof(*witness));
}

static void module_goes_at_once(void)
{
	int refused = 0;

	for (int i = 0; i < READERS; i++) {
		pid_t reader = child_start(readers[i], NULL);

		sleep_ms(LIFE_MAX_MS);
		child_end(reader);
		if (module_unload())
			refused++;
		else
			module_load("hz=1000");
	}
	ok(refused == 0, "the moment a reader is dead the module goes: %d of %d times it does not",
	   refused, READERS);
}

int main(void)
{
	long before_kb;
	pid_t process;

	module_load("hz=1000");
	process = child_start(child_sleep, NULL);
	errno = status_register(process);
	if (errno)
		bail("R");
	/* Once without looking: what the kernel sets up on first use is no leak. */
	kill_readers(2);
	before_kb = kernel_memory_kb();
	others_lose_nothing();
	kernel_memory_ok("then", before_kb, LEAK_MAX_KB);
	module_goes_at_once();
	child_end(process);
	return finish();
}
