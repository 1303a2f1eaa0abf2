/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Following forks: registers a child before its first instruction.
 *
 * (arm -> disarm) ...
 */
#ifndef _FAULTLINE_FOLLOW_H
#define _FAULTLINE_FOLLOW_H

struct seq_file;

int faultline_follow_arm(void);
void faultline_follow_disarm(void);
void faultline_follow_show(struct seq_file *seq);

#endif /* _FAULTLINE_FOLLOW_H */
