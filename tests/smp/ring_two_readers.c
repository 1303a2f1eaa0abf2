// SPDX-License-Identifier: GPL-2.0
/*
 * Two readers at once get the same records: what one reads is not gone for the other.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "child.h"
#include "module.h"
#include "ring_reader.h"
#include "tap.h"

enum { RECORDS = 2000 };

/* What a reader has seen, in memory that both processes share. */
struct seen {
	uint64_t count;
	uint64_t lost;
	struct faultline_record records[RECORDS];
};

static void read_run(struct ring_reader *reader, struct seen *seen)
{
	while (seen->count < RECORDS) {
		if (ring_reader_next(reader, &seen->records[seen->count]))
			seen->count++;
		else
			ring_reader_wait(reader, NULL);
	}
	seen->lost = reader->lost;
}

static int read_ring(void *seen)
{
	struct ring_reader reader;
	char why[256];

	if (!ring_reader_open(&reader, FAULTLINE_DEVICE, why, sizeof(why)))
		return 1;
	read_run(&reader, seen);
	ring_reader_close(&reader);
	return 0;
}

int main(void)
{
	struct seen *seen = mmap(NULL, 2 * sizeof(*seen), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t faulting, first, second;

	module_load("hz=1000");
	faulting = child_start(child_sleep, NULL);
	if (status_register(faulting))
		bail("cannot register");
	first = child_start(read_ring, &seen[0]);
	second = child_start(read_ring, &seen[1]);
	ok(child_wait(first) == 0 && child_wait(second) == 0 && !seen[0].lost && !seen[1].lost,
	   "two readers follow one ring at once and lose nothing");
	ok(memcmp(seen[0].records, seen[1].records, sizeof(seen[0].records)) == 0,
	   "and both get the same %d records", RECORDS);
	ok(seen[0].records[0].seq == 1 && seen[0].records[RECORDS - 1].seq == RECORDS,
	   "all from the first on");
	child_end(faulting);
	return finish();
}
