/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The memory that the kernel uses for itself.
 */
#ifndef TESTS_KERNEL_MEMORY_H
#define TESTS_KERNEL_MEMORY_H

/**
 * kernel_memory_kb() - what would grow if the module leaked
 *
 * Waits some seconds for what is being freed, and drops the caches.
 */
long kernel_memory_kb(void);

#endif /* TESTS_KERNEL_MEMORY_H */
