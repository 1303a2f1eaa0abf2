// SPDX-License-Identifier: GPL-2.0
/*
 * Something that keeps a CPU busy: prints how many instructions go by until it is done,
 * its own and those of whatever interrupts it.
 *
 * usage: load LOOPS
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"

int main(int argc, char **argv)
{
	uint64_t begin = instructions();

	if (argc != 2)
		return 2;
	/* Whose instructions do not depend on anything. */
	for (long i = atol(argv[1]); i > 0; i--)
		__asm__ volatile("");
	printf("%" PRIu64 "\n", instructions() - begin);
	return 0;
}
