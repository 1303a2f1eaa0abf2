// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes at all as a ring: it is refused in one line, or each number from the run's first to
 * head is either read or counted as lost, and nothing is read beyond its end.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "ring_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void claim(bool holds)
{
	if (!holds)
		abort();
}

static void read_all(struct ring_reader *reader)
{
	const uint64_t first = reader->next;
	struct faultline_record record;
	uint64_t taken = 0;

	while (ring_reader_next(reader, &record)) {
		taken++;
		claim(record.seq == reader->next - 1);
		claim(taken <= reader->header->capacity);
	}
	claim(reader->next - first == taken + reader->lost);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ring_reader reader;
	char why[256];

	/* What is not a whole number of pages would be a page more, with zeros. */
	if (!ring_reader_open(&reader, file_with(data, size), why, sizeof(why))) {
		claim(*why && strlen(why) < sizeof(why) && !strchr(why, '\n'));
		return 0;
	}
	read_all(&reader);
	ring_reader_run_over(&reader);
	ring_reader_close(&reader);
	return 0;
}
