/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's types and macros, as far as module/histogram.[ch] need them, on the host. */
#ifndef SHIM_TYPES_H
#define SHIM_TYPES_H

#include <assert.h>
#include <string.h>

typedef unsigned long long u64;
typedef long long s64;

#define likely(x)		(x)
#define unlikely(x)		(x)
#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

#endif
