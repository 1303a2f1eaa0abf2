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

/**
 * kernel_memory_ok() - claim that no more is in use than there was
 * @when: after what
 * @before_kb: what kernel_memory_kb() said before
 * @max_kb: so much more is a leak
 *
 * Not on a kernel that keeps what was freed for a while, to see who uses it still: there
 * kmemleak is asked after each test.
 */
void kernel_memory_ok(const char *when, long before_kb, long max_kb);

/* What programs could have, by the kernel's estimate, and what CPUs keep at hand. */
long available_memory_kb(void);

#endif /* TESTS_KERNEL_MEMORY_H */
