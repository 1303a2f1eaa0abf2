/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the module may change while it records, as a ring's header tells of it.
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdint.h>

#include "uapi/faultline.h"

/**
 * struct settings - at one moment
 * @hz: samples per second
 * @latency: enum faultline_latency
 * @copy_cost_ns: what an empty measurement of a copy reads; 0 if not known
 * @fault_cost_ns: the same of a whole fault
 * @cow_method: how copy-on-write is counted
 */
struct settings {
	uint32_t hz;
	uint32_t latency;
	uint64_t copy_cost_ns;
	uint64_t fault_cost_ns;
	char cow_method[FAULTLINE_METHOD_LEN];
};

/**
 * settings_read() - the settings as they are now
 * @settings: filled in
 * @header: of a ring that may be written meanwhile
 */
void settings_read(struct settings *settings, const struct faultline_header *header);

/**
 * settings_latency_name() - what is being timed, in a word
 * @latency: as in struct settings
 *
 * Return: "off", "copy", "fault", or "n/a" for what this program does not know.
 */
const char *settings_latency_name(uint32_t latency);

#endif /* SETTINGS_H */
