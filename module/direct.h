/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ftrace direct calls: what direct_ARCH.S has, and what it calls.
 */
#ifndef _FAULTLINE_DIRECT_H
#define _FAULTLINE_DIRECT_H

#include <linux/mm_types.h>

struct vm_fault;

/* At the entry of the function that puts pages of files in place. */
void faultline_first_entry(void);
/* Calls this for a copy, whose place in vmf assembly cannot know. */
extern const unsigned long faultline_cow_page_offset;
void faultline_cow_first(const struct vm_fault *vmf);

/* At the entry of the function that copies. */
void faultline_copy_entry(void);
/* Calls this in that function's stead, with its caller and where it goes on. */
unsigned long faultline_latency_copy(void *to, const void *from, unsigned int length,
				     unsigned long caller, unsigned long body);
/* Goes on there; returns what the function returns. */
unsigned long faultline_copy_resume(void *to, const void *from, unsigned int length,
				    unsigned long body);

/* At the entry of the function that breaks a share. */
void faultline_write_entry(void);
/* Calls this, and if it does not return 0 that, in the function's stead. */
unsigned int faultline_in_place_wanted(const struct vm_fault *vmf);
vm_fault_t faultline_in_place_fault(struct vm_fault *vmf, unsigned long body, unsigned int kind)
	__releases(vmf->ptl) __releases(RCU);
/* Goes on there; returns what the function returns. */
vm_fault_t faultline_write_resume(struct vm_fault *vmf, unsigned long body)
	__releases(vmf->ptl) __releases(RCU);

/* At the entry of the function that ends a process's memory. */
void faultline_exit_entry(void);
/* Calls this. */
void faultline_forecast_end(struct mm_struct *mm);

#endif /* _FAULTLINE_DIRECT_H */
