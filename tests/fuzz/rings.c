// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes at all as a ring: it is refused in one line, or each number from the run's first to
 * head is either read or counted as lost; and whatever stands in records can be written in
 * a format, watched, and shown on the screen.
 */
#include <string.h>

#include "input.h"
#include "ring_reader.h"
#include "settings.h"
#include "table.h"
#include "watch.h"
#include "writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	WATCH	= FORMATS,
	TOP,
	CHOICES,
};

static struct ring_reader reader;
static uint64_t first, taken;
static FILE *nowhere;

static bool next(struct faultline_record *record)
{
	if (ring_reader_next(&reader, record)) {
		taken++;
		input_claim(record->seq == reader.next - 1);
		input_claim(taken <= reader.header->capacity);
		return true;
	}
	input_claim(reader.next - first == taken + reader.lost);
	return false;
}

static void convert(const struct format *format)
{
	const struct origin origin = {
		.header = reader.header, .machine = { "n/a", "n/a", "n/a", "n/a" },
	};
	static struct writer writer;
	struct faultline_record record;

	writer_begin(&writer, format, fileno(nowhere), &origin);
	while (next(&record))
		writer_record(&writer, &record, reader.lost);
	writer_end(&writer, reader.lost);
	input_claim(!writer.output.error);
}

/* From the first process on. */
static void watch(void)
{
	struct watch all = { 0 };
	struct faultline_record record;

	while (next(&record)) {
		if (!all.members)
			input_claim(watch_root(&all, record.id));
		watch_record(&all, &record);
	}
	watch_summary(&all, nowhere, 1, reader.lost);
	watch_free(&all);
}

static void show_rows(const struct rates *rates, bool tree)
{
	const struct table_order order = { .column = CELLS_MINOR, .tree = tree };
	struct table table = { 0 };
	char text[CELLS_TEXT_MAX], name[CELLS_NAME_MAX];

	input_claim(table_make(&table, rates, &order));
	input_claim(table.count == rates->count);
	for (size_t i = 0; i < table.count; i++) {
		for (enum cells_column column = 0; column < CELLS_COMMAND; column++)
			cells_text(text, table.shown[i]->process, column);
		cells_name(name, table.shown[i]->process->last.comm, FAULTLINE_COMM_LEN);
	}
	table_free(&table);
}

/* A look after each second record. */
static void top(void)
{
	static struct rates rates;
	struct rates_process total;
	struct faultline_record record;

	rates_init(&rates);
	while (next(&record)) {
		rates_take(&rates, &record);
		if (taken % 2 == 0)
			rates_settle(&rates, 1);
	}
	rates_settle(&rates, 1);
	rates_total(&rates, &total);
	show_rows(&rates, taken % 2);
	rates_free(&rates);
}

static void read_ring(void)
{
	unsigned int choice = input_choice(CHOICES);
	struct settings settings;

	first = reader.next;
	taken = 0;
	settings_read(&settings, reader.header);
	input_claim(strlen(settings.cow_method) < FAULTLINE_METHOD_LEN);
	ring_reader_run_over(&reader);
	if (choice < FORMATS)
		convert(formats[choice]);
	else if (choice == WATCH)
		watch();
	else
		top();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char why[256];

	if (!nowhere)
		nowhere = fopen("/dev/null", "we");
	input_set(data, size);
	if (!ring_reader_open(&reader, INPUT_PATH, why, sizeof(why))) {
		input_claim(*why && strlen(why) < sizeof(why) && !strchr(why, '\n'));
		return 0;
	}
	read_ring();
	ring_reader_close(&reader);
	return 0;
}
