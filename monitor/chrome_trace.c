// SPDX-License-Identifier: GPL-2.0
/*
 * Chrome's Trace Event Format, a JSON array: for Perfetto and chrome://tracing.
 *
 * Of each process: its name, a slice from its first record to its last, and counters:
 * faults a second, CPU, and memory.  A rate stands from one record to the next.
 */
#include <errno.h>
#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "format.h"
#include "processes.h"
#include "text.h"

enum {
	NS_PER_US	= 1000,
	/* An event with all columns, their names, and the name of the process. */
	EVENT_BYTES	= COLUMNS * (COLUMN_BYTES + 20) + TEXT_QUOTED_BYTES + 256,
};

/**
 * struct life - of one process
 * @last: its last record; first, for the tree is ordered by its id
 * @first_ns: when its first one was taken
 * @trace: whose it is
 */
struct life {
	struct faultline_record last;
	uint64_t first_ns;
	struct trace *trace;
};

/**
 * struct trace - a file being written
 * @output: where it goes
 * @origin: where the records come from
 * @begun: does an event stand in it?
 * @alive: a tsearch(3) tree of struct life: who has not ended
 */
struct trace {
	struct output *output;
	const struct origin *origin;
	bool begun;
	void *alive;
};

static int compare_ids(const void *a, const void *b)
{
	const struct life *left = a, *right = b;

	return (left->last.id > right->last.id) - (left->last.id < right->last.id);
}

/* Where an event goes on: a comma stands before each but the first. */
static char *begin_event(struct trace *trace, const char *phase, int32_t pid, uint64_t ns)
{
	char *at = output_room(trace->output, EVENT_BYTES);

	at += sprintf(at, "%s{\"ph\":\"%s\",\"pid\":%" PRId32 ",\"tid\":%" PRId32 ",\"ts\":%" PRIu64
		      ".%03d", trace->begun ? "," : "", phase, pid, pid, ns / NS_PER_US,
		      (int)(ns % NS_PER_US));
	trace->begun = true;
	return at;
}

static void *begin(struct output *output, const struct origin *origin)
{
	struct trace *trace = calloc(1, sizeof(*trace));

	if (!trace)
		return NULL;
	trace->output = output;
	trace->origin = origin;
	output_line(output, "[\n");
	return trace;
}

static void name_process(struct trace *trace, const struct faultline_record *record)
{
	char *at = begin_event(trace, "M", record->pid, record->time_ns);

	at = stpcpy(at, ",\"name\":\"process_name\",\"args\":{\"name\":");
	at = text_json(at, record->comm, sizeof(record->comm));
	output_commit(trace->output, stpcpy(at, "}}\n"));
}

static double rate(uint64_t now, uint64_t before, double seconds)
{
	return (double)(now - before) / seconds;
}

static void write_rates(struct trace *trace, const struct faultline_record *record,
			const struct faultline_record *before)
{
	double seconds = (double)(record->time_ns - before->time_ns) / 1e9;
	char *at = begin_event(trace, "C", record->pid, before->time_ns);

	at += sprintf(at, ",\"name\":\"faults per second\",\"args\":{\"minor\":%.1f,\"major\":%.1f",
		      rate(record->minor_faults, before->minor_faults, seconds),
		      rate(record->major_faults, before->major_faults, seconds));
	if (record->flags & before->flags & FAULTLINE_COW)
		at += sprintf(at, ",\"cow\":%.1f",
			      rate(record->cow_faults, before->cow_faults, seconds));
	output_commit(trace->output, stpcpy(at, "}}\n"));
	at = begin_event(trace, "C", record->pid, before->time_ns);
	at += sprintf(at, ",\"name\":\"CPU %%\",\"args\":{\"user\":%.1f,\"system\":%.1f}}\n",
		      rate(record->user_ns, before->user_ns, seconds) / 1e7,
		      rate(record->system_ns, before->system_ns, seconds) / 1e7);
	output_commit(trace->output, at);
}

static void write_memory(struct trace *trace, const struct faultline_record *record)
{
	char *at = begin_event(trace, "C", record->pid, record->time_ns);

	at += sprintf(at, ",\"name\":\"memory, bytes\",\"args\":{\"resident\":%" PRIu64
		      ",\"swapped\":%" PRIu64 "}}\n", (uint64_t)record->rss_bytes,
		      (uint64_t)record->swap_bytes);
	output_commit(trace->output, at);
}

/* Counters of who has ended stand at nothing, and not at the last rate for ever. */
static void write_end(struct trace *trace, const struct faultline_record *record)
{
	char *at = begin_event(trace, "C", record->pid, record->time_ns);

	at += sprintf(at, ",\"name\":\"faults per second\",\"args\":{\"minor\":0,\"major\":0%s}}\n",
		      record->flags & FAULTLINE_COW ? ",\"cow\":0" : "");
	output_commit(trace->output, at);
	at = begin_event(trace, "C", record->pid, record->time_ns);
	at = stpcpy(at, ",\"name\":\"CPU %\",\"args\":{\"user\":0,\"system\":0}}\n");
	output_commit(trace->output, at);
}

static void write_life(struct trace *trace, const struct life *life)
{
	const struct faultline_record *last = &life->last;
	uint64_t ns = last->time_ns - life->first_ns;
	char *at = begin_event(trace, "X", last->pid, life->first_ns);

	at += sprintf(at, ",\"dur\":%" PRIu64 ".%03d,\"cat\":\"process\",\"name\":", ns / NS_PER_US,
		      (int)(ns % NS_PER_US));
	at = text_json(at, last->comm, sizeof(last->comm));
	at = stpcpy(at, ",\"args\":{");
	for (int i = 0; i < COLUMNS; i++) {
		if (!column_known(&columns[i], last, trace->origin->lacking))
			continue;
		at += sprintf(at, "%s\"%s\":", i ? "," : "", columns[i].name);
		at = column_put(at, &columns[i], last);
	}
	output_commit(trace->output, stpcpy(at, "}}\n"));
}

static struct life *find_life(struct trace *trace, const struct faultline_record *record)
{
	struct life **found = tfind(record, &trace->alive, compare_ids), *life;

	if (found)
		return *found;
	life = malloc(sizeof(*life));
	if (!life)
		return NULL;
	*life = (struct life){ .last = *record, .first_ns = record->time_ns, .trace = trace };
	if (tsearch(life, &trace->alive, compare_ids))
		return life;
	free(life);
	return NULL;
}

static void update_life(struct trace *trace, const struct faultline_record *record)
{
	struct life *life = find_life(trace, record);

	if (!life) {
		trace->output->error = ENOMEM;
		return;
	}
	life->last = *record;
	if (processes_ended(record)) {
		write_life(trace, life);
		tdelete(life, &trace->alive, compare_ids);
		free(life);
	}
}

static void write_record(void *state, const struct faultline_record *record,
			 const struct faultline_record *before, uint64_t lost)
{
	struct trace *trace = state;

	(void)lost;
	if (!before || memcmp(before->comm, record->comm, sizeof(before->comm)) != 0)
		name_process(trace, record);
	if (before && record->time_ns > before->time_ns)
		write_rates(trace, record, before);
	if (processes_ended(record))
		write_end(trace, record);
	write_memory(trace, record);
	update_life(trace, record);
}

static void end_life(void *alive)
{
	struct life *life = alive;

	write_life(life->trace, life);
	free(life);
}

static void end(void *state, uint64_t lost)
{
	struct trace *trace = state;

	(void)lost;
	tdestroy(trace->alive, end_life);
	output_line(trace->output, "]\n");
	free(trace);
}

const struct format format_chrome_trace = {
	.name = "chrome-trace",
	.summary = "for Perfetto and chrome://tracing",
	.begin = begin,
	.record = write_record,
	.end = end,
};
