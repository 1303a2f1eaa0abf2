// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes at all as a fault trace: it is refused, or what it answers is within its bounds.
 */
#include "fault_questions.h"
#include "fault_trace.h"
#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_at(struct fault_answer answer)
{
	input_claim(answer.least <= answer.faults && answer.faults <= answer.most);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fault_trace trace;

	input_set(data, size);
	if (!fault_trace_read(&trace, INPUT_PATH))
		return 0;
	for (uint32_t shift = trace.page_shift; shift < trace.page_shift + 20; shift += 9) {
		look_at(fault_questions_page(&trace, FAULT_FIRST, shift));
		look_at(fault_questions_page(&trace, FAULT_COPY, shift));
	}
	look_at(fault_questions_around(&trace, 16));
	look_at(fault_questions_precopy(&trace, 64));
	fault_trace_free(&trace);
	return 0;
}
