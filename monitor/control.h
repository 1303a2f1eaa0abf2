/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is asked of the module in FAULTLINE_STATUS, and what it answers.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * control_register() - register a process
 * @pid: in the caller's pid namespace
 * @children: those that it forks from now on, too, and theirs
 *
 * Return: 0 or an errno.
 */
int control_register(pid_t pid, bool children);

/**
 * control_adopt() - register a process, unless it is registered
 * @pid: in the caller's pid namespace
 * @children: follow who it forks, too; of one that was registered before, says on standard error
 *	that this is as it was
 * @ours: filled in: it was registered by this call, and is the caller's to unregister
 *
 * Return: 0 or an errno.
 */
int control_adopt(pid_t pid, bool children, bool *ours);

/**
 * control_unregister() - forget a process; of a child that has exited and is not reaped
 * yet, have the last record published now
 * @pid: in the caller's pid namespace
 *
 * Return: 0 or an errno.
 */
int control_unregister(pid_t pid);

/**
 * control_precopy() - set how far ahead a registered process's pages are copied
 * @pid: in the caller's pid namespace
 * @setting: auto, off, or a number of pages from 1 to 64
 *
 * Return: 0 or an errno.
 */
int control_precopy(pid_t pid, const char *setting);

/**
 * control_trace() - begin or end to trace the faults of a registered process
 * @pid: in the caller's pid namespace
 * @setting: on or off
 *
 * Return: 0 or an errno.
 */
int control_trace(pid_t pid, const char *setting);

/**
 * control_trace_nobody() - end to trace whoever is traced and may be told so by the caller
 *
 * Those too that are forked meanwhile.
 *
 * Return: how many are traced still, or -1 if the module does not tell.
 */
long long control_trace_nobody(void);

/**
 * control_trace_says() - a number that the module tells of the fault trace
 * @what: of which, " processes", " recorded" or " missed"
 *
 * Return: it, or -1 if it does not tell.
 */
long long control_trace_says(const char *what);

/**
 * control_counted() - a number that the module tells of a registered process
 * @pid: in the caller's pid namespace
 * @column: its name in the status file
 *
 * Return: it, or -1 if it is n/a, or the process not registered, or may not be seen.
 */
long long control_counted(pid_t pid, const char *column);

/**
 * control_id() - the registration of a process
 * @pid: in the caller's pid namespace
 *
 * Return: its number, or 0 if it is not registered or may not be seen.
 */
uint64_t control_id(pid_t pid);

/**
 * control_explain() - what a refusal means, and what to do about it
 * @error: the errno
 *
 * Return: a text of one line.
 */
const char *control_explain(int error);

#endif /* CONTROL_H */
