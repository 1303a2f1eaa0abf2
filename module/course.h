/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Course mode (mp3=1): sums over the registered processes, one group per tick, in a
 * buffer that a course's unmodified monitor maps and resets.
 *
 * create -> begin_run -> add, publish ... -> end_run -> destroy
 */
#ifndef _FAULTLINE_COURSE_H
#define _FAULTLINE_COURSE_H

#include <linux/types.h>

struct faultline_totals;
struct vm_area_struct;

int faultline_course_create(void);
void faultline_course_destroy(void);
bool faultline_course_on(void);

void faultline_course_begin_run(void);
void faultline_course_add(const struct faultline_totals *from, const struct faultline_totals *to);
void faultline_course_publish(void);
void faultline_course_end_run(void);

int faultline_course_map(struct vm_area_struct *vma);

#endif /* _FAULTLINE_COURSE_H */
