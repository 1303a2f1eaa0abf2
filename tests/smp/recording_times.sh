#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# A recording ends with the times of just what was timed while it was made, and report
# reads them, and all the rest, back.

. ./tap.sh

latency=/sys/module/faultline/parameters/latency

# timed MEASURE: how many the histogram of /tmp/profile.dat has
timed()
{
	sed -n "s/^# histogram: $1 //p" /tmp/profile.dat | tr ',' '\n' |
		awk -F: '{ sum += $2 } END { print sum + 0 }'
}

# counted COLUMN: the sum over the last rows of all processes
counted()
{
	awk -v name="$1" '/^# columns:/ { for (i = 3; i <= NF; i++) if ($i == name) column = i - 2 }
		!/^#/ { last[$4] = $column }
		END { for (id in last) sum += last[id]; print sum + 0 }' /tmp/profile.dat
}

# record_copies: two children that copy 500 pages each; into /tmp/profile.dat
record_copies()
{
	./faultline record --follow -o /tmp/profile.dat 2> /dev/null &
	recording=$!
	until grep -q '^# columns' /tmp/profile.dat 2> /dev/null || ! kill -0 $recording; do
		sleep 0.1
	done
	./copiers --pages 500 --children 2 > /dev/null
	sleep 1
	kill $recording
	wait $recording
}

insmod ./faultline.ko latency=fault
# Of the same run for record, whose rows begin with it, and before its histograms.
before=300
./copiers --pages $before > /dev/null
record_copies
check "copies: $(timed copy) in the histogram, $(counted copies_timed) counted, $before before" \
	test "$(timed copy)" -ge 1000 -a "$(timed copy)" = $(($(counted copies_timed) - before))
check "faults: $(timed fault) in the histogram, $(counted faults_timed) counted, $before before" \
	test "$(timed fault)" -ge 1000 -a "$(timed fault)" = $(($(counted faults_timed) - before))
./faultline report -F dat /tmp/profile.dat > /tmp/again.dat
check 'report reads back what record wrote' cmp /tmp/profile.dat /tmp/again.dat
./faultline report /tmp/profile.dat > /tmp/said
check 'and says how many it were' grep -q "^  copy: $(timed copy) timed while" /tmp/said
echo off > $latency
rm /tmp/profile.dat
record_copies
check 'where nothing is timed there is no histogram' test "$(timed copy)$(timed fault)" = 00
finish
