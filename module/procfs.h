/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /proc/faultline/status, and course mode's /proc/mp3/status: text in, text out.
 */
#ifndef _FAULTLINE_PROCFS_H
#define _FAULTLINE_PROCFS_H

int faultline_procfs_create(void);
void faultline_procfs_destroy(void);

#endif /* _FAULTLINE_PROCFS_H */
