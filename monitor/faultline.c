// SPDX-License-Identifier: GPL-2.0
/*
 * faultline: one program, and a command for each thing to do.  Called by the name of
 * monitor it does what monitor always did.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "command.h"

#ifdef WITHOUT_top
/* Stands in for a command whose library this program was built without. */
static int left_out(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	errx(EXIT_FAILURE, "this program was built without it");
}
#define command_top left_out
#endif

/**
 * struct command - what can be asked for
 * @name: first word behind the program's
 * @summary: what it does, in half a line
 * @run: does it
 */
struct command {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv);
};

static const struct command commands[] = {
	{ "run", "run a command and say what it did", command_run },
	{ "attach", "watch processes that run already", command_attach },
	{ "record", "write a run's records into a file", command_record },
	{ "top", "show the registered processes, live", command_top },
	{ "monitor", "write a run's records to standard output", command_monitor },
	{ "report", "say what a recording tells, draw it, convert it", command_report },
	{ "serve", "serve counters by command name to Prometheus", command_serve },
	{ "status", "show who is registered, and what the module says of itself", command_status },
	{ "register", "register processes", command_register },
	{ "unregister", "unregister processes", command_unregister },
	{ "precopy", "copy a process's pages ahead of its writes", command_precopy },
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void help(void)
{
	printf("Usage: faultline COMMAND [OPTION...]\n"
	       "Show when and why processes fault: minor, major and copy-on-write.\n\n");
	for (int i = 0; i < COMMANDS; i++)
		printf("  %-11s %s\n", commands[i].name, commands[i].summary);
	printf("\nfaultline COMMAND --help tells more of each.\n"
	       "\n"
	       "Examples:\n"
	       "  faultline run -c -- make -j4         what it and all that it forks did\n"
	       "  faultline attach --name redis-server\n"
	       "  faultline record -o profile.dat      a whole run, until nobody is registered\n"
	       "  faultline report -o report.html profile.dat\n"
	       "  faultline top --sort cow             the same on the screen, live\n"
	       "  faultline serve                      http://127.0.0.1:9423/metrics\n");
}

static const struct command *find(const char *name)
{
	for (int i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

int main(int argc, char **argv)
{
	const struct command *command;
	char name[64];

	if (strcmp(program_invocation_short_name, "monitor") == 0)
		return command_monitor(argc, argv);
	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-?") == 0)) {
		help();
		return EXIT_SUCCESS;
	}
	if (argc > 1 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)) {
		printf("faultline (Faultline) %s\n", VERSION);
		return EXIT_SUCCESS;
	}
	command = argc > 1 ? find(argv[1]) : NULL;
	if (!command)
		errx(EXIT_USAGE, "expected faultline COMMAND [OPTION...]; see faultline --help");
	/* What argp's help and err(3) call us from now on. */
	snprintf(name, sizeof(name), "faultline %s", command->name);
	program_invocation_short_name = name;
	return command->run(argc - 1, argv + 1);
}
