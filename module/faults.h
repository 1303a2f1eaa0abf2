/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fault trace: each fault of the processes that are traced, in a ring per CPU.
 *
 * init -> (arm -> disarm) ... -> exit
 */
#ifndef _FAULTLINE_FAULTS_H
#define _FAULTLINE_FAULTS_H

#include <linux/jump_label.h>
#include <linux/types.h>

#include "uapi/faultline.h"

struct seq_file;
struct vm_area_struct;

/**
 * enum faultline_trace - is a process traced?
 * @FAULTLINE_TRACE_OFF: no
 * @FAULTLINE_TRACE_ON: yes
 * @FAULTLINE_TRACE_GONE: it is registered no more, and will not be
 */
enum faultline_trace {
	FAULTLINE_TRACE_OFF,
	FAULTLINE_TRACE_ON,
	FAULTLINE_TRACE_GONE,
};

/* Somebody is traced.  Written under the registry's mutex. */
DECLARE_STATIC_KEY_FALSE(faultline_faults_on);

void faultline_faults_init(void);
void faultline_faults_exit(void);

int faultline_faults_arm(void);
void faultline_faults_disarm(void);

void faultline_faults_page_copied(enum faultline_kind kind);

int faultline_faults_map(struct vm_area_struct *vma, unsigned long cpu);
void faultline_faults_show(struct seq_file *seq, unsigned int processes, bool counts);

#endif /* _FAULTLINE_FAULTS_H */
