/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The switches below /proc/sys/vm.
 */
#ifndef _FAULTLINE_SYSCTL_H
#define _FAULTLINE_SYSCTL_H

/* vm.cow_sample_interval: every so many measured faults one is traced; 0: none. */
extern unsigned int faultline_sysctl_cow_sample_interval;

int faultline_sysctl_create(void);
void faultline_sysctl_destroy(void);

#endif /* _FAULTLINE_SYSCTL_H */
