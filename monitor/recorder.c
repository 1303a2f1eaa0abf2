// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "histogram_file.h"
#include "output.h"
#include "recorder.h"

error_t recorder_option(int key, char *text, struct argp_state *state)
{
	struct recorder *recorder = state->input;

	switch (key) {
	case RECORDER_DUMP:
		recorder->until = FOLLOW_RING_END;
		return 0;
	case RECORDER_FOLLOW:
		recorder->until = FOLLOW_FOR_EVER;
		return 0;
	case RECORDER_ALL:
		recorder->all = true;
		return 0;
	case RECORDER_DEVICE:
		recorder->device = text;
		return 0;
	case 'F':
		recorder->format = format_chosen(text);
		return 0;
	default:
		return arguments_common(key, state);
	}
}

/* Says what came of it; false if the file is not whole though someone wants it. */
static bool report(const struct ring_reader *reader, const struct writer *writer,
		   const char *name)
{
	int error = writer->output.error;

	fprintf(stderr, "%s: %" PRIu64 " records of %" PRIu64 " processes, %" PRIu64 " lost\n",
		program_invocation_short_name, writer->records, writer->processes.seen,
		reader->lost);
	if (!error || error == EPIPE)
		return true;
	warnx("%s: %s", name, strerror(error));
	return false;
}

int recorder_run(const struct recorder *recorder, int fd, const char *name)
{
	struct histogram times[HISTOGRAM_MEASURES];
	struct ring_reader reader;
	struct origin origin = { 0 };
	struct writer writer;
	char why[256];
	int status = EXIT_SUCCESS;

	follow_catch_signals();
	if (!ring_reader_open(&reader, recorder->device, why, sizeof(why)))
		errx(EXIT_FAILURE, "%s", why);
	if (!output_renew(fd))
		err(EXIT_FAILURE, "%s", name);
	if (recorder->all)
		ring_reader_rewind(&reader);
	origin.header = reader.header;
	machine_read(&origin.machine);
	/* Those of this machine's module, which another ring has nothing to do with. */
	if (strcmp(recorder->device, FAULTLINE_DEVICE) == 0 &&
	    histogram_file_totals(HISTOGRAM_FILE, times))
		origin.histograms = times;
	writer_begin(&writer, recorder->format, fd, &origin);
	if (!follow(&reader, &writer, recorder->until)) {
		warn("%s", recorder->device);
		status = EXIT_FAILURE;
	}
	if (origin.histograms)
		histogram_file_since(HISTOGRAM_FILE, times);
	writer_end(&writer, reader.lost);
	if (!report(&reader, &writer, name))
		status = EXIT_FAILURE;
	ring_reader_close(&reader);
	return status;
}
