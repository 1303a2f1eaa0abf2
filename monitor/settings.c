// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "settings.h"

void settings_read(struct settings *settings, const struct faultline_header *header)
{
	settings->hz = __atomic_load_n(&header->hz, __ATOMIC_RELAXED);
	settings->latency = __atomic_load_n(&header->latency, __ATOMIC_RELAXED);
	settings->copy_cost_ns = __atomic_load_n(&header->copy_cost_ns, __ATOMIC_RELAXED);
	settings->fault_cost_ns = __atomic_load_n(&header->fault_cost_ns, __ATOMIC_RELAXED);
	/* The field's last byte is there to end the text, whatever it holds. */
	memcpy(settings->cow_method, header->cow_method, FAULTLINE_METHOD_LEN - 1);
	settings->cow_method[FAULTLINE_METHOD_LEN - 1] = '\0';
}

const char *settings_latency_name(uint32_t latency)
{
	static const char * const names[] = {
		[FAULTLINE_LATENCY_OFF]		= "off",
		[FAULTLINE_LATENCY_COPY]	= "copy",
		[FAULTLINE_LATENCY_FAULT]	= "fault",
	};

	return latency < sizeof(names) / sizeof(names[0]) ? names[latency] : "n/a";
}
