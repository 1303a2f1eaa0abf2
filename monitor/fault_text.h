/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A recording of faults: text, a line for each, with columns by name.
 *
 * begin -> fault ... -> end
 */
#ifndef FAULT_TEXT_H
#define FAULT_TEXT_H

#include <stdint.h>

#include "fault_rings.h"
#include "output.h"
#include "uapi/faultline.h"

/**
 * fault_text_begin() - write what stands above the faults
 * @output: where to
 * @cow_method: how copy-on-write is counted
 */
void fault_text_begin(struct output *output, const char *cow_method);

/**
 * fault_text_fault() - write one
 * @output: where to
 * @fault: it
 */
void fault_text_fault(struct output *output, const struct faultline_fault *fault);

/**
 * fault_text_lost() - say that some are not there, where that was found
 * @output: where to
 * @lost: how many were overwritten before they were read
 */
void fault_text_lost(struct output *output, uint64_t lost);

/**
 * fault_text_end() - write what stands below
 * @output: where to
 * @rings: where they came from
 * @missed: how many the module could not record, or -1 if that is not known
 */
void fault_text_end(struct output *output, const struct fault_rings *rings, long long missed);

#endif /* FAULT_TEXT_H */
