// SPDX-License-Identifier: GPL-2.0
/*
 * A reader that the writer laps knows exactly how many records it lost, and what it
 * does read is whole.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "child.h"
#include "module.h"
#include "ring_reader.h"
#include "tap.h"

enum {
	CAPACITY	= 64,
	/* No divisor of CAPACITY: a record is overwritten by another process's. */
	PROCESSES	= 23,
	LAPPED		= 100,
};

/* What the records of one process must agree with, in the order of registration. */
static struct known {
	pid_t pid;
	char comm[FAULTLINE_COMM_LEN];
	struct faultline_record last;
} known[PROCESSES];

/* Faults all the time, so that one record differs from the next. */
static _Noreturn int fault(void *comm)
{
	char *memory;

	prctl(PR_SET_NAME, comm);
	for (;;) {
		memory = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			      -1, 0);
		for (int i = 0; i < 1 << 16; i += 4096)
			memory[i] = 1;
		munmap(memory, 1 << 16);
		sleep_ms(1);
	}
}

static void start(void)
{
	for (int i = 0; i < PROCESSES; i++) {
		memset(&known[i], 0, sizeof(known[i]));
		snprintf(known[i].comm, sizeof(known[i].comm), "faults-%d", i);
		known[i].pid = child_start(fault, known[i].comm);
	}
	/* Until they have their names. */
	sleep_ms(300);
	for (int i = 0; i < PROCESSES; i++)
		if (status_register(known[i].pid))
			bail("cannot register %d", (int)known[i].pid);
}

static void stop(void)
{
	for (int i = 0; i < PROCESSES; i++) {
		status_unregister(known[i].pid);
		child_end(known[i].pid);
	}
}

/* Do the fields of a record belong together, and does it follow the one before? */
static bool is_whole(const struct faultline_record *record)
{
	struct faultline_record *last;
	bool whole;

	if (record->id < 1 || record->id > PROCESSES)
		return false;
	last = &known[record->id - 1].last;
	whole = record->pid == known[record->id - 1].pid &&
		strcmp(record->comm, known[record->id - 1].comm) == 0 &&
		record->ppid == getpid() && record->threads == 1 &&
		record->time_ns > last->time_ns && record->minor_faults >= last->minor_faults &&
		record->user_ns >= last->user_ns && record->system_ns >= last->system_ns;
	*last = *record;
	return whole;
}

/* Records read, and what was wrong with them. */
struct tally {
	uint64_t read;
	uint64_t torn;
	uint64_t disordered;
	uint64_t last_seq;
};

static bool read_one(struct ring_reader *reader, struct tally *tally)
{
	struct faultline_record record;

	if (!ring_reader_next(reader, &record))
		return false;
	tally->read++;
	tally->disordered += record.seq <= tally->last_seq;
	tally->torn += !is_whole(&record);
	tally->last_seq = record.seq;
	return true;
}

static void open_reader(struct ring_reader *reader)
{
	char why[256];

	if (!ring_reader_open(reader, FAULTLINE_DEVICE, why, sizeof(why)))
		bail("%s", why);
}

static void read_all(struct ring_reader *reader, struct tally *tally)
{
	while (read_one(reader, tally))
		;
}

/* Each registration publishes a first record and a last one, whatever the clock says. */
static void publish(pid_t pid, int records)
{
	for (int i = 0; i < records; i += 2)
		if (status_register(pid) || status_unregister(pid))
			bail("cannot publish");
}

static void sleep_through_laps(void)
{
	pid_t pid = child_start(child_sleep, NULL);
	struct tally tally = { 0 };
	struct ring_reader reader;
	uint64_t head, before;

	open_reader(&reader);
	publish(pid, 10);
	read_all(&reader, &tally);
	ok(reader.lost == 0 && tally.read == reader.header->head,
	   "a reader that keeps up loses nothing");

	publish(pid, CAPACITY - 2);
	read_all(&reader, &tally);
	ok(reader.lost == 0 && tally.read == reader.header->head,
	   "nor does one that comes just before the writer laps it");

	publish(pid, 10 * CAPACITY);
	head = reader.header->head;
	before = tally.read;
	read_all(&reader, &tally);
	ok(tally.read - before == CAPACITY - 1,
	   "after ten laps it takes up at the oldest record but one: %llu of %d are left",
	   (unsigned long long)(tally.read - before), CAPACITY);
	ok(reader.lost + tally.read == head, "%llu lost + %llu read = %llu published",
	   (unsigned long long)reader.lost, (unsigned long long)tally.read,
	   (unsigned long long)head);
	ok(tally.disordered == 0 && tally.last_seq == head, "in their order and up to the last");
	ring_reader_close(&reader);
	child_end(pid);
}

/* Reads in tight loops that begin where the writer just is, between random sleeps. */
static void race_with_the_writer(void)
{
	struct ring_reader reader;
	struct tally tally = { 0 };
	uint64_t lost;
	int lapped = 0;

	start();
	open_reader(&reader);
	while (lapped < LAPPED) {
		lost = reader.lost;
		for (int i = rand() % 1000; i && read_one(&reader, &tally); i--)
			;
		lapped += reader.lost > lost;
		if (rand() % 4 == 0)
			sleep_ms((unsigned int)rand() % 8);
	}
	stop();
	read_all(&reader, &tally);
	ok(reader.lost + tally.read == reader.header->head,
	   "lapped %d times: %llu lost + %llu read = %llu published", lapped,
	   (unsigned long long)reader.lost, (unsigned long long)tally.read,
	   (unsigned long long)reader.header->head);
	ok(tally.torn == 0, "%llu records are torn", (unsigned long long)tally.torn);
	ok(tally.disordered == 0, "%llu are out of order", (unsigned long long)tally.disordered);
	ring_reader_close(&reader);
}

int main(void)
{
	module_load("ring_records=64 hz=1");
	sleep_through_laps();
	if (module_unload())
		bail("rmmod");
	module_load("ring_records=64 hz=1000");
	race_with_the_writer();
	return finish();
}
