/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's own accounts of processes, told over netlink: an oracle for tests, and
 * for the bench the strongest of peers.  What goes wrong ends the test.
 *
 * account_delays before the process to look at is born, for its copies to be counted
 * open -> read -> ...
 * listen -> exited -> ...
 */
#ifndef TESTS_TASKSTATS_H
#define TESTS_TASKSTATS_H

#include <linux/taskstats.h>
#include <stdbool.h>
#include <sys/types.h>

/* Set kernel.task_delayacct; false if this kernel has no delay accounting. */
bool taskstats_account_delays(const char *setting);

void taskstats_open(void);

/*
 * All threads of a process since its birth, dead ones included.  Faults, names and
 * memory are 0 in it: the kernel sums only delays and CPU time.  False if it has gone.
 */
bool taskstats_read_process(pid_t pid, struct taskstats *stats);

/* One thread, and everything about it; false if it has gone. */
bool taskstats_read_thread(pid_t tid, struct taskstats *stats);

/* A socket that hears of each thread of the machine that exits. */
int taskstats_listen(void);

/* Read the news of an exit; true if it was the last of that process. */
bool taskstats_exited(int listener, pid_t pid, struct taskstats *stats);

#endif /* TESTS_TASKSTATS_H */
