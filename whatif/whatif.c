// SPDX-License-Identifier: GPL-2.0
/*
 * faultline-whatif: what a program did to its memory, replayed under another memory system.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "command.h"
#include "progress.h"

/**
 * struct command - what can be asked for, besides replaying a trace
 * @name: first word behind the program's
 * @run: does it
 */
struct command {
	const char *name;
	int (*run)(int argc, char **argv);
};

static const struct command commands[] = {
	{ "animate", command_animate },
	{ "compile", command_compile },
	{ "costs", command_costs },
	{ "enforce", command_enforce },
	{ "faults", command_faults },
	{ "gen", command_gen },
	{ "mrc", command_mrc },
	{ "sample", command_sample },
	{ "verify", command_verify },
};

int main(int argc, char **argv)
{
	char name[64];

	progress_show();
	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[1], commands[i].name) != 0)
			continue;
		/* What argp's help and err(3) call us from now on. */
		snprintf(name, sizeof(name), "%s %s", program_invocation_short_name, argv[1]);
		program_invocation_short_name = name;
		return commands[i].run(argc - 1, argv + 1);
	}
	return command_replay(argc, argv);
}
