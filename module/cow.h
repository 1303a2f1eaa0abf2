/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counts copy-on-write faults, exactly, or says that it cannot.
 *
 * init -> (arm -> disarm) ... -> exit
 */
#ifndef _FAULTLINE_COW_H
#define _FAULTLINE_COW_H

#include <linux/types.h>

void faultline_cow_init(void);
void faultline_cow_exit(void);

void faultline_cow_arm(void);
void faultline_cow_disarm(void);
bool faultline_cow_armed(void);

#endif /* _FAULTLINE_COW_H */
