// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <unistd.h>

#include "pipes.h"

bool pipes_open(struct pipes *pipes)
{
	if (pipe2(pipes->to, O_CLOEXEC))
		return false;
	if (!pipe2(pipes->from, O_CLOEXEC))
		return true;
	close(pipes->to[0]);
	close(pipes->to[1]);
	return false;
}

void pipes_close_own(const struct pipes *pipes)
{
	close(pipes->to[1]);
	close(pipes->from[0]);
}

void pipes_close_other(const struct pipes *pipes)
{
	close(pipes->to[0]);
	close(pipes->from[1]);
}
