/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A child process to do things with.  It dies with its parent, so that a test which
 * ends early leaves nobody behind.
 *
 * start -> end or wait
 */
#ifndef TESTS_CHILD_H
#define TESTS_CHILD_H

#include <sys/types.h>

/**
 * child_start() - fork
 * @body: what the child does before it exits with the value returned
 * @argument: for @body
 */
pid_t child_start(int (*body)(void *argument), void *argument);

/**
 * child_start_stopped() - fork a child that stops before it runs @body
 *
 * All that it faults and copies in order to exist is behind it by then.
 */
pid_t child_start_stopped(int (*body)(void *argument), void *argument);

/* Let a stopped child run. */
void child_resume(pid_t pid);

/* A body that sleeps for ever. */
int child_sleep(void *unused);

/* What the kernel itself says that a process has faulted since its birth. */
void child_faults(pid_t pid, long *minor, long *major);

/* Wait until it exits: its exit status, or 128 + the signal that ended it. */
int child_wait(pid_t pid);

/* Kill it, and wait until it is gone. */
void child_end(pid_t pid);

#endif /* TESTS_CHILD_H */
