/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The sampler: every 1/hz s one record per registered process.
 *
 * create -> start ... (stops by itself when nothing is registered) -> destroy
 */
#ifndef _FAULTLINE_SAMPLER_H
#define _FAULTLINE_SAMPLER_H

int faultline_sampler_create(void);
void faultline_sampler_destroy(void);

void faultline_sampler_start(void);

#endif /* _FAULTLINE_SAMPLER_H */
