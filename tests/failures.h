/* SPDX-License-Identifier: GPL-2.0 */
/* Allocations that the kernel is told to refuse, one after another (CONFIG_FAULT_INJECTION). */
#ifndef TESTS_FAILURES_H
#define TESTS_FAILURES_H

#include <stdbool.h>

/* Can this kernel be told to?  Before anything else. */
bool failures_begin(void);

/*
 * A claim: done with its first allocation refused, then with its second, and so on until none
 * is left to refuse, @act gives 0 or ENOMEM, and the next try works.  @undo: after each time
 * that it did.
 */
void fail_each(const char *what, int (*act)(void), void (*undo)(void));

#endif /* TESTS_FAILURES_H */
