/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The character device through which readers map the ring, the fault trace, or the course's
 * buffer, and wait.
 */
#ifndef _FAULTLINE_CHARDEV_H
#define _FAULTLINE_CHARDEV_H

#include <linux/types.h>

int faultline_chardev_create(void);
void faultline_chardev_destroy(void);

dev_t faultline_chardev_number(void);

#endif /* _FAULTLINE_CHARDEV_H */
