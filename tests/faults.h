/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fault trace as a test sees it.  What goes wrong without being a claim of the test ends
 * the test.
 *
 * trace -> look, count ...
 */
#ifndef TESTS_FAULTS_H
#define TESTS_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "uapi/faultline.h"

enum { FAULTS_MAX = 1 << 17 };

/* What was looked at last: in the order of CPUs, and of each in that of its ring. */
extern struct faultline_fault faults[FAULTS_MAX];
extern size_t faults_count;
/* Of these, what the rings held no more, since faults_skip(). */
extern uint64_t faults_lost;

/* Write `T <pid> on` or off; 0 or an errno. */
int faults_trace(pid_t pid, const char *setting);
/* The same with on, and end the test if it is refused. */
void faults_must_trace(pid_t pid);
/* From now on, only what comes is looked at. */
void faults_skip(void);
/* Read what has come since. */
void faults_look(void);
/* Of those, how many are of this process and kind? */
size_t faults_of(pid_t pid, enum faultline_fault_kind kind);
/* The number in front of @word in the status file's line on the trace. */
long long faults_said(const char *word);
/* Does a kprobe of anybody's stand on this function? */
bool faults_hooked(const char *function);

#endif /* TESTS_FAULTS_H */
