/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The module as a test sees it: put it in and take it out, register processes, read
 * their counters, read the ring.  What goes wrong without being a claim of the test
 * ends the test.
 */
#ifndef TESTS_MODULE_H
#define TESTS_MODULE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "uapi/faultline.h"

/**
 * struct counters - a process's line in the status file; -1 for n/a
 */
struct counters {
	long long pid, ppid, id, threads, minor, major, cow;
	long long user_ns, system_ns, rss_bytes, swap_bytes, parent_id;
	long long cow_kinds[FAULTLINE_KINDS];
};

/* What the kinds are called: a column of the status file is cow_ and the name. */
extern const char * const kind_names[FAULTLINE_KINDS];

/* Load faultline.ko with these parameters; 0 or an errno. */
int module_try_load(const char *parameters);
/* The same, and end the test if it does not load. */
void module_load(const char *parameters);
/* Unload it; 0 or an errno. */
int module_unload(void);
/* Change a parameter of the loaded module; 0 or an errno. */
int module_set(const char *parameter, const char *value);

/* Write this text to the status file in one write; 0 or an errno. */
int status_write(const char *text);
/* Write `R <pid>`, `R <pid> children` or `U <pid>`; 0 or an errno. */
int status_register(pid_t pid);
int status_register_children(pid_t pid);
/* Fork a process that does @body once its children are followed. */
pid_t status_start_followed(int (*body)(void *unused));
int status_unregister(pid_t pid);
/* Find the line of this pid (as in our pid namespace); false if there is none. */
bool status_read(pid_t pid, struct counters *counters);
/* Copy what follows `# KEY: ` in the status file; false if there is no such line. */
bool status_setting(const char *key, char *value, size_t size);

/* Map the device's whole ring, read-only; ends the test if that fails. */
const struct faultline_header *ring_map(void);
void ring_unmap(const struct faultline_header *header);
/* No process forked from now on has it mapped. */
void ring_keep_from_children(const struct faultline_header *header);
/* Record number @seq, wherever it stands now. */
const struct faultline_record *ring_record(const struct faultline_header *header, uint64_t seq);
/* The newest record of registration @id, or NULL if there is none. */
const struct faultline_record *ring_newest(const struct faultline_header *header, uint64_t id);
/* Wait until no process is registered any more; did it come to that? */
bool ring_wait_idle(const struct faultline_header *header);

/* Sleep for so many milliseconds. */
void sleep_ms(unsigned int ms);
/* By the clock of the ring's times. */
uint64_t monotonic_ns(void);
/* Wait until @holds(@argument) does, up to a minute of the guest's clock; did it? */
bool wait_until(bool (*holds)(void *argument), void *argument);

#endif /* TESTS_MODULE_H */
