// SPDX-License-Identifier: GPL-2.0
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rates.h"

enum { NS_PER_S = 1000000000 };

void rates_init(struct rates *rates)
{
	memset(rates, 0, sizeof(*rates));
	TAILQ_INIT(&rates->all);
	TAILQ_INIT(&rates->ended);
}

/* Ids are counted up, so that a modulus spreads them as evenly as can be. */
static struct rates_process **slot(const struct rates *rates, uint64_t id)
{
	struct rates_process **at = (void *)&rates->slots[id % RATES_SLOTS];

	while (*at && (*at)->last.id != id)
		at = &(*at)->next;
	return at;
}

struct rates_process *rates_find(const struct rates *rates, uint64_t id)
{
	return *slot(rates, id);
}

static void forget(struct rates *rates, struct rates_process *process)
{
	if (processes_ended(&process->last)) {
		TAILQ_REMOVE(&rates->ended, process, ended);
		rates->ended_count--;
	}
	TAILQ_REMOVE(&rates->all, process, all);
	rates->count--;
	*slot(rates, process->last.id) = process->next;
	free(process);
}

static void end(struct rates *rates, struct rates_process *process)
{
	TAILQ_INSERT_TAIL(&rates->ended, process, ended);
	if (rates->ended_count++ == RATES_ENDED_MAX)
		forget(rates, TAILQ_FIRST(&rates->ended));
}

static void read_counters(struct rates_counters *counters, const struct faultline_record *record)
{
	*counters = (struct rates_counters){
		.time_ns = record->time_ns,
		.counts = {
			[RATE_MINOR] = record->minor_faults,
			[RATE_MAJOR] = record->major_faults,
			[RATE_COW] = record->cow_faults,
			[RATE_PRECOPIED] = record->precopied,
			[RATE_CPU] = record->user_ns + record->system_ns,
		},
		.known = {
			[RATE_MINOR] = true,
			[RATE_MAJOR] = true,
			[RATE_COW] = record->flags & FAULTLINE_COW,
			[RATE_PRECOPIED] = record->flags & FAULTLINE_PRECOPY,
			[RATE_CPU] = true,
		},
	};
}

/* Per second from one to the other, which is later. */
static double rate_between(const struct rates_counters *from, const struct rates_counters *to,
			   enum rate rate)
{
	if (!from->known[rate] || !to->known[rate])
		return NAN;
	return (double)(to->counts[rate] - from->counts[rate]) * NS_PER_S /
	       (double)(to->time_ns - from->time_ns);
}

/* Add to the second that begins at @start_ns what of it lies between the two. */
static void fill_second(struct rates_process *process, const struct rates_counters *to,
			uint64_t start_ns)
{
	const struct rates_counters *from = &process->mark;
	uint64_t begin = start_ns > from->time_ns ? start_ns : from->time_ns;
	uint64_t end = start_ns + NS_PER_S < to->time_ns ? start_ns + NS_PER_S : to->time_ns;
	double share = (double)(end - begin) / NS_PER_S;
	float *count;

	for (int rate = 0; rate < RATES; rate++) {
		count = &process->history[rate][start_ns / NS_PER_S % RATES_KEPT];
		/* A second that the last filling did not reach holds what was a minute ago. */
		if (begin == start_ns)
			*count = 0;
		*count += (float)(rate_between(from, to, rate) * share);
	}
}

/* Seconds that lie between two records, for others were lost, get equal shares. */
static void fill_history(struct rates_process *process, const struct rates_counters *to)
{
	uint64_t last = to->time_ns / NS_PER_S, first = process->mark.time_ns / NS_PER_S;

	if (last >= first + RATES_KEPT)
		first = last - RATES_KEPT + 1;
	for (uint64_t second = first; second <= last; second++)
		fill_second(process, to, second * NS_PER_S);
	process->mark = *to;
}

double rates_in_second(const struct rates_process *process, enum rate rate, uint64_t second)
{
	uint64_t end = process->mark.time_ns / NS_PER_S + processes_ended(&process->last);

	return second >= end || second + RATES_SECONDS < end ? NAN :
	       (double)process->history[rate][second % RATES_KEPT];
}

static void add(struct rates *rates, const struct faultline_record *record)
{
	struct rates_process *process = calloc(1, sizeof(*process));

	if (!process)
		return;
	process->last = *record;
	process->copy_p99_ns = NAN;
	read_counters(&process->mark, record);
	process->since = process->mark;
	for (int rate = 0; rate < RATES; rate++) {
		process->rates[rate] = NAN;
		for (int second = 0; second < RATES_KEPT; second++)
			process->history[rate][second] = NAN;
		/* What was before its registration is not its own. */
		process->history[rate][record->time_ns / NS_PER_S % RATES_KEPT] = 0;
	}
	TAILQ_INSERT_TAIL(&rates->all, process, all);
	rates->count++;
	process->next = *slot(rates, record->id);
	*slot(rates, record->id) = process;
	if (processes_ended(record))
		end(rates, process);
}

/* Once a second and at the end: from one record to the next there is little to tell. */
static void extend_history(struct rates *rates, struct rates_process *process)
{
	struct rates_counters counters;

	if (process->last.time_ns <= process->mark.time_ns ||
	    (process->last.time_ns / NS_PER_S == process->mark.time_ns / NS_PER_S &&
	     !processes_ended(&process->last)))
		return;
	/* Of what was long before the first look only the last seconds are of interest. */
	if (!rates->settled)
		process->since = process->mark;
	read_counters(&counters, &process->last);
	fill_history(process, &counters);
}

void rates_take(struct rates *rates, const struct faultline_record *record)
{
	struct rates_process *process = rates_find(rates, record->id);

	rates->news = true;
	if (record->time_ns > rates->newest_ns)
		rates->newest_ns = record->time_ns;
	if (!process) {
		add(rates, record);
		return;
	}
	if (processes_ended(&process->last))
		return;
	process->last = *record;
	extend_history(rates, process);
	if (processes_ended(record))
		end(rates, process);
}

static void settle(const struct rates *rates, struct rates_process *process)
{
	struct rates_counters now;

	/* Who had ended at the first look did so at any time before. */
	process->current = !processes_ended(&process->last) ||
			   (rates->settled && process->last.time_ns > process->since.time_ns);
	if (process->last.time_ns <= process->since.time_ns)
		return;
	read_counters(&now, &process->last);
	for (int rate = 0; rate < RATES; rate++)
		process->rates[rate] = rate_between(&process->since, &now, rate);
	process->since = now;
}

/* Of a process without records the last was lost: all that run have one at each tick. */
static bool is_gone(const struct rates *rates, const struct rates_process *process)
{
	uint64_t now = processes_ended(&process->last) ? rates->now_ns : rates->newest_ns;

	return now > process->last.time_ns + RATES_LINGER_S * (uint64_t)NS_PER_S;
}

void rates_settle(struct rates *rates, uint64_t elapsed_ns)
{
	struct rates_process *process, *next;

	rates->now_ns = rates->news ? rates->newest_ns : rates->now_ns + elapsed_ns;
	rates->news = false;
	for (process = TAILQ_FIRST(&rates->all); process; process = next) {
		next = TAILQ_NEXT(process, all);
		if (is_gone(rates, process))
			forget(rates, process);
		else
			settle(rates, process);
	}
	rates->settled = true;
}

static void add_to_total(struct rates_process *total, const struct rates_process *process)
{
	const struct faultline_record *record = &process->last;

	if (!processes_ended(record)) {
		total->last.flags |= record->flags & FAULTLINE_PRECOPY;
		total->last.threads += record->threads;
		total->last.rss_bytes += record->rss_bytes;
		total->last.precopy_used += record->precopy_used;
		total->last.precopy_wasted += record->precopy_wasted;
	}
	/* Who came just now has had no interval. */
	if (!process->current || isnan(process->rates[RATE_MINOR]))
		return;
	for (int rate = 0; rate < RATES; rate++)
		total->rates[rate] += process->rates[rate];
}

void rates_total(const struct rates *rates, struct rates_process *total)
{
	const struct rates_process *process;

	*total = (struct rates_process){ .copy_p99_ns = NAN };
	for (process = TAILQ_FIRST(&rates->all); process; process = TAILQ_NEXT(process, all))
		add_to_total(total, process);
}

void rates_free(struct rates *rates)
{
	struct rates_process *process, *next;

	for (process = TAILQ_FIRST(&rates->all); process; process = next) {
		next = TAILQ_NEXT(process, all);
		free(process);
	}
	rates_init(rates);
}
