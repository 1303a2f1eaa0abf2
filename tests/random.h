/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Numbers at random that are the same in every run.
 */
#ifndef TESTS_RANDOM_H
#define TESTS_RANDOM_H

#include <stdint.h>

/* Begin with these; @seed is not 0. */
void random_seed(uint64_t seed);
/* One of those from 0 to before @limit. */
uint64_t random_below(uint64_t limit);

#endif /* TESTS_RANDOM_H */
