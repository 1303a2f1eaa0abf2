/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who watches registrations and those followed from them, and may write their records
 * into a file: what the commands run and attach share.
 *
 * begin -> add -> read ... -> end
 */
#ifndef OBSERVER_H
#define OBSERVER_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#include "format.h"
#include "ring_reader.h"
#include "watch.h"
#include "writer.h"

/**
 * struct observer - what is observed, and how
 * @device: the ring
 * @format: of the file
 * @path: the file, or NULL without one
 * @children: follow those who are forked, too
 * @reader: of the ring
 * @watch: the registrations
 * @writer: of the file
 */
struct observer {
	const char *device;
	const struct format *format;
	const char *path;
	bool children;
	struct ring_reader reader;
	struct watch watch;
	struct writer writer;
};

#define OBSERVER_DEFAULTS { .device = FAULTLINE_DEVICE, .format = &format_dat }

enum { OBSERVER_DEVICE = 512 };

/* Entries of an option table. */
#define OBSERVER_OPTIONS								\
	{ "children", 'c', NULL, 0, "Follow who is forked, too, to any depth", 0 },	\
	{ "output", 'o', "FILE", 0, "Write their records into this file", 0 },		\
	FORMAT_OPTION,									\
	{ "device", OBSERVER_DEVICE, "PATH", 0,						\
	  "Read this ring (" FAULTLINE_DEVICE ")", 0 }

/**
 * observer_option() - handle one of OBSERVER_OPTIONS, or what all programs have
 * @key: as in an argp parser, whose state->input is the struct observer
 * @text: likewise
 * @state: likewise
 *
 * Return: 0; as arguments_common() for any other key.
 */
error_t observer_option(int key, char *text, struct argp_state *state);

/**
 * observer_begin() - open ring and file
 * @observer: options are set
 *
 * Return: true, or false after a message.
 */
bool observer_begin(struct observer *observer);

/**
 * observer_add() - observe a registration, from its first record on
 * @observer: an observer that has begun
 * @id: the registration
 *
 * Return: true, or false without memory.
 */
bool observer_add(struct observer *observer, uint64_t id);

/**
 * observer_wants_all() - must every record be read while the ring still holds it?
 * @observer: an observer that has begun
 *
 * Return: true if so; otherwise the last one of each is enough.
 */
bool observer_wants_all(const struct observer *observer);

/**
 * observer_read() - read what there is by now
 * @observer: an observer that has begun
 */
void observer_read(struct observer *observer);

/**
 * observer_wait_tick() - until the module has gone once more through all processes
 * @observer: an observer that has begun
 *
 * Those that have ended by now have their last record then.
 */
void observer_wait_tick(struct observer *observer);

/**
 * observer_end() - say on standard error what they did, and close ring and file
 * @observer: an observer that has begun
 * @elapsed_ns: how long it took
 *
 * Return: true, or false after a message if the file is not whole.
 */
bool observer_end(struct observer *observer, uint64_t elapsed_ns);

#endif /* OBSERVER_H */
