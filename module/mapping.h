/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rings as readers map them: what all of them have in common.  They are read-only, and mapped page
 * by page as somebody looks at them.
 */
#ifndef _FAULTLINE_MAPPING_H
#define _FAULTLINE_MAPPING_H

#include <linux/moduleparam.h>
#include <linux/types.h>

struct faultline_header;
struct vm_area_struct;

/* Records of a ring; the most are 2 GiB of samples. */
enum {
	FAULTLINE_RECORDS_MIN	= 64,
	FAULTLINE_RECORDS_MAX	= 1 << 23,
};

extern const struct kernel_param_ops faultline_records_ops;

void faultline_mapping_describe(struct faultline_header *header, u32 magic, u32 record_size,
				u32 records);
int faultline_mapping_make(struct vm_area_struct *vma, void *memory, size_t bytes);

#endif /* _FAULTLINE_MAPPING_H */
