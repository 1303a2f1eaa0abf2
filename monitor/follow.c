// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <signal.h>
#include <stddef.h>

#include "follow.h"

static volatile sig_atomic_t interrupted;

static void interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

void follow_catch_signals(void)
{
	struct sigaction ending = { .sa_handler = interrupt };

	sigaction(SIGINT, &ending, NULL);
	sigaction(SIGTERM, &ending, NULL);
	/* A reader of ours that leaves shows as EPIPE. */
	signal(SIGPIPE, SIG_IGN);
}

bool follow_interrupted(void)
{
	return interrupted;
}

/*
 * Signals are let in while the program reads, and held back from looking at
 * @interrupted until it sleeps, so that none slips in between the two.
 */
bool follow_wait(const struct ring_reader *reader)
{
	sigset_t ending, open;
	bool good;

	sigemptyset(&ending);
	sigaddset(&ending, SIGINT);
	sigaddset(&ending, SIGTERM);
	sigprocmask(SIG_BLOCK, &ending, &open);
	good = interrupted || ring_reader_wait(reader, &open) || errno == EINTR;
	sigprocmask(SIG_SETMASK, &open, NULL);
	return good;
}

static void drain(struct ring_reader *reader, struct writer *writer)
{
	struct faultline_record record;

	while (!interrupted && !writer->output.error && ring_reader_next(reader, &record))
		writer_record(writer, &record, reader->lost);
	writer_flush(writer);
}

bool follow(struct ring_reader *reader, struct writer *writer, enum follow_until until)
{
	bool last;

	while (!interrupted && !writer->output.error) {
		/* Asked first: what comes meanwhile is then read, too. */
		last = until == FOLLOW_RING_END ||
		       (until == FOLLOW_RUN_END && ring_reader_run_over(reader));
		drain(reader, writer);
		if (last)
			break;
		if (!follow_wait(reader))
			return false;
	}
	return true;
}
