/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pre-copy in the fault itself.
 */
#ifndef _FAULTLINE_IN_PLACE_H
#define _FAULTLINE_IN_PLACE_H

#include "precopy.h"

const char *faultline_in_place_prepare(void);
int faultline_in_place_arm(void);
void faultline_in_place_disarm(void);
void faultline_in_place_exit(void);
enum faultline_precopy_count faultline_in_place_copy(struct faultline_precopy_fault *fault,
						     unsigned long address);

#endif /* _FAULTLINE_IN_PLACE_H */
