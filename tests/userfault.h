/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TESTS_USERFAULT_H
#define TESTS_USERFAULT_H

#include <stddef.h>

/* From now on these pages are ours to give: the userfaultfd that tells who wants them. */
int userfault_open(volatile char *memory, size_t pages);
/* Wait until somebody does. */
void userfault_wait(int userfault);

#endif /* TESTS_USERFAULT_H */
