// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes at all as a recording: what is read of it is told in order, in a format, as text
 * or as a page; a damage is one line.
 */
#include <string.h>

#include "input.h"
#include "report.h"
#include "writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	TEXT	= FORMATS,
	PAGE,
	CHOICES,
};

static struct recording recording;
static FILE *nowhere;

static bool is_line(const char *why)
{
	return *why && strlen(why) < RECORDING_WHY_BYTES && !strchr(why, '\n');
}

static bool next(struct faultline_record *record)
{
	const uint64_t seq = recording.seq;

	if (recording_next(&recording, record)) {
		input_claim(record->seq > seq);
		return true;
	}
	input_claim(!*recording.why || is_line(recording.why));
	input_claim(!recording_next(&recording, record));
	return false;
}

static void convert(const struct format *format)
{
	static struct writer writer;
	struct faultline_record record;

	writer_begin(&writer, format, fileno(nowhere), &recording.origin);
	while (next(&record))
		writer_record(&writer, &record, recording.lost);
	writer_end(&writer, recording.lost);
	input_claim(!writer.output.error);
}

static void sum_up(struct report *report)
{
	const struct timeline *timeline = &report->timeline;

	report->total.first.time_ns = timeline->start_ns;
	report->total.last.time_ns = timeline->end_ns;
	report->total.last.flags = timeline->count ? UINT32_MAX : 0;
	for (size_t i = 0; i < timeline->count; i++)
		columns_add(&report->total.last, &timeline->processes[i].last);
}

static void tell(void (*write)(const struct report *report, FILE *file))
{
	struct report report = { .recording = &recording };
	struct faultline_record record;

	timeline_begin(&report.timeline);
	while (next(&record))
		input_claim(timeline_add(&report.timeline, &record));
	input_claim(timeline_end(&report.timeline));
	sum_up(&report);
	write(&report, nowhere);
	timeline_free(&report.timeline);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int choice;

	if (!nowhere)
		nowhere = fopen("/dev/null", "we");
	input_set(data, size);
	if (!recording_open(&recording, INPUT_PATH)) {
		input_claim(is_line(recording.why));
		return 0;
	}
	choice = input_choice(CHOICES);
	if (choice < FORMATS)
		convert(formats[choice]);
	else
		tell(choice == TEXT ? report_text : report_page);
	recording_close(&recording);
	return 0;
}
