#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# faultline top shows on a terminal what a process does now: its faults, copies and times.

. ./tap.sh

escape=$(printf '\033')

# look: top for a second, until q; what its first screens have goes into ./screen, without
# the terminal's commands
look()
{
	(sleep 1; printf q) | script -q -e -c 'stty rows 24 cols 80; exec ./faultline_full top' \
		./typescript > /dev/null || return
	sed "s/${escape}[[(][?0-9;]*[A-Za-z]/ /g" ./typescript |
		tr -d '[:cntrl:]' > ./screen
}

# shows PATTERN: in the terminal that was looked at last
shows()
{
	grep -Eq "$1" ./screen && return
	echo "# $(cat ./screen)"
	return 1
}

mountpoint -q /dev/pts || mount -t devpts devpts /dev/pts
export TERM=vt100 LC_ALL=C.UTF-8
insmod ./faultline.ko latency=copy
check 'top starts without a process, and q ends it in good order' look
check 'it says how to register one' shows 'faultline attach PID'

# Forks, and so copies, as long as it is let: of itself, for a command may be a vfork().
(while :; do (:); sleep 0.1; done) &
loop=$!
echo "R $loop" > /proc/faultline/status
sleep 3
number='[0-9][0-9.]*k?'
above_0='[0-9.]*[1-9][0-9.]*k?'
look
check 'a row has faults, copies and CPU time per second, and the 99th percentile of copies' \
	shows " $loop +1 +$above_0 +$number +$above_0 +$above_0 +[0-9.]+[num]?s +n/a +0 "
check 'the header counts it, and tells what is timed and how copies are counted' \
	shows '20 Hz, latency copy, COW: [fk][a-z]+ .*1 registered, 0 ended, 0 records lost'
kill $loop
wait $loop
sleep 0.5
look
check 'once it is gone its row says so' shows " $loop exit "
check 'and the device is free again' rmmod faultline
finish
