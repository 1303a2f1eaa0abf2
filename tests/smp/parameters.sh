#!/bin/busybox sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
#
# A parameter that is out of range keeps the module out and says in the kernel's log
# what was expected; the ends of each range are in it.

. ./tap.sh

# refuses PARAMETER EXPECTED: not loaded, and the log says what would be right
refuses()
{
	dmesg -c > /dev/null
	! said=$(insmod ./faultline.ko "$1" 2>&1) || return
	[ ! -e /proc/faultline ] || return
	case $said in
	*nvalid*|*'out of range'*) ;;
	*)        echo "insmod: $said"; return 1 ;;
	esac
	dmesg | grep -qF "faultline: $1: expected $2"
}

# takes PARAMETER...: loads, and is what the module then says it is
takes()
{
	insmod ./faultline.ko "$@" || return
	for parameter in "$@"; do
		value=$(cat "/sys/module/faultline/parameters/${parameter%%=*}")
		[ "$value" = "${parameter#*=}" ] || return
	done
	rmmod faultline
}

for value in 0 1001 -1 x '' 20.5 4294967316; do
	check "hz=$value is refused" refuses "hz=$value" '1 to 1000'
done
for value in 63 8388609 x; do
	check "ring_records=$value is refused" refuses "ring_records=$value" '64 to 8388608'
	check "trace_records=$value is refused" refuses "trace_records=$value" '64 to 8388608'
done
for value in 0 16385 x; do
	check "max_processes=$value is refused" refuses "max_processes=$value" '1 to 16384'
done
for value in 512 -1 x; do
	check "major=$value is refused" refuses "major=$value" '0 (any) to 511'
done
for value in 2 -1 x; do
	check "mp3=$value is refused" refuses "mp3=$value" '0 or 1'
done
for value in bogus '' FTRACE; do
	check "cow=$value is refused" refuses "cow=$value" 'auto, ftrace, kprobe, entry or off'
done
# Where there is no engine for pre-copy to choose from there is no parameter either.
amd64()			{ [ "$(uname -m)" = x86_64 ]; }
if amd64; then
	for value in bogus '' inplace AUTO; do
		check "precopy=$value is refused" refuses "precopy=$value" 'auto, in_place, task_work or off'
	done
	check 'every engine is taken' eval \
		'takes precopy=auto && takes precopy=in_place && takes precopy=task_work && takes precopy=off'
	check 'any limit of a window is taken' eval 'takes precopy_max_us=0 && takes precopy_max_us=4294967295'
else
	claims=$((claims + 1))
	echo "ok $claims - # SKIP values of precopy=: not on this architecture"
fi
check 'the smallest values are taken' takes hz=1 ring_records=64 trace_records=64 \
	max_processes=1
check 'the largest rate and number of processes are taken' takes hz=1000 max_processes=16384
check 'course mode is taken' takes mp3=1
check 'every way to count is taken' eval \
	'takes cow=auto && takes cow=ftrace && takes cow=kprobe && takes cow=entry && takes cow=off'

# at_run_time VALUE: write hz while the module is in
at_run_time()
{
	echo "$1" 2> /dev/null > /sys/module/faultline/parameters/hz
}

runs_at_100()	{ grep -q '^# hz: 100$' /proc/faultline/status; }

# The others, of which amd64 has one more.
fixed()
{
	amd64 && echo 7 || echo 6
}

insmod ./faultline.ko
check 'hz can be changed later' eval 'at_run_time 100 && runs_at_100'
check 'but not to nonsense' eval '! at_run_time 0 && runs_at_100'
check 'the other parameters cannot' eval \
	'[ "$(ls -l /sys/module/faultline/parameters | grep -c "^-r--r--r--")" -eq "$(fixed)" ]'
rmmod faultline
finish
