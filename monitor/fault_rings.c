// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fault_rings.h"

/* False with @why, or with nothing in it where the CPU has no ring. */
static bool open_ring(struct fault_ring *ring, const char *path, unsigned int cpu, char *why,
		      size_t why_size)
{
	*ring = (struct fault_ring){ .cpu = cpu };
	*why = '\0';
	/* What is wrong with a ring leaves it. */
	errno = 0;
	if (ring_reader_open_faults(&ring->reader, path, cpu, why, why_size)) {
		ring_reader_skip(&ring->reader);
		return true;
	}
	if (errno == ENXIO)
		*why = '\0';
	else if (errno == EACCES && access(path, R_OK) == 0)
		snprintf(why, why_size, "%s: a trace of faults tells where everybody's memory is: "
			 "it takes CAP_PERFMON (sudo)", path);
	return false;
}

bool fault_rings_open(struct fault_rings *rings, const char *path, char *why, size_t why_size)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);

	*rings = (struct fault_rings){ .rings = calloc((size_t)cpus, sizeof(*rings->rings)) };
	if (!rings->rings) {
		snprintf(why, why_size, "%s", strerror(ENOMEM));
		return false;
	}
	for (unsigned int cpu = 0; cpu < cpus; cpu++) {
		if (open_ring(&rings->rings[rings->count], path, cpu, why, why_size)) {
			rings->count++;
		} else if (*why) {
			fault_rings_close(rings);
			return false;
		}
	}
	if (rings->count)
		return true;
	snprintf(why, why_size, "%s: nobody has been traced since the module was loaded", path);
	fault_rings_close(rings);
	return false;
}

const struct faultline_fault *fault_rings_next(struct fault_rings *rings, uint64_t before_ns)
{
	struct fault_ring *ring, *oldest = NULL;

	for (size_t i = 0; i < rings->count; i++) {
		ring = &rings->rings[i];
		if (!ring->has)
			ring->has = ring_reader_next_fault(&ring->reader, &ring->first);
		if (ring->has && (!oldest || ring->first.time_ns < oldest->first.time_ns))
			oldest = ring;
	}
	if (!oldest || oldest->first.time_ns >= before_ns)
		return NULL;
	oldest->has = false;
	return &oldest->first;
}

uint64_t fault_rings_lost(const struct fault_rings *rings)
{
	uint64_t lost = 0;

	for (size_t i = 0; i < rings->count; i++)
		lost += rings->rings[i].reader.lost;
	return lost;
}

void fault_rings_close(struct fault_rings *rings)
{
	for (size_t i = 0; i < rings->count; i++)
		ring_reader_close(&rings->rings[i].reader);
	free(rings->rings);
	*rings = (struct fault_rings){ 0 };
}
