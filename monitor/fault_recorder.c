// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "control.h"
#include "fault_recorder.h"
#include "fault_rings.h"
#include "fault_text.h"
#include "follow.h"
#include "launch.h"
#include "output.h"
#include "ring_reader.h"
#include "uapi/faultline.h"

enum {
	/* What a CPU that has read its clock needs at most to have written the fault, as a rule. */
	IN_HAND_NS	= 2000000,
	/* Between two looks at who is traced, which is a line for each process to be read. */
	ASK_NS		= 100000000,
};

/**
 * struct recording - one that is under way
 * @samples: the ring whose ticks say when to look
 * @rings: of faults
 * @output: where to
 * @faults: written so far
 * @lost: told of so far
 * @missed: by the module, before it began
 * @asked_ns: when it was asked last who is traced
 */
struct recording {
	struct ring_reader samples;
	struct fault_rings rings;
	struct output output;
	uint64_t faults;
	uint64_t lost;
	long long missed;
	unsigned long long asked_ns;
};

static const char *explain(int error)
{
	if (error == EPERM)
		return "a trace of faults tells where its memory is: that takes CAP_PERFMON (sudo)";
	if (error == EOPNOTSUPP)
		return "no kretprobe attaches to this kernel's handle_mm_fault";
	if (error == EBUSY)
		return "kernel.ftrace_enabled is 0";
	return control_explain(error);
}

/* True if it is traced now; @ours if it was registered by us. */
static bool trace(pid_t pid, bool children, bool *ours)
{
	int error = control_adopt(pid, children, ours);
	const char *why = control_explain(error);

	if (!error) {
		error = control_trace(pid, "on");
		why = explain(error);
	}
	if (!error)
		return true;
	if (*ours)
		control_unregister(pid);
	*ours = false;
	warnx("process %d: %s", (int)pid, why);
	return false;
}

static bool begin(struct recording *recording, const struct fault_recorder *recorder, int fd,
		  const char *name)
{
	char why[256];

	*recording = (struct recording){ .output.fd = fd };
	if (!ring_reader_open(&recording->samples, recorder->device, why, sizeof(why))) {
		warnx("%s", why);
		return false;
	}
	if (!fault_rings_open(&recording->rings, recorder->device, why, sizeof(why))) {
		warnx("%s", why);
		goto err_samples;
	}
	if (!output_renew(fd)) {
		warn("%s", name);
		goto err_rings;
	}
	recording->missed = control_trace_says(" missed");
	fault_text_begin(&recording->output, recording->samples.header->cow_method);
	return true;

err_rings:
	fault_rings_close(&recording->rings);
err_samples:
	ring_reader_close(&recording->samples);
	return false;
}

/* Writes those that ended before; those that are lost are told where they lack. */
static void drain(struct recording *recording, uint64_t before_ns)
{
	const struct faultline_fault *fault;
	uint64_t lost;

	while (!recording->output.error &&
	       (fault = fault_rings_next(&recording->rings, before_ns))) {
		lost = fault_rings_lost(&recording->rings);
		if (lost != recording->lost)
			fault_text_lost(&recording->output, lost - recording->lost);
		recording->lost = lost;
		fault_text_fault(&recording->output, fault);
		recording->faults++;
	}
	output_flush(&recording->output);
}

static void drain_settled(struct recording *recording)
{
	struct timespec now;

	/* The rings'. */
	clock_gettime(CLOCK_MONOTONIC, &now);
	drain(recording, (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec - IN_HAND_NS);
}

static long long missed(const struct recording *recording)
{
	long long now = control_trace_says(" missed");

	return now < 0 || recording->missed < 0 ? -1 : now - recording->missed;
}

/* All who are traced are ours, or were forked by them: nobody was traced before. */
static void trace_nobody(void)
{
	long long traced = control_trace_nobody();

	if (traced > 0)
		warnx("%lld processes are traced still: T PID off, written to %s, ends that", traced,
		      FAULTLINE_STATUS);
}

static bool end(struct recording *recording, const char *name)
{
	int error;

	drain(recording, FAULT_RINGS_ALL);
	fault_text_end(&recording->output, &recording->rings, missed(recording));
	output_flush(&recording->output);
	fprintf(stderr, "%s: %" PRIu64 " faults, %" PRIu64 " lost\n",
		program_invocation_short_name, recording->faults,
		fault_rings_lost(&recording->rings));
	error = recording->output.error;
	fault_rings_close(&recording->rings);
	ring_reader_close(&recording->samples);
	if (!error || error == EPIPE)
		return true;
	warnx("%s: %s", name, strerror(error));
	return false;
}

static void wait_for(const struct launch *launch, struct recording *recording)
{
	struct pollfd news[] = {
		{ .fd = launch->signals, .events = POLLIN },
		{ .fd = recording->samples.fd, .events = POLLIN },
	};

	while (!launch_has_ended(launch)) {
		if (poll(news, 2, -1) < 0 && errno != EINTR)
			return;
		if (news[0].revents)
			launch_pass_on(launch);
		if (news[1].revents && ring_reader_wait(&recording->samples, NULL))
			drain_settled(recording);
	}
}

static int run_command(const struct fault_recorder *recorder, int fd, const char *name)
{
	struct recording recording;
	struct launch launch;
	bool ours;
	int status;

	if (!launch_fork(&launch, recorder->argv))
		err(LAUNCH_FAILED, "fork");
	if (!trace(launch.pid, recorder->children, &ours) ||
	    !begin(&recording, recorder, fd, name)) {
		launch_call_off(&launch);
		return LAUNCH_FAILED;
	}
	launch_let_go(&launch);
	wait_for(&launch, &recording);
	control_unregister(launch.pid);
	status = launch_reap(&launch);
	trace_nobody();
	if (!end(&recording, name) && status == EXIT_SUCCESS)
		status = LAUNCH_FAILED;
	return status;
}

/* What wakes us is a tick, or that nobody is registered any more, whom ticks are for. */
static bool is_over(struct recording *recording)
{
	unsigned long long now = clock_now_ns();

	if (now - recording->asked_ns < ASK_NS && !ring_reader_run_over(&recording->samples))
		return false;
	recording->asked_ns = now;
	return control_trace_says(" processes") <= 0;
}

static int watch(const struct fault_recorder *recorder, const bool *ours, int fd,
		 const char *name)
{
	struct recording recording;
	bool good = begin(&recording, recorder, fd, name);

	while (good && !follow_interrupted() && !recording.output.error && !is_over(&recording)) {
		good = follow_wait(&recording.samples);
		if (!good)
			warn("%s", recorder->device);
		drain_settled(&recording);
	}
	trace_nobody();
	for (size_t i = 0; i < recorder->count; i++)
		if (ours[i])
			control_unregister(recorder->pids[i]);
	return recording.rings.rings && end(&recording, name) && good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int fault_recorder_run(struct fault_recorder *recorder, int fd, const char *name)
{
	long long others = control_trace_says(" processes");
	bool ours[FAULT_RECORDER_PIDS_MAX];
	size_t good = 0;
	int status;

	/* They would be in the recording, which could not tell them from its own. */
	if (others > 0) {
		warnx("%lld processes are traced already: only one recording of faults at a time "
		      "(T PID off, written to %s, ends what one left that was killed)", others,
		      FAULTLINE_STATUS);
		return recorder->argv ? LAUNCH_FAILED : EXIT_FAILURE;
	}
	if (recorder->argv)
		return run_command(recorder, fd, name);
	follow_catch_signals();
	/* A process that is refused is named; the others are traced all the same. */
	for (size_t i = 0; i < recorder->count; i++) {
		recorder->pids[good] = recorder->pids[i];
		good += trace(recorder->pids[i], recorder->children, &ours[good]);
	}
	status = good == recorder->count ? EXIT_SUCCESS : EXIT_FAILURE;
	recorder->count = good;
	if (!good || watch(recorder, ours, fd, name) != EXIT_SUCCESS)
		status = EXIT_FAILURE;
	return status;
}
