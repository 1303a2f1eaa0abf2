// SPDX-License-Identifier: GPL-2.0
/*
 * From counters to rates: exactly the differences of records over their own time,
 * whatever is lost, and no more memory than there are processes.
 */
#include <inttypes.h>
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "histogram_file.h"
#include "rates.h"
#include "sparkline.h"
#include "table.h"
#include "tap.h"

enum { S = 1000000000, MS = 1000000 };

static struct rates rates;

static struct faultline_record record_at(uint64_t id, uint64_t ns)
{
	return (struct faultline_record){
		.id = id, .time_ns = ns, .flags = FAULTLINE_COW, .comm = "test",
	};
}

/* One of which only the minor faults matter. */
static void take(uint64_t id, uint64_t ns, uint64_t minor, uint32_t flags)
{
	struct faultline_record record = record_at(id, ns);

	record.minor_faults = minor;
	record.flags |= flags;
	rates_take(&rates, &record);
}

static bool same(double a, double b)
{
	return (isnan(a) && isnan(b)) || fabs(a - b) < 1e-6;
}

static double rate_of(uint64_t id, enum rate rate)
{
	const struct rates_process *process = rates_find(&rates, id);

	return process ? process->rates[rate] : -1;
}

static double in_second(uint64_t id, uint64_t second)
{
	return rates_in_second(rates_find(&rates, id), RATE_MINOR, second);
}

static void count_between_records(void)
{
	struct faultline_record record = record_at(1, 10 * (uint64_t)S);

	rates_init(&rates);
	rates_take(&rates, &record);
	rates_settle(&rates, 0);
	ok(isnan(rate_of(1, RATE_MINOR)) && isnan(rate_of(1, RATE_CPU)),
	   "of one record no rate is known");
	record.time_ns += 250 * MS;
	record.minor_faults = 100;
	record.major_faults = 1;
	record.cow_faults = 30;
	record.user_ns = 100 * MS;
	record.system_ns = 25 * MS;
	rates_take(&rates, &record);
	rates_settle(&rates, 0);
	ok(same(rate_of(1, RATE_MINOR), 400) && same(rate_of(1, RATE_MAJOR), 4) &&
	   same(rate_of(1, RATE_COW), 120) && same(rate_of(1, RATE_CPU), S / 2),
	   "of two it is the difference over their time");
	ok(isnan(rate_of(1, RATE_PRECOPIED)), "and not known without its flag");
	rates_settle(&rates, 5 * (uint64_t)S);
	ok(same(rate_of(1, RATE_MINOR), 400), "an interval without a record changes nothing");
	record.time_ns += 2 * (uint64_t)S;
	record.minor_faults += 7;
	record.flags = 0;
	rates_take(&rates, &record);
	rates_settle(&rates, 0);
	ok(same(rate_of(1, RATE_MINOR), 3.5) && isnan(rate_of(1, RATE_COW)),
	   "what is no longer counted is not known any more");
	rates_free(&rates);
}

static void begin_with_the_last_seconds(void)
{
	rates_init(&rates);
	for (uint64_t tick = 0; tick <= 1010; tick++)
		take(1, tick * 50 * MS, tick < 900 ? tick * 1000 : 900000 + tick, 0);
	rates_settle(&rates, 0);
	if (!ok(same(rate_of(1, RATE_MINOR), 20), "the first rate is of the last seconds, not of "
		"all that the ring holds"))
		printf("# %f\n", rate_of(1, RATE_MINOR));
	rates_free(&rates);
}

static void fill_seconds(void)
{
	double sum = 0;

	rates_init(&rates);
	take(1, 100 * (uint64_t)S + 500 * MS, 0, 0);
	take(1, 101 * (uint64_t)S + 500 * MS, 100, 0);
	take(1, 104 * (uint64_t)S + 500 * MS, 400, 0);
	ok(isnan(in_second(1, 99)) && isnan(in_second(1, 104)),
	   "before the first record and in the second that is not over nothing is known");
	if (!ok(same(in_second(1, 100), 50) && same(in_second(1, 101), 100) &&
		same(in_second(1, 102), 100) && same(in_second(1, 103), 100),
		"what lies between two records is shared by the seconds between them"))
		printf("# %f %f %f %f\n", in_second(1, 100), in_second(1, 101), in_second(1, 102),
		       in_second(1, 103));
	take(1, 500 * (uint64_t)S, 400 + 395500, 0);
	for (uint64_t second = 440; second < 500; second++)
		sum += in_second(1, second);
	ok(same(sum, 60000) && isnan(in_second(1, 439)) && isnan(in_second(1, 500)),
	   "a gap longer than the history leaves all of it filled");
	take(1, 500 * (uint64_t)S + 250 * MS, 395900 + 3, FAULTLINE_EXITED);
	ok(same(in_second(1, 500), 3) && isnan(in_second(1, 501)) && isnan(in_second(1, 440)),
	   "and of a process that ended its last second is known");
	rates_free(&rates);
}

static void end_in_time(void)
{
	rates_init(&rates);
	take(1, S, 0, 0);
	take(2, S, 0, 0);
	take(2, 2 * (uint64_t)S, 80, FAULTLINE_UNREGISTERED);
	take(2, 3 * (uint64_t)S, 999, 0);
	rates_settle(&rates, 0);
	ok(rates_find(&rates, 2)->last.minor_faults == 80, "after the last record there is none");
	take(1, 12 * (uint64_t)S, 0, 0);
	rates_settle(&rates, 100 * (uint64_t)S);
	ok(rates.count == 2 && rates.ended_count == 1,
	   "who ended stays for ten seconds of the records' time");
	rates_settle(&rates, 1);
	ok(rates.count == 1 && rates.ended_count == 0 && !rates_find(&rates, 2),
	   "and of the reader's while there are no records");
	take(3, 13 * (uint64_t)S, 0, 0);
	take(3, 22 * (uint64_t)S, 0, 0);
	rates_settle(&rates, 0);
	ok(rates.count == 2, "a process without records is kept as long");
	take(3, 22 * (uint64_t)S + 1, 0, 0);
	rates_settle(&rates, 0);
	ok(rates.count == 1 && !rates_find(&rates, 1), "and then its end was lost");
	rates_free(&rates);
}

static void sum_up(void)
{
	struct rates_process total;

	rates_init(&rates);
	for (uint64_t id = 1; id <= 3; id++)
		take(id, S, 0, 0);
	rates_settle(&rates, 0);
	for (uint64_t id = 1; id <= 3; id++)
		take(id, 2 * (uint64_t)S, 10 * id, id == 3 ? FAULTLINE_EXITED : 0);
	take(4, 2 * (uint64_t)S, 0, FAULTLINE_FIRST);
	rates_settle(&rates, 0);
	rates_total(&rates, &total);
	ok(same(total.rates[RATE_MINOR], 60) && isnan(total.rates[RATE_PRECOPIED]),
	   "the total has those that ended in the interval, and not who came just now");
	rates_settle(&rates, 1);
	rates_total(&rates, &total);
	ok(same(total.rates[RATE_MINOR], 30) && same(rate_of(3, RATE_MINOR), 30),
	   "in the next interval it has not, though they keep their rates");
	rates_free(&rates);
}

static void bound_memory(void)
{
	size_t before = mallinfo2().uordblks;

	rates_init(&rates);
	for (uint64_t id = 1; id <= 100000; id++) {
		take(id, id, 0, FAULTLINE_FIRST);
		take(id, id, 1, FAULTLINE_EXITED);
	}
	ok(rates.count == RATES_ENDED_MAX && rates_find(&rates, 100000) &&
	   rates_find(&rates, 100001 - RATES_ENDED_MAX) &&
	   !rates_find(&rates, 100000 - RATES_ENDED_MAX),
	   "of 100000 processes that ended the last %d are kept", RATES_ENDED_MAX);
	rates_free(&rates);
	ok(rates.count == 0 && rates.ended_count == 0 && mallinfo2().uordblks <= before,
	   "and no memory when all are forgotten");
}

/* A parent's id is less than its child's, but in a ring of nobody's making. */
static void order_trees(void)
{
	static const uint64_t parents[] = { 0, 0, 1, 2, 5, 4, 6, 2, 77 };
	struct table_order order = { .column = CELLS_MINOR, .tree = true };
	struct table table = { 0 };
	char shown[64] = "", *at = shown;

	rates_init(&rates);
	for (uint64_t id = 1; id < sizeof(parents) / sizeof(parents[0]); id++) {
		struct faultline_record record = record_at(id, S);

		record.parent_id = parents[id];
		rates_take(&rates, &record);
		record.time_ns = 2 * (uint64_t)S;
		record.minor_faults = id;
		rates_take(&rates, &record);
	}
	rates_settle(&rates, 0);
	if (!table_make(&table, &rates, &order))
		bail("no memory");
	for (size_t i = 0; i < table.count; i++)
		at += sprintf(at, "%" PRIu64 ":%u ", (uint64_t)table.shown[i]->process->last.id,
			      table.shown[i]->depth);
	if (!ok(strcmp(shown, "8:0 6:0 4:0 5:1 1:0 2:1 7:2 3:2 ") == 0,
		"children stand below their parents, the highest first, and circles are none"))
		printf("# %s\n", shown);
	table_free(&table);
	rates_free(&rates);
}

static void draw_minutes(void)
{
	char text[3 * RATES_SECONDS + 1];

	rates_init(&rates);
	take(1, 60 * (uint64_t)S, 0, 0);
	take(1, 90 * (uint64_t)S, 0, 0);
	take(1, 100 * (uint64_t)S, 10, 0);
	take(1, 110 * (uint64_t)S, 70, 0);
	sparkline_draw(text, rates_find(&rates, 1), RATE_MINOR, 110, 12, false);
	ok(strcmp(text, "  ______::##") == 0, "a minute in 12 cells: '%s'", text);
	sparkline_draw(text, rates_find(&rates, 1), RATE_MINOR, 112, 6, true);
	ok(strcmp(text, "▁▁▁▃█ ") == 0, "in blocks: '%s'", text);
	sparkline_draw(text, rates_find(&rates, 1), RATE_PRECOPIED, 110, 6, true);
	ok(strcmp(text, "      ") == 0, "blank where nothing is known");
	rates_free(&rates);
}

static char heard[128];

static void hear(void *context, const struct histogram_line *line)
{
	if (line->measure == HISTOGRAM_COPY && line->count)
		sprintf(heard + strlen(heard), "%s%" PRIu64 "=%" PRIu64 " ", (char *)context,
			line->id, line->p99_ns);
}

static void read_histograms(void)
{
	static const char text[] =
		"pid id measure count missed sum_ns max_ns p50_ns p90_ns p95_ns p99_ns p999_ns from-to:count,...\n"
		"10 1 copy 4 0 610 300 102 300 300 301 302 96-108:2,108-120:1\n"
		"10 1 fault 4 0 610 300 102 300 300 901 302 96-108:2\n"
		"11 2 copy 0 0 n/a n/a n/a n/a n/a n/a n/a n/a\n"
		"12 3 copy n/a n/a n/a n/a n/a n/a n/a n/a n/a n/a\n"
		"13 4 copy 4 0 610 300 102 300 300 77 302 96-108:2\n"
		"14 5 copy 4 0\n\ncopy\n"
		"total 0 copy 4 0 610 300 102 300 300 888 302 96-108:2\n"
		"# latency: copy\n";
	char path[] = "/tmp/histograms.XXXXXX";
	FILE *file = fdopen(mkstemp(path), "w");

	if (!file || fputs(text, file) < 0 || fclose(file))
		bail("%s", path);
	ok(histogram_file_read(path, hear, "id") && strcmp(heard, "id1=301 id4=77 id0=888 ") == 0,
	   "the 99th percentiles of copies are read, and none made up: %s", heard);
	remove(path);
	ok(!histogram_file_read(path, hear, ""), "a file that is not there is an error");
}

int main(void)
{
	count_between_records();
	begin_with_the_last_seconds();
	fill_seconds();
	end_in_time();
	sum_up();
	bound_memory();
	order_trees();
	draw_minutes();
	read_histograms();
	return finish();
}
