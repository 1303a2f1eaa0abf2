// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes at all as a recording: what is read of it is told in order and in every format,
 * a damage is one line, and nothing is read beyond its end.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "format.h"
#include "recording.h"
#include "timeline.h"
#include "writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct recording recording;
static struct timeline timeline;

static void claim(bool holds)
{
	if (!holds)
		abort();
}

/* One format for each input, the same one every time. */
static const struct format *format_of(const uint8_t *data, size_t size)
{
	static const char * const names[] = {
		"dat", "csv", "json", "chrome-trace", "classic", "openmetrics",
	};

	return format_chosen(names[size ? (data[size - 1] ^ size) % 6 : 0]);
}

static void read_all(struct writer *writer)
{
	struct faultline_record record;
	uint64_t seq = 0;

	while (recording_next(&recording, &record)) {
		claim(record.seq > seq);
		seq = record.seq;
		claim(timeline_add(&timeline, &record));
		writer_record(writer, &record, recording.lost);
	}
	claim(strlen(recording.why) < sizeof(recording.why) && !strchr(recording.why, '\n'));
	claim(!recording_next(&recording, &record));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct writer writer;

	if (!recording_open(&recording, file_with(data, size))) {
		claim(*recording.why && !strchr(recording.why, '\n'));
		return 0;
	}
	timeline_begin(&timeline);
	writer_begin(&writer, format_of(data, size), file_nowhere(), &recording.origin);
	read_all(&writer);
	writer_end(&writer, recording.lost);
	claim(timeline_end(&timeline));
	timeline_free(&timeline);
	recording_close(&recording);
	return 0;
}
