/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What was written after earlier forks, by any process of the same descent.
 */
#ifndef _FAULTLINE_HISTORY_H
#define _FAULTLINE_HISTORY_H

#include <linux/cred.h>
#include <linux/hash.h>
#include <linux/mm_types.h>
#include <linux/rmap.h>
#include <linux/types.h>

extern u64 faultline_history_salt;

int faultline_history_create(void);
void faultline_history_destroy(void);

bool faultline_history_write(u64 descent, const struct vm_area_struct *vma,
			     unsigned long address);
u64 faultline_history_predict(u64 descent, unsigned long address, unsigned int most);
void faultline_history_judge(u64 descent, unsigned long region, unsigned int used, u64 wasted);

/**
 * faultline_history_descent() - what all memory of a tree of forks has in common
 * @vma: anonymous memory of the current task that has pages
 *
 * As long as it belongs to one user: who has dropped privileges neither learns nor changes
 * what those who have them write.
 *
 * Context: any; the vma cannot go away.
 * Return: a hash, not 0.
 */
static __always_inline u64 faultline_history_descent(const struct vm_area_struct *vma)
{
	/* The root lives as long as any memory that has pages of it. */
	unsigned long root = (unsigned long)READ_ONCE(vma->anon_vma)->root;
	u64 hash = (root ^ faultline_history_salt) * GOLDEN_RATIO_64 +
		   __kuid_val(current_fsuid());

	return (hash ^ hash >> 32) * GOLDEN_RATIO_64 | 1;
}

#endif /* _FAULTLINE_HISTORY_H */
