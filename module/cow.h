/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counts copy-on-write faults, exactly and by kind, or says that it cannot.
 *
 * init -> (arm -> disarm) ... -> exit
 */
#ifndef _FAULTLINE_COW_H
#define _FAULTLINE_COW_H

#include <linux/types.h>

struct faultline_function;

void faultline_cow_init(void);
void faultline_cow_exit(void);

void faultline_cow_arm(void);
void faultline_cow_disarm(void);
u32 faultline_cow_counted(void);
const struct faultline_function *faultline_cow_caller(void);

#endif /* _FAULTLINE_COW_H */
