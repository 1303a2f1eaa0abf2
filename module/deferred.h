/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pre-copy on the way back to user mode.
 */
#ifndef _FAULTLINE_DEFERRED_H
#define _FAULTLINE_DEFERRED_H

const char *faultline_deferred_prepare(void);
int faultline_deferred_arm(void);
void faultline_deferred_disarm(void);
void faultline_deferred_exit(void);

#endif /* _FAULTLINE_DEFERRED_H */
