/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The clock that programs time themselves with
 */
#ifndef CLOCK_H
#define CLOCK_H

unsigned long long clock_now_ns(void);

#endif /* CLOCK_H */
