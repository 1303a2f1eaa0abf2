/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The module's tracepoint: faultline:cow_fault.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM faultline

#if !defined(_FAULTLINE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _FAULTLINE_TRACE_H

#include <linux/tracepoint.h>

#include "uapi/faultline.h"

/*
 * One of every vm.cow_sample_interval measured copy-on-write faults.  pid is that of the
 * process whose memory it is, in the initial pid namespace; a time that was not measured
 * is -1.
 */
TRACE_EVENT(cow_fault,
	TP_PROTO(pid_t pid, unsigned long address, enum faultline_kind kind, s64 copy_ns,
		 s64 fault_ns),
	TP_ARGS(pid, address, kind, copy_ns, fault_ns),
	TP_STRUCT__entry(
		__field(pid_t,		pid)
		__field(u32,		kind)
		__field(unsigned long,	address)
		__field(s64,		copy_ns)
		__field(s64,		fault_ns)
	),
	TP_fast_assign(
		__entry->pid = pid;
		__entry->kind = kind;
		__entry->address = address;
		__entry->copy_ns = copy_ns;
		__entry->fault_ns = fault_ns;
	),
	TP_printk("pid=%d address=0x%lx kind=%s copy_ns=%lld fault_ns=%lld", __entry->pid,
		  __entry->address,
		  __print_symbolic(__entry->kind,
				   { 0, "anon" }, { 1, "zero" }, { 2, "file" },
				   { 3, "file_first" }, { 4, "ksm" }, { 5, "hugetlb" },
				   { 6, "remote" }),
		  __entry->copy_ns, __entry->fault_ns)
);

#endif /* _FAULTLINE_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
