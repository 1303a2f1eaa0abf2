// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "arguments.h"
#include "observer.h"

error_t observer_option(int key, char *text, struct argp_state *state)
{
	struct observer *observer = state->input;

	switch (key) {
	case 'c':
		observer->children = true;
		return 0;
	case 'o':
		observer->path = text;
		return 0;
	case 'F':
		observer->format = format_chosen(text);
		return 0;
	case OBSERVER_DEVICE:
		observer->device = text;
		return 0;
	default:
		return arguments_common(key, state);
	}
}

static bool begin_file(struct observer *observer)
{
	struct origin origin = { .header = observer->reader.header };
	int fd = open(observer->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0) {
		warn("%s", observer->path);
		return false;
	}
	machine_read(&origin.machine);
	writer_begin(&observer->writer, observer->format, fd, &origin);
	return true;
}

bool observer_begin(struct observer *observer)
{
	char why[256];

	if (!ring_reader_open(&observer->reader, observer->device, why, sizeof(why))) {
		warnx("%s", why);
		return false;
	}
	/* What is registered from now on has its first record behind this place. */
	ring_reader_skip(&observer->reader);
	if (!observer->path || begin_file(observer))
		return true;
	ring_reader_close(&observer->reader);
	return false;
}

bool observer_add(struct observer *observer, uint64_t id)
{
	return watch_root(&observer->watch, id);
}

bool observer_wants_all(const struct observer *observer)
{
	return observer->path || observer->children;
}

void observer_read(struct observer *observer)
{
	struct faultline_record record;

	while (ring_reader_next(&observer->reader, &record))
		if (watch_record(&observer->watch, &record) && observer->path)
			writer_record(&observer->writer, &record, observer->reader.lost);
	if (observer->path)
		writer_flush(&observer->writer);
}

void observer_wait_tick(struct observer *observer)
{
	const struct faultline_header *header = observer->reader.header;
	uint64_t ticks = __atomic_load_n(&header->ticks, __ATOMIC_ACQUIRE);
	struct timespec pause = { .tv_nsec = 1000000 };

	/* The one that runs now may have passed by already; none runs once all have ended. */
	while (__atomic_load_n(&header->ticks, __ATOMIC_ACQUIRE) < ticks + 2 &&
	       !ring_reader_run_over(&observer->reader))
		nanosleep(&pause, NULL);
}

static bool end_file(struct observer *observer)
{
	struct writer *writer = &observer->writer;

	writer_end(writer, observer->reader.lost);
	if (close(writer->output.fd) && !writer->output.error)
		writer->output.error = errno;
	if (!writer->output.error)
		return true;
	warnx("%s: %s", observer->path, strerror(writer->output.error));
	return false;
}

bool observer_end(struct observer *observer, uint64_t elapsed_ns)
{
	bool whole = !observer->path || end_file(observer);
	uint64_t lost = observer_wants_all(observer) ? observer->reader.lost : 0;

	watch_summary(&observer->watch, stderr, elapsed_ns, lost);
	watch_free(&observer->watch);
	ring_reader_close(&observer->reader);
	return whole;
}
