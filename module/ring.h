/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ring: a header page and records in vmalloc'd memory, written here and read
 * by whoever maps it.  uapi/faultline.h is the protocol.
 *
 * create -> publish, wake ... -> destroy
 */
#ifndef _FAULTLINE_RING_H
#define _FAULTLINE_RING_H

#include "uapi/faultline.h"

struct file;
struct poll_table_struct;
struct vm_area_struct;

int faultline_ring_create(void);
void faultline_ring_destroy(void);

void faultline_ring_publish(struct faultline_record *record);
void faultline_ring_wake(void);

void faultline_ring_begin_run(void);
void faultline_ring_set_registered(unsigned int count);
void faultline_ring_set_hz(unsigned int hz);
void faultline_ring_set_cow_method(const char *method);
void faultline_ring_set_latency(enum faultline_latency latency, u64 copy_cost_ns,
				u64 fault_cost_ns);
void faultline_ring_count_tick(void);
void faultline_ring_count_missed(u64 ticks);
const struct faultline_header *faultline_ring_header(void);

int faultline_ring_map(struct vm_area_struct *vma);
u64 faultline_ring_news(void);
int faultline_ring_wait(u64 seen);
void faultline_ring_poll(struct file *file, struct poll_table_struct *wait);

#endif /* _FAULTLINE_RING_H */
