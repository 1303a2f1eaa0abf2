// SPDX-License-Identifier: GPL-2.0
#include "random.h"

/* xorshift64 */
static uint64_t state;

void random_seed(uint64_t seed)
{
	state = seed;
}

uint64_t random_below(uint64_t limit)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % limit;
}
