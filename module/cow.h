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

/**
 * enum faultline_cow_watcher - who may want to know of each copy
 * @FAULTLINE_COW_WATCHER_LATENCY: latency.c
 * @FAULTLINE_COW_WATCHER_FAULTS: faults.c
 */
enum faultline_cow_watcher {
	FAULTLINE_COW_WATCHER_LATENCY	= 1 << 0,
	FAULTLINE_COW_WATCHER_FAULTS	= 1 << 1,
};

void faultline_cow_init(void);
void faultline_cow_exit(void);

void faultline_cow_arm(void);
void faultline_cow_disarm(void);
void faultline_cow_watch(enum faultline_cow_watcher who, bool on);
u32 faultline_cow_counted(void);
const struct faultline_function *faultline_cow_caller(void);

#endif /* _FAULTLINE_COW_H */
