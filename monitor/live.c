// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>

#include "follow.h"
#include "histogram_file.h"
#include "live.h"

static void add(struct live *live, const struct faultline_record *record, bool count)
{
	const struct faultline_record *before = processes_last(&live->processes, record);

	pthread_mutex_lock(&live->lock);
	if (count)
		groups_count(&live->groups, record, before);
	groups_place(&live->groups, record, before);
	live->version++;
	pthread_mutex_unlock(&live->lock);
	processes_update(&live->processes, record);
}

static void drain(struct live *live, bool count)
{
	struct faultline_record record;

	while (!follow_interrupted() && ring_reader_next(&live->reader, &record))
		add(live, &record, count);
}

bool live_open(struct live *live, const char *device, unsigned int groups, char *why,
	       size_t why_size)
{
	*live = (struct live){ .lock = PTHREAD_MUTEX_INITIALIZER };
	if (!ring_reader_open(&live->reader, device, why, why_size))
		return false;
	if (!groups_init(&live->groups, groups)) {
		ring_reader_close(&live->reader);
		snprintf(why, why_size, "no memory for %u groups", groups);
		return false;
	}
	drain(live, false);
	live->reader.lost = 0;
	return true;
}

static void remove_process(void *context, const struct faultline_record *last)
{
	struct live *live = context;

	groups_remove(&live->groups, last);
	live->version++;
}

static void forget_before(struct live *live, uint64_t seq)
{
	pthread_mutex_lock(&live->lock);
	processes_forget_before(&live->processes, seq, remove_process, live);
	pthread_mutex_unlock(&live->lock);
}

/* Who still is there after records were lost has a record in every tick that is whole. */
static void note_losses(struct live *live)
{
	if (live->reader.lost == live->lost)
		return;
	pthread_mutex_lock(&live->lock);
	live->lost = live->reader.lost;
	live->version++;
	pthread_mutex_unlock(&live->lock);
	live->suspect_seq = live->reader.next;
	live->suspect_ticks = __atomic_load_n(&live->reader.header->ticks, __ATOMIC_ACQUIRE);
}

void live_catch_up(struct live *live)
{
	const struct faultline_header *header = live->reader.header;
	/* Asked first: what had happened by then has been read after drain(). */
	uint64_t ticks = __atomic_load_n(&header->ticks, __ATOMIC_ACQUIRE);
	uint64_t head = __atomic_load_n(&header->head, __ATOMIC_ACQUIRE);
	bool over = ring_reader_run_over(&live->reader);

	drain(live, true);
	note_losses(live);
	if (!live->suspect_seq)
		return;
	if (over)
		forget_before(live, head + 1);
	/* The first of these may have been at work already. */
	if (ticks >= live->suspect_ticks + 2) {
		forget_before(live, live->suspect_seq);
		live->suspect_seq = 0;
	}
}

uint64_t live_version(struct live *live)
{
	uint64_t version;

	pthread_mutex_lock(&live->lock);
	version = live->version;
	pthread_mutex_unlock(&live->lock);
	return version;
}

char *live_render(struct live *live, enum openmetrics_dialect dialect, size_t *bytes)
{
	const struct faultline_header *header = live->reader.header;
	struct openmetrics metrics = { .groups = &live->groups };
	char *text;

	if (__atomic_load_n(&header->latency, __ATOMIC_RELAXED) != FAULTLINE_LATENCY_OFF)
		durations_read(HISTOGRAM_FILE, metrics.times);
	metrics.ticks_missed = __atomic_load_n(&header->ticks_missed, __ATOMIC_RELAXED);
	pthread_mutex_lock(&live->lock);
	metrics.lost = live->lost;
	text = openmetrics_render(&metrics, dialect, bytes);
	pthread_mutex_unlock(&live->lock);
	return text;
}

void live_close(struct live *live)
{
	ring_reader_close(&live->reader);
	processes_free(&live->processes);
	groups_free(&live->groups);
}
