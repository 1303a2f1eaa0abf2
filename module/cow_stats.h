/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /proc/cow_stats: what copy-on-write cost since somebody wrote into it.
 */
#ifndef _FAULTLINE_COW_STATS_H
#define _FAULTLINE_COW_STATS_H

int faultline_cow_stats_create(void);
void faultline_cow_stats_destroy(void);

#endif /* _FAULTLINE_COW_STATS_H */
