// SPDX-License-Identifier: GPL-2.0
/*
 * monitor: writes what the module records to standard output.
 */
#include <unistd.h>

#include "arguments.h"
#include "command.h"
#include "recorder.h"

static const struct argp_option options[] = {
	RECORDER_OPTIONS,
	ARGUMENTS_COMMON,
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = recorder_option,
	.doc = "Write what Faultline has recorded of the current run, and follow it until no "
	       "registered process is left.  A run begins when a process is registered while "
	       "none is."
	       "\v"
	       "Ctrl-C ends the profile in good order.  The exit status is 0, 1 without a ring "
	       "or without room for the profile, or 2 after a bad option.\n\n"
	       "Examples:\n"
	       "  monitor > profile.dat          a whole run\n"
	       "  monitor --dump | tail          what there is by now\n"
	       "  monitor --follow | grep -v '^#'\n",
};

/**
 * command_monitor() - read the ring, write standard output
 */
int command_monitor(int argc, char **argv)
{
	struct recorder recorder = RECORDER_DEFAULTS;

	arguments_parse(&argp, argc, argv, &recorder);
	return recorder_run(&recorder, STDOUT_FILENO, "standard output");
}
