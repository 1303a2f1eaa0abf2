// SPDX-License-Identifier: GPL-2.0
/*
 * JSON (RFC 8259), an object per line, told apart by their "type":
 *
 * run: first, what is known of the machine, and the unit of each column;
 * settings: then, and whenever they change;
 * record: a sample, its columns by name, and comm; what is not known is null;
 * lost: records lost before the one that follows;
 * end: last, all that were lost.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "columns.h"
#include "format.h"
#include "settings.h"
#include "text.h"

enum {
	/* What stands around a number: the name, quotes, colon and comma. */
	NAME_BYTES	= 20,
	RECORD_BYTES	= COLUMNS * (COLUMN_BYTES + NAME_BYTES) + TEXT_QUOTED_BYTES + 64,
};

/**
 * struct json - a file being written
 * @output: where it goes
 * @origin: where the records come from
 * @settings: as written last
 * @lost: records reported lost so far
 */
struct json {
	struct output *output;
	const struct origin *origin;
	struct settings settings;
	uint64_t lost;
};

/* Texts of a machine are n/a where they are not known. */
static char *put_text(char *at, const char *name, const char *text, size_t length)
{
	at += sprintf(at, ",\"%s\":", name);
	return strcmp(text, "n/a") == 0 ? stpcpy(at, "null") : text_json(at, text, length);
}

static char *put_cost(char *at, const char *name, uint64_t ns)
{
	at += sprintf(at, ns ? ",\"%s\":%" PRIu64 : ",\"%s\":null", name, ns);
	return at;
}

static void write_run(struct output *output, const struct origin *origin)
{
	const struct machine *machine = &origin->machine;
	char *at = stpcpy(output_room(output, OUTPUT_BYTES), "{\"type\":\"run\"");

	at = put_text(at, "kernel", machine->kernel, 200);
	at = put_text(at, "cpu", machine->cpu, 150);
	at += sprintf(at, ",\"memory_bytes\":%s", strcmp(machine->memory_bytes, "n/a") == 0 ?
							  "null" : machine->memory_bytes);
	at = put_text(at, "recorded", machine->recorded, sizeof(machine->recorded));
	at = put_text(at, "clock", origin->header->clock == CLOCK_MONOTONIC ?
				   "CLOCK_MONOTONIC" : "n/a", 20);
	at = stpcpy(at, ",\"units\":{");
	for (int i = 0; i < COLUMNS; i++)
		at += sprintf(at, "%s\"%s\":\"%s\"", i ? "," : "", columns[i].name,
			      columns[i].unit);
	output_commit(output, stpcpy(at, "}}\n"));
}

static void write_settings(struct json *json, bool always)
{
	struct settings now;
	char *at;

	settings_read(&now, json->origin->header);
	if (!always && now.hz == json->settings.hz && now.latency == json->settings.latency &&
	    now.copy_cost_ns == json->settings.copy_cost_ns &&
	    now.fault_cost_ns == json->settings.fault_cost_ns &&
	    strcmp(now.cow_method, json->settings.cow_method) == 0)
		return;
	json->settings = now;
	at = output_room(json->output, OUTPUT_BYTES);
	at += sprintf(at, "{\"type\":\"settings\",\"hz\":%" PRIu32, now.hz);
	at = put_text(at, "cow", now.cow_method, sizeof(now.cow_method));
	at = put_text(at, "latency", settings_latency_name(now.latency), 8);
	at = put_cost(at, "copy_cost_ns", now.copy_cost_ns);
	at = put_cost(at, "fault_cost_ns", now.fault_cost_ns);
	output_commit(json->output, stpcpy(at, "}\n"));
}

static void *begin(struct output *output, const struct origin *origin)
{
	struct json *json = calloc(1, sizeof(*json));

	if (!json)
		return NULL;
	json->output = output;
	json->origin = origin;
	write_run(output, origin);
	write_settings(json, true);
	return json;
}

static char *put_columns(char *at, const struct faultline_record *record, uint64_t lacking)
{
	for (int i = 0; i < COLUMNS; i++) {
		at = stpcpy(stpcpy(stpcpy(at, ",\""), columns[i].name), "\":");
		at = column_known(&columns[i], record, lacking) ?
			     column_put(at, &columns[i], record) : stpcpy(at, "null");
	}
	return at;
}

static void write_record(void *state, const struct faultline_record *record,
			 const struct faultline_record *before, uint64_t lost)
{
	struct json *json = state;
	char *at;

	(void)before;
	write_settings(json, false);
	if (lost != json->lost)
		output_line(json->output, "{\"type\":\"lost\",\"records\":%" PRIu64
			    ",\"before_seq\":%" PRIu64 "}\n", lost - json->lost,
			    (uint64_t)record->seq);
	json->lost = lost;
	at = stpcpy(output_room(json->output, RECORD_BYTES), "{\"type\":\"record\",\"comm\":");
	at = text_json(at, record->comm, sizeof(record->comm));
	at = put_columns(at, record, json->origin->lacking);
	output_commit(json->output, stpcpy(at, "}\n"));
}

static void end(void *state, uint64_t lost)
{
	struct json *json = state;

	output_line(json->output, "{\"type\":\"end\",\"lost\":%" PRIu64 "}\n", lost);
	free(json);
}

const struct format format_json = {
	.name = "json",
	.summary = "JSON, an object per line",
	.begin = begin,
	.record = write_record,
	.end = end,
};
