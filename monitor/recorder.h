/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From the ring into an open file: what the commands monitor and record share.
 */
#ifndef RECORDER_H
#define RECORDER_H

#include <argp.h>
#include <stdbool.h>

#include "follow.h"
#include "format.h"

/**
 * struct recorder - what to record, and how
 * @device: the ring
 * @format: of the file
 * @until: when to stop
 * @all: begin with the oldest record of whatever run, not with the current run's first
 */
struct recorder {
	const char *device;
	const struct format *format;
	enum follow_until until;
	bool all;
};

#define RECORDER_DEFAULTS { .device = FAULTLINE_DEVICE, .format = &format_dat }

enum {
	RECORDER_DEVICE = 256, /* beyond characters: long options only */
	RECORDER_ALL,
	RECORDER_DUMP,
	RECORDER_FOLLOW,
};

/* Entries of an option table. */
#define RECORDER_OPTIONS								\
	{ "dump", RECORDER_DUMP, NULL, 0, "Write what the ring holds and leave", 0 },	\
	{ "follow", RECORDER_FOLLOW, NULL, 0, "Wait for further runs for ever", 0 },	\
	{ "all", RECORDER_ALL, NULL, 0,							\
	  "Begin with the oldest record, of whatever run", 0 },			\
	FORMAT_OPTION,									\
	{ "device", RECORDER_DEVICE, "PATH", 0,						\
	  "Read this ring (" FAULTLINE_DEVICE ")", 0 }

/**
 * recorder_option() - handle one of RECORDER_OPTIONS, or what all programs have
 * @key: as in an argp parser, whose state->input is the struct recorder
 * @text: likewise
 * @state: likewise
 *
 * Return: 0; as arguments_common() for any other key.
 */
error_t recorder_option(int key, char *text, struct argp_state *state);

/**
 * recorder_run() - record
 * @recorder: what and how
 * @fd: the open file
 * @name: of the file, for messages
 *
 * A signal ends it in good order; says on standard error what came of it.
 *
 * Return: the program's exit status.
 */
int recorder_run(const struct recorder *recorder, int fd, const char *name);

#endif /* RECORDER_H */
