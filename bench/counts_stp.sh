#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A script for SystemTap that counts copies and minor faults of processes whose numbers
# follow each other: a row of each, with the time and its number, every so many ms.
#
# It is for --runtime=bpf, as the runtime that SystemTap 4.8 makes modules with does not
# compile: on 6.12 there is no asm/unaligned.h any more, on 6.1 task_work_cancel() returns
# a bool.  By BPF there are no loops in what a timer does: a statement for each process.
#
# usage: counts_stp.sh MS PID...

set -eu

ms=$1
shift
are_these="pid() >= $1 && pid() <= ${*: -1}"
cat <<END
global copies, minor
probe kprobe.function("ptep_clear_flush") { if ($are_these) copies[pid()]++ }
probe perf.type(1).config(5).sample(1) { if ($are_these) minor[pid()]++ }
probe timer.ms($ms) {
	now = gettimeofday_ns()
END
for pid; do
	printf '\tprintf("%%d %%d %%d %%d\\n", now, %d, copies[%d], minor[%d])\n' "$pid" "$pid" "$pid"
done
echo '}'
