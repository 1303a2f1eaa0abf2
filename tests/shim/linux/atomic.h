/* SPDX-License-Identifier: GPL-2.0 */
/* As <linux/atomic.h>, for one thread. */
#ifndef SHIM_ATOMIC_H
#define SHIM_ATOMIC_H

#include <stdbool.h>
#include <linux/types.h>

typedef struct { s64 counter; } atomic64_t;

static inline s64 atomic64_read(const atomic64_t *v) { return v->counter; }
static inline void atomic64_set(atomic64_t *v, s64 value) { v->counter = value; }
static inline void atomic64_add(s64 more, atomic64_t *v) { v->counter += more; }
static inline void atomic64_sub(s64 less, atomic64_t *v) { v->counter -= less; }
static inline void atomic64_inc(atomic64_t *v) { v->counter++; }
static inline s64 atomic64_inc_return(atomic64_t *v) { return ++v->counter; }

static inline bool atomic64_try_cmpxchg(atomic64_t *v, s64 *old, s64 value)
{
	bool same = v->counter == *old;

	*old = v->counter;
	if (same)
		v->counter = value;
	return same;
}

#endif
