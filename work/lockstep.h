/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A child that does one thing at a time, each when its parent says so
 *
 * It stops itself between two steps, which writes to no page that it has not written to
 * before: so what a parent reads of it while it is stopped is of its steps alone.
 *
 * lockstep_fork -> lockstep_resume, lockstep_await ... -> lockstep_end
 */
#ifndef LOCKSTEP_H
#define LOCKSTEP_H

#include <sys/types.h>

pid_t lockstep_fork(void);
void lockstep_stop(void);
void lockstep_resume(pid_t child);
void lockstep_await(pid_t child);
void lockstep_end(pid_t child);

#endif /* LOCKSTEP_H */
