// SPDX-License-Identifier: GPL-2.0
#include <assert.h>
#include <stddef.h>

#include "columns.h"

enum { NS_PER_S = 1000000000 };

static_assert(FAULTLINE_KINDS == 7, "a column for each");
static_assert(COLUMNS <= 64, "a bit of struct origin's lacking for each");

#define FIELD(field, largest)						\
	.offset = offsetof(struct faultline_record, field),		\
	.bytes = sizeof(((struct faultline_record *)NULL)->field), .max = largest

#define NAME(title, field, largest) \
	{ .name = title, .unit = "", .kind = COLUMN_NAME, FIELD(field, largest) }
#define GAUGE(title, units, field, largest) \
	{ .name = title, .unit = units, .kind = COLUMN_GAUGE, FIELD(field, largest) }
#define COUNT(title, field, needed)						\
	{ .name = title, .unit = "", .kind = COLUMN_COUNTER, .flags = needed,	\
	  FIELD(field, UINT64_MAX) }
#define TIME(title, field, needed)						\
	{ .name = title, .unit = "s", .kind = COLUMN_COUNTER, .flags = needed,	\
	  .seconds = true, FIELD(field, UINT64_MAX) }

/* Kinds that need hooks of their own may lack them where COW is counted. */
const struct column columns[] = {
	{ .name = "time_s", .unit = "s", .kind = COLUMN_GAUGE, .seconds = true,
	  FIELD(time_ns, UINT64_MAX) },
	NAME("pid", pid, INT32_MAX),
	NAME("ppid", ppid, INT32_MAX),
	NAME("id", id, UINT64_MAX),
	NAME("seq", seq, UINT64_MAX),
	GAUGE("flags", "", flags, UINT32_MAX),
	GAUGE("threads", "", threads, UINT32_MAX),
	COUNT("minor", minor_faults, 0),
	COUNT("major", major_faults, 0),
	COUNT("cow", cow_faults, FAULTLINE_COW),
	TIME("user_s", user_ns, 0),
	TIME("system_s", system_ns, 0),
	GAUGE("rss_bytes", "bytes", rss_bytes, UINT64_MAX),
	GAUGE("swap_bytes", "bytes", swap_bytes, UINT64_MAX),
	NAME("parent_id", parent_id, UINT64_MAX),
	COUNT("cow_anon", cow_kinds[FAULTLINE_ANON], FAULTLINE_COW),
	COUNT("cow_zero", cow_kinds[FAULTLINE_ZERO], FAULTLINE_COW),
	COUNT("cow_file", cow_kinds[FAULTLINE_FILE], FAULTLINE_COW),
	COUNT("cow_file_first", cow_kinds[FAULTLINE_FILE_FIRST],
	      FAULTLINE_COW | FAULTLINE_COW_FILE_FIRST),
	COUNT("cow_ksm", cow_kinds[FAULTLINE_KSM], FAULTLINE_COW),
	COUNT("cow_hugetlb", cow_kinds[FAULTLINE_HUGETLB], FAULTLINE_COW | FAULTLINE_COW_HUGETLB),
	COUNT("cow_remote", cow_kinds[FAULTLINE_REMOTE], FAULTLINE_COW),
	COUNT("copies_timed", copies_timed, FAULTLINE_COPY_TIMES),
	COUNT("copies_missed", copies_missed, FAULTLINE_COPY_TIMES),
	TIME("copy_s", copy_ns, FAULTLINE_COPY_TIMES),
	COUNT("faults_timed", faults_timed, FAULTLINE_FAULT_TIMES),
	COUNT("faults_missed", faults_missed, FAULTLINE_FAULT_TIMES),
	TIME("fault_s", fault_ns, FAULTLINE_FAULT_TIMES),
	COUNT("precopied", precopied, FAULTLINE_PRECOPY),
	COUNT("precopy_used", precopy_used, FAULTLINE_PRECOPY),
	COUNT("precopy_wasted", precopy_wasted, FAULTLINE_PRECOPY),
	COUNT("precopy_refused", precopy_refused, FAULTLINE_PRECOPY),
};

void columns_add(struct faultline_record *sum, const struct faultline_record *record)
{
	uint64_t *total;

	for (const struct column *column = columns; column < columns + COLUMNS; column++) {
		if (column->kind != COLUMN_COUNTER)
			continue;
		total = (uint64_t *)((char *)sum + column->offset);
		*total += column_value(column, record);
	}
	sum->flags &= record->flags;
}

const struct column *columns_find(const char *name, size_t length)
{
	for (int i = 0; i < COLUMNS; i++)
		if (strlen(columns[i].name) == length && memcmp(columns[i].name, name, length) == 0)
			return &columns[i];
	return NULL;
}

/* The last two digits of a number into the two bytes before @end. */
static void put_pair(char *end, uint32_t number)
{
	number %= 100;
	end[-1] = (char)('0' + number % 10);
	end[-2] = (char)('0' + number / 10);
}

static int count_digits(uint64_t number)
{
	uint64_t limit = 10;
	int digits = 1;

	while (digits < 20 && number >= limit) {
		digits++;
		limit *= 10;
	}
	return digits;
}

/* Rows are most of what is written; printf(3) takes some five times as long. */
static char *put_number(char *at, uint64_t number)
{
	char *end = at + count_digits(number), *to = end;

	for (; number >= 100; number /= 100, to -= 2)
		put_pair(to, number % 100);
	if (number >= 10)
		put_pair(to, (uint32_t)number);
	else
		to[-1] = (char)('0' + number);
	return end;
}

static char *put_seconds(char *at, uint64_t ns)
{
	uint32_t fraction = ns % NS_PER_S;

	at = put_number(at, ns / NS_PER_S);
	*at = '.';
	for (int digit = 10; digit > 2; digit -= 2, fraction /= 100)
		put_pair(at + digit, fraction);
	at[1] = (char)('0' + fraction);
	return at + 10;
}

char *column_put(char *at, const struct column *column, const struct faultline_record *record)
{
	uint64_t value = column_value(column, record);

	return column->seconds ? put_seconds(at, value) : put_number(at, value);
}

char *columns_put(char *at, const struct faultline_record *record, uint64_t lacking,
		  const char *unknown, char separator)
{
	for (const struct column *column = columns; column < columns + COLUMNS; column++) {
		at = column_known(column, record, lacking) ? column_put(at, column, record) :
							     stpcpy(at, unknown);
		*at++ = separator;
	}
	return at;
}
