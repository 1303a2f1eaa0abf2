/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From counters to rates: what each process of a stream of records did in an interval,
 * and in each second of the last minute.  All time is the records' own.
 *
 * take ... -> settle -> read the processes; free
 */
#ifndef RATES_H
#define RATES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "processes.h"
#include "uapi/faultline.h"

/**
 * enum rate - what there are rates of
 * @RATE_MINOR: minor faults
 * @RATE_MAJOR: major faults
 * @RATE_COW: pages copied on write
 * @RATE_PRECOPIED: pages copied ahead
 * @RATE_CPU: nanoseconds of CPU time
 * @RATES: how many there are
 */
enum rate {
	RATE_MINOR,
	RATE_MAJOR,
	RATE_COW,
	RATE_PRECOPIED,
	RATE_CPU,
	RATES,
};

enum {
	RATES_SECONDS	= 60,		/* of history */
	RATES_KEPT	= RATES_SECONDS + 1,	/* with the second that is not over */
	RATES_LINGER_S	= 10,		/* for which a process that ended is kept */
	RATES_ENDED_MAX	= 256,		/* of those at a time: the latest */
	RATES_SLOTS	= 4096,
};

/**
 * struct rates_counters - the counters of one record
 * @time_ns: when they were read
 * @counts: by enum rate, since registration
 * @known: false where @counts means nothing
 */
struct rates_counters {
	uint64_t time_ns;
	uint64_t counts[RATES];
	bool known[RATES];
};

/**
 * struct rates_process - a process, as of its last record
 * @last: that record
 * @rates: per second between the two records that the last settling had; NAN: not known
 * @current: are these of the interval that ended last?  Who ended before it keeps its own.
 * @copy_p99_ns: 99th percentile of its copies, NAN if not known: for others to fill in
 * @since: what @rates counts from
 * @mark: up to where @history is filled in
 * @history: how many in each second of the clock, second modulo RATES_KEPT
 * @all: neighbours among all processes, in the order in which they came
 * @ended: neighbours among those that ended
 * @next: in the slot of its id
 */
struct rates_process {
	struct faultline_record last;
	double rates[RATES];
	bool current;
	double copy_p99_ns;
	struct rates_counters since;
	struct rates_counters mark;
	float history[RATES][RATES_KEPT];
	TAILQ_ENTRY(rates_process) all;
	TAILQ_ENTRY(rates_process) ended;
	struct rates_process *next;
};

TAILQ_HEAD(rates_list, rates_process);

/**
 * struct rates - all processes
 * @all: those that run, and those that ended lately
 * @ended: the latter, the first to end first
 * @count: how many are in @all
 * @ended_count: how many are in @ended
 * @newest_ns: time of the newest record
 * @now_ns: the same, and what has passed without a record since
 * @news: has a record come since the last settling?
 * @settled: were there rates before?
 * @slots: by id modulo RATES_SLOTS
 */
struct rates {
	struct rates_list all;
	struct rates_list ended;
	unsigned int count;
	unsigned int ended_count;
	uint64_t newest_ns;
	uint64_t now_ns;
	bool news;
	bool settled;
	struct rates_process *slots[RATES_SLOTS];
};

/**
 * rates_init() - no processes yet
 * @rates: filled in
 */
void rates_init(struct rates *rates);

/**
 * rates_take() - learn from a record
 * @rates: the processes
 * @record: of one of them or of a new one
 *
 * Without memory a process is not remembered.
 */
void rates_take(struct rates *rates, const struct faultline_record *record);

/**
 * rates_settle() - an interval ends here: work out rates, forget those that ended
 * @rates: the processes
 * @elapsed_ns: since the last settling, by the reader's clock; it counts only while no
 *	records come
 *
 * A process without a new record keeps the rates that it had.
 */
void rates_settle(struct rates *rates, uint64_t elapsed_ns);

/**
 * rates_total() - all processes as if they were one
 * @rates: the processes
 * @total: filled in: rates, threads, memory and what became of pages copied ahead;
 *	a rate is NAN if it is not known of a process that has had an interval yet
 */
void rates_total(const struct rates *rates, struct rates_process *total);

/**
 * rates_find() - a process by its registration
 * @rates: the processes
 * @id: of the registration
 *
 * Return: the process, or NULL.
 */
struct rates_process *rates_find(const struct rates *rates, uint64_t id);

/**
 * rates_in_second() - how many in a second of the clock
 * @process: of whom
 * @rate: of what
 * @second: the clock's time, in whole seconds
 *
 * Return: how many, NAN if that is not known: before the first record, more than
 * RATES_SECONDS ago, not over at the last record of a process that runs, or not counted.
 */
double rates_in_second(const struct rates_process *process, enum rate rate, uint64_t second);

/**
 * rates_free() - forget all processes
 * @rates: the processes
 */
void rates_free(struct rates *rates);

#endif /* RATES_H */
