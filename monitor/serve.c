// SPDX-License-Identifier: GPL-2.0
/*
 * faultline serve: becomes faultline-serve, so that no other command loads libmicrohttpd and
 * what that needs, which is most of such a start.
 */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "command.h"
#include "companion.h"

/**
 * command_serve() - become the server
 */
int command_serve(int argc, char **argv)
{
	static const char * const folders[] = { ".", "../libexec/faultline", NULL };
	char server[PATH_MAX];

	(void)argc;
	companion_find(folders, "faultline-serve", server);
	/* What argp's help and err(3) call us there, too. */
	argv[0] = program_invocation_short_name;
	execv(server, argv);
	err(EXIT_FAILURE, "%s", server);
}
