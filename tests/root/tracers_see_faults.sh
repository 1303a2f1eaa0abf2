#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# perf and trace-cmd see each measured fault by the module's tracepoint, where
# vm.cow_sample_interval is 1: as many as /proc/cow_stats has, of the same time in all.

. ./tap.sh

# figure NAME: of /proc/cow_stats
figure()
{
	sed -n "s/.*\\b$1: \\([0-9]*\\).*/\\1/p" /proc/cow_stats
}

# traced PATTERN: what the tracer wrote that has it, as "lines, ns of whole faults"
traced()
{
	grep 'cow_fault: ' ./trace | grep -E "$1" |
		awk '{ sub(/.*fault_ns=/, ""); sum += $1 } END { printf "%d, %.0f\n", NR, sum }'
}

# agrees: all that was measured was traced
agrees()
{
	seen=$(traced '') measured="$(figure faults), $(figure total_ns)"
	echo "# traced $seen; measured $measured"
	[ "$(figure faults)" -gt 1024 ] && [ "$seen" = "$measured" ]
}

# is_told: each line has all fields; anonymous pages have a time of the copy
is_told()
{
	fields='pid=[0-9]+ address=0x[0-9a-f]+ kind=[a-z_]+ copy_ns=-?[0-9]+ fault_ns=[0-9]+'
	grep -q 'kind=anon' ./trace && [ "$(traced "$fields")" = "$(traced '')" ] &&
		[ "$(traced 'kind=anon copy_ns=[1-9]')" = "$(traced 'kind=anon')" ]
}

mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing
insmod ./faultline.ko latency=fault
echo 1 > /proc/sys/vm/cow_sample_interval
# Somebody is registered all the time: hooks that come or go change /proc/kallsyms, of which
# trace-cmd wants that it is of one size.
sleep 1000 &
sleeper=$!
echo "R $sleeper" > /proc/faultline/status

echo > /proc/cow_stats
perf record -q -a -m 2048 -e faultline:cow_fault -o ./perf.data ./cow --pages 256 > /dev/null
perf script -i ./perf.data > ./trace
check 'perf record has all that was measured' agrees
check 'with pid, address, kind, and the time of copy and fault' is_told

echo > /proc/cow_stats
trace-cmd record -q -b 16384 -e faultline:cow_fault -o ./trace.dat ./cow --pages 256 > /dev/null
trace-cmd report -i ./trace.dat > ./trace
check 'trace-cmd has all that was measured' agrees
check 'with all of that, too' is_told

echo > /proc/cow_stats
perf trace -a -m 2048 -e faultline:cow_fault -o ./lines ./cow --pages 256 > /dev/null
check 'perf trace writes a line for each' [ "$(grep -c faultline:cow_fault ./lines)" -eq "$(figure faults)" ]

echo 0 > /proc/sys/vm/cow_sample_interval
perf record -q -a -e faultline:cow_fault -o ./perf.data ./cow --pages 256 > /dev/null
perf script -i ./perf.data > ./trace
check 'with an interval of 0 there are none' [ "$(traced '')" = '0, 0' ]
kill $sleeper
check 'and the module goes out' rmmod faultline
finish
