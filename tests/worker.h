/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A child that does what it is told and is stopped in between: whoever reads its counters
 * finds them at rest.
 *
 * What it faults in order to stop and go on it has faulted by the end of its first deed.
 */
#ifndef TESTS_WORKER_H
#define TESTS_WORKER_H

#include <stddef.h>
#include <sys/types.h>

/* Fork one that is stopped; ended by child_end(). */
pid_t worker_start(void);

/* Let it do this with so many pages, and wait until it has stopped again. */
void worker_do(pid_t worker, void (*act)(size_t count), size_t count);

/* The same without waiting; then wait. */
void worker_begin(pid_t worker, void (*act)(size_t count), size_t count);
void worker_wait(pid_t worker);

/* A deed that does nothing, for a rehearsal. */
void worker_rest(size_t unused);

#endif /* TESTS_WORKER_H */
