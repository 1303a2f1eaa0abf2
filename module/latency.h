/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What copy-on-write costs: times of copies and of whole faults.
 *
 * init -> (arm -> disarm) ... -> exit
 */
#ifndef _FAULTLINE_LATENCY_H
#define _FAULTLINE_LATENCY_H

#include <linux/types.h>

#include "uapi/faultline.h"

struct faultline_histogram;
struct faultline_process;
struct seq_file;

/**
 * enum faultline_measure - what is timed
 * @FAULTLINE_COPY: copying the page
 * @FAULTLINE_FAULT: the whole fault, which is handle_mm_fault()
 * @FAULTLINE_MEASURES: how many there are
 */
enum faultline_measure {
	FAULTLINE_COPY,
	FAULTLINE_FAULT,
	FAULTLINE_MEASURES,
};

int faultline_latency_init(void);
void faultline_latency_exit(void);

void faultline_latency_arm(void);
void faultline_latency_disarm(void);

void faultline_latency_page_copied(struct faultline_process *process, enum faultline_kind kind,
				   unsigned long address, bool copied);

bool faultline_latency_timed(enum faultline_measure measure);
void faultline_latency_total(enum faultline_measure measure, struct faultline_histogram *total);
void faultline_latency_forget_longest(enum faultline_measure measure);
u64 faultline_latency_longest(enum faultline_measure measure);
void faultline_latency_show(struct seq_file *seq);

#endif /* _FAULTLINE_LATENCY_H */
