// SPDX-License-Identifier: GPL-2.0
/*
 * A record that the reader returns is never a mixture of two, however the writer laps
 * it: on two real CPUs, where that would show within a second, with a writer that
 * follows the protocol of uapi/faultline.h in a file instead of a device.  Where the two
 * have to share a CPU with others the reader is lapped once a time slice, and then half a
 * minute of that has to do.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "ring_reader.h"
#include "tap.h"

enum {
	PAGE		= 4096,
	CAPACITY	= 64,
	LAPPED		= 200000,
	LAPPED_AT_LEAST	= 200,
	SECONDS		= 30,
};

static struct faultline_header *header;
static bool done;

/* Every field of a record follows from its number, to the last one that is used. */
static struct faultline_record make_record(uint64_t seq)
{
	return (struct faultline_record){
		.time_ns = seq, .id = seq, .pid = (int32_t)(seq & INT32_MAX),
		.ppid = (int32_t)(seq & INT32_MAX), .threads = (uint32_t)seq,
		.flags = (uint32_t)seq, .minor_faults = seq, .major_faults = seq,
		.cow_faults = seq, .user_ns = seq, .system_ns = seq, .rss_bytes = seq,
		.swap_bytes = seq, .parent_id = seq,
		.cow_kinds = { seq, seq, seq, seq, seq, seq, seq },
		.copies_timed = seq, .copies_missed = seq, .copy_ns = seq, .faults_timed = seq,
		.faults_missed = seq, .fault_ns = seq, .precopied = seq, .precopy_used = seq,
		.precopy_wasted = seq, .precopy_refused = seq,
	};
}

static bool kinds_are_whole(const struct faultline_record *r)
{
	for (int kind = 0; kind < FAULTLINE_KINDS; kind++)
		if (r->cow_kinds[kind] != r->seq)
			return false;
	return true;
}

static bool is_whole(const struct faultline_record *r)
{
	return r->time_ns == r->seq && r->id == r->seq && r->pid == (int32_t)(r->seq & INT32_MAX) &&
	       r->ppid == r->pid && r->threads == (uint32_t)r->seq &&
	       r->flags == r->threads && r->minor_faults == r->seq &&
	       r->major_faults == r->seq && r->cow_faults == r->seq && r->user_ns == r->seq &&
	       r->system_ns == r->seq && r->rss_bytes == r->seq && r->swap_bytes == r->seq &&
	       r->parent_id == r->seq && kinds_are_whole(r) && r->copies_timed == r->seq &&
	       r->copies_missed == r->seq && r->copy_ns == r->seq && r->faults_timed == r->seq &&
	       r->faults_missed == r->seq && r->fault_ns == r->seq && r->precopied == r->seq &&
	       r->precopy_used == r->seq && r->precopy_wasted == r->seq &&
	       r->precopy_refused == r->seq;
}

static void *write_records(void *unused)
{
	struct faultline_record *slots = (void *)((char *)header + PAGE), *slot;

	(void)unused;
	for (uint64_t seq = 1; !__atomic_load_n(&done, __ATOMIC_RELAXED); seq++) {
		slot = &slots[(seq - 1) % CAPACITY];
		__atomic_store_n(&slot->seq, 0, __ATOMIC_RELAXED);
		__atomic_thread_fence(__ATOMIC_RELEASE);			/* (A) */
		*slot = make_record(seq);
		__atomic_store_n(&slot->seq, seq, __ATOMIC_RELEASE);		/* (B) */
		__atomic_store_n(&header->head, seq, __ATOMIC_RELEASE);		/* (C) */
	}
	return NULL;
}

/* About as long as a lap takes, so that the writer is often just where the reader is. */
static void dawdle(void)
{
	for (volatile int i = rand() % 8192; i > 0; i--)
		;
}

static void make_ring(char *path)
{
	int fd = mkstemp(path);

	if (fd < 0 || ftruncate(fd, PAGE + CAPACITY * sizeof(struct faultline_record)))
		bail("%s", path);
	header = mmap(NULL, PAGE + CAPACITY * sizeof(struct faultline_record),
		      PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	*header = (struct faultline_header){
		.magic = FAULTLINE_MAGIC, .version = FAULTLINE_VERSION,
		.header_size = sizeof(*header), .record_size = sizeof(struct faultline_record),
		.data_offset = PAGE, .capacity = CAPACITY, .run = 1,
	};
}

int main(void)
{
	uint64_t read = 0, mixed = 0, disordered = 0, lapped = 0, lost = 0, last = 0;
	char path[] = "/tmp/ring.XXXXXX", why[256];
	struct faultline_record record;
	struct ring_reader reader;
	pthread_t writer;
	time_t end;

	make_ring(path);
	if (!ring_reader_open(&reader, path, why, sizeof(why)))
		bail("%s", why);
	unlink(path);
	pthread_create(&writer, NULL, write_records, NULL);
	end = time(NULL) + SECONDS;
	while (lapped < LAPPED && time(NULL) < end) {
		if (read % 16 == 0)
			dawdle();
		if (!ring_reader_next(&reader, &record))
			continue;
		read++;
		mixed += !is_whole(&record);
		disordered += record.seq <= last;
		lapped += reader.lost > lost;
		lost = reader.lost;
		last = record.seq;
	}
	__atomic_store_n(&done, true, __ATOMIC_RELAXED);
	pthread_join(writer, NULL);
	while (ring_reader_next(&reader, &record))
		read++;
	ok(mixed == 0, "%llu of %llu records are mixtures", (unsigned long long)mixed,
	   (unsigned long long)read);
	ok(disordered == 0, "%llu are out of order", (unsigned long long)disordered);
	ok(lapped >= LAPPED_AT_LEAST, "the reader is lapped %llu times", (unsigned long long)lapped);
	ok(reader.lost + read == header->head, "%llu lost + %llu read = %llu",
	   (unsigned long long)reader.lost, (unsigned long long)read,
	   (unsigned long long)header->head);
	ring_reader_close(&reader);
	return finish();
}
