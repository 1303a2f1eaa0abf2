/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Registration with Faultline: the calling process's, or another one's
 *
 * Every function returns 0, or -1 after it said on stderr what went wrong.
 */
#ifndef REGISTRATION_H
#define REGISTRATION_H

#include <stdbool.h>
#include <sys/types.h>

#include "uapi/faultline.h"

/**
 * struct registration_counters - what the module counted since registration
 * @minor: faults served without I/O
 * @major: faults that waited for I/O
 * @cow: pages copied on a write to a shared page; only if @cow_counted
 * @cow_counted: false where the module shows n/a
 * @cow_method: how COW faults are counted, or why they are not
 */
struct registration_counters {
	unsigned long long minor;
	unsigned long long major;
	unsigned long long cow;
	bool cow_counted;
	char cow_method[FAULTLINE_METHOD_LEN];
};

int registration_begin(void);
int registration_begin_with_children(void);
int registration_begin_of(pid_t pid);
int registration_precopy(const char *policy);
int registration_read(struct registration_counters *counters);
int registration_read_of(pid_t pid, struct registration_counters *counters);
int registration_end(void);

#endif /* REGISTRATION_H */
