/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A command that is started, held back until it is registered, and waited for.
 *
 * fork -> let go or call off -> wait ... -> reap
 */
#ifndef LAUNCH_H
#define LAUNCH_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/* As env(1) and time(1) have it. */
enum {
	LAUNCH_FAILED		= 125,
	LAUNCH_NOT_EXECUTABLE	= 126,
	LAUNCH_NOT_FOUND	= 127,
};

/**
 * struct launch - a command
 * @pid: its process
 * @gate: what it waits for
 * @signals: a signalfd(2) of what is passed on, and of children that change state
 */
struct launch {
	pid_t pid;
	int gate;
	int signals;
};

/**
 * launch_fork() - make the command's process, which waits before its first instruction
 * @launch: filled in
 * @argv: the command, searched for in PATH
 *
 * From now on the caller's signals are held back, for launch_pass_on(), and SIGPIPE is ignored.
 *
 * Return: true, or false with errno.
 */
bool launch_fork(struct launch *launch, char **argv);

/**
 * launch_let_go() - have it execute the command
 * @launch: the launch
 */
void launch_let_go(struct launch *launch);

/**
 * launch_call_off() - have it exit instead
 * @launch: the launch
 */
void launch_call_off(struct launch *launch);

/**
 * launch_pass_on() - pass on a signal that another process sent to the caller
 * @launch: the launch; @launch->signals is readable
 *
 * What a terminal sends to all of its foreground group the command has got itself.
 */
void launch_pass_on(const struct launch *launch);

/**
 * launch_has_ended() - is it a zombie?
 * @launch: the launch
 *
 * Return: true if so.
 */
bool launch_has_ended(const struct launch *launch);

/**
 * launch_reap() - wait until it has ended
 * @launch: the launch
 *
 * Return: its exit status, or 128 and the signal that ended it.
 */
int launch_reap(struct launch *launch);

#endif /* LAUNCH_H */
