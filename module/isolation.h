/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A proof, on this very kernel, that a page which was copied ahead is its owner's alone.
 */
#ifndef _FAULTLINE_ISOLATION_H
#define _FAULTLINE_ISOLATION_H

const char *faultline_isolation_test(unsigned long body);

#endif /* _FAULTLINE_ISOLATION_H */
