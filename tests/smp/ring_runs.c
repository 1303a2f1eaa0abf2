// SPDX-License-Identifier: GPL-2.0
/*
 * A run begins when a process is registered while none is and ends when none is left;
 * header.run and header.registered tell a reader of both.
 */
#include <stdio.h>

#include "child.h"
#include "module.h"
#include "ring_reader.h"
#include "tap.h"

static const struct faultline_header *header;

static bool three_more_ticks(void *since)
{
	return header->ticks >= *(uint64_t *)since + 3;
}

static void let_it_tick(void)
{
	uint64_t since = header->ticks;

	if (!wait_until(three_more_ticks, &since))
		bail("no ticks");
}

static void register_or_bail(pid_t pid)
{
	if (status_register(pid))
		bail("cannot register %d", (int)pid);
}

/* Does a reader that comes now begin with this record? */
static bool reader_begins_at(uint64_t seq)
{
	struct faultline_record record;
	struct ring_reader reader;
	char why[256];
	bool so;

	if (!ring_reader_open(&reader, FAULTLINE_DEVICE, why, sizeof(why)))
		bail("%s", why);
	so = ring_reader_next(&reader, &record) && record.seq == seq &&
	     record.flags & FAULTLINE_FIRST;
	ring_reader_close(&reader);
	return so;
}

static uint64_t first_run(void)
{
	pid_t a = child_start(child_sleep, NULL), b = child_start(child_sleep, NULL);

	ok(header->run == 1 && header->registered == 0, "before the first run nobody is there");
	register_or_bail(a);
	ok(header->registered == 1, "one process is registered");
	let_it_tick();
	register_or_bail(b);
	ok(header->registered == 2 && header->run == 1, "a second one joins the same run");
	let_it_tick();
	status_unregister(a);
	ok(header->registered == 1, "one is left when the first is unregistered");
	register_or_bail(a);
	ok(header->run == 1, "who comes back while another is there joins the same run");
	status_unregister(a);
	child_end(b);
	ok(ring_wait_idle(header), "none is left when the second has exited");
	ok(ring_record(header, header->head)->flags & FAULTLINE_EXITED,
	   "and then head covers its last record");
	ok(reader_begins_at(1), "a reader that comes after the end still gets that run");
	child_end(a);
	return header->head;
}

static void second_run(uint64_t first_head)
{
	pid_t pid = child_start(child_sleep, NULL);

	register_or_bail(pid);
	ok(header->run == first_head + 1,
	   "the second run begins right after the first one's last record");
	let_it_tick();
	ok(header->run == first_head + 1 && reader_begins_at(first_head + 1),
	   "a reader that comes later begins there, at a first record");
	status_unregister(pid);
	ok(header->registered == 0 &&
	   ring_record(header, header->head)->flags & FAULTLINE_UNREGISTERED,
	   "it ends when its process is unregistered");
	child_end(pid);
}

/* Nobody is registered: no tick, no record. */
static void rest(void)
{
	uint64_t ticks, head = header->head;

	sleep_ms(200);
	ticks = header->ticks;
	sleep_ms(500);
	ok(header->ticks == ticks && header->head == head, "between two runs nothing ticks");
}

int main(void)
{
	module_load("hz=100");
	header = ring_map();
	second_run(first_run());
	rest();
	return finish();
}
