#!/bin/busybox sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
#
# `faultline record --faults` has every fault of a command from before its first instruction, in
# the order in which they ended, as many as the kernel counts, and says what it could not have.

. ./tap.sh
. ./said.sh

file=/tmp/faults.dat

# counted KIND...: lines of these kinds in the file
counted()
{
	awk -v kinds=" $* " '!/^#/ && index(kinds, " " $4 " ") { n++ } END { print n + 0 }' $file
}

# faulted PID: as the kernel counts
faulted()
{
	awk '{ print $10 + $12 }' "/proc/$1/stat"
}

# as_many FIGURE FIGURE: and more than none
as_many()
{
	[ "$1" = "$2" ] && [ "$1" -gt 0 ] && return
	echo "# $1 and $2"
	return 1
}

in_order()
{
	awk '!/^#/ { if ($1 < last) exit 1; last = $1 }' $file
}

# Each line has a word for each column.
whole()
{
	awk '/^# columns:/ { n = NF - 2 } !/^#/ && NF != n { print; exit 1 }' $file
}

header()
{
	grep -Eqx -- "$1" $file && return
	grep '^#' $file
	return 1
}

until_hooked()
{
	until grep -q '^# trace: 1 ' /proc/faultline/status; do sleep 0.05; done
}

insmod ./faultline.ko hz=50

check 'a command is recorded, and its exit status is ours' \
	ends_with 7 ./faultline record --faults -c -o $file -- sh -c '
		taskset 1 ./work --no-register 8 R 500 --rounds 4 --sleep 0.1 &
		taskset 2 ./work --no-register 8 R 500 --rounds 4 --sleep 0.1; wait; exit 7'
check 'which says how many faults' says ' faults, 0 lost$'
check 'nobody else may read the file' [ "$(stat -c %a $file)" = 600 ]
check 'the first line tells what the file is' [ "$(head -n 1 $file)" = '# faultline faults, format 1' ]
check 'the last one that nothing was lost' [ "$(tail -n 1 $file)" = '# lost: 0 faults in total' ]
check 'and none missed' header '# missed: at most 0 faults'
check 'with the size of a page' header '# page_bytes: 4096'
check 'every line has a word for each column' whole
check 'they are in the order in which they ended' in_order
check 'of both CPUs' [ "$(awk '!/^#/ { print $11 }' $file | sort -u | wc -l)" -eq 2 ]
check 'and of more than one process' [ "$(awk '!/^#/ { print $2 }' $file | sort -u | wc -l)" -gt 1 ]

# What the module counts of the same command from the same moment on, but for its end: a
# process faults until it has gone, and so it is read of one that is stopped.
./work --no-register 64 R 500 --rounds 100 --sleep 0.1 > /dev/null & pid=$!
sleep 0.3
kill -STOP $pid
./faultline register $pid
before=$(faulted $pid)
./faultline record --faults -o $file -p $pid 2> /tmp/said & recorder=$!
until_hooked
sleep 0.2
kill -CONT $pid
sleep 2
kill -STOP $pid
sleep 0.2
after=$(faulted $pid)
kill -INT $recorder
wait $recorder
check 'Ctrl-C ends it in good order' [ $? -eq 0 ]
check 'it has as many faults as the kernel counts' as_many "$(counted minor major)" $((after - before))
check 'and stays registered, as it was before' grep -q "^$pid " /proc/faultline/status
check 'but not traced' grep -q '^# trace: 0 ' /proc/faultline/status
kill -KILL $pid

# Nothing that is forked is traced longer than its recording, nor written into another one.
./work --no-register 8 R 100 --rounds 1000 --sleep 0.1 > /dev/null & pid=$!
./faultline record --faults -o $file -p $pid 2> /tmp/first & recorder=$!
until_hooked
check 'there is one recording at a time' ends_with 1 ./faultline record --faults -o /tmp/other -p $$
check 'which the other one says' says '^faultline record: 1 processes are traced already: only one '
check 'of a command, too, which is not run' \
	ends_with 125 ./faultline record --faults -o /tmp/other -- touch /tmp/was_run
check 'it was not' [ ! -e /tmp/was_run ]
kill -INT $recorder
wait $recorder
kill -KILL $pid
check 'a command that leaves a child' ends_with 0 ./faultline record --faults -c -o $file -- \
	sh -c './work --no-register 8 R 100 --rounds 1000 --sleep 0.1 > /dev/null & echo $! > /tmp/pid'
check 'which is registered still' grep -q "^$(cat /tmp/pid) " /proc/faultline/status
check 'and traced no longer' grep -q '^# trace: 0 ' /proc/faultline/status
kill -KILL "$(cat /tmp/pid)"
./work --no-register 8 R 100 --rounds 1000 --sleep 0.1 > /dev/null & pid=$!
./faultline record --faults -c -o - -p $pid 2> /dev/null | head -n 30 > /dev/null
check 'nor is anybody when nobody reads it' grep -q '^# trace: 0 ' /proc/faultline/status
./faultline register $pid
./faultline record --faults -c -o $file -p $pid 2> /tmp/said & recorder=$!
until_hooked
kill -KILL $pid
wait $recorder
check 'of who is registered already it says that children are as they were' \
	says '^faultline record: process [0-9]*: registered already: its children are followed only if'

# Of one that is not stopped it is told when it has ended.
./work --no-register 8 R 100 --rounds 20 --sleep 0.1 > /dev/null & pid=$!
check 'it ends when the last process does' ends_with 0 ./faultline record --faults -o $file -p $pid
check 'the file is whole' grep -q '^# lost: 0 faults in total$' $file

check 'without --faults there is no command' ends_with 2 ./faultline record true
check 'nor a process' ends_with 2 ./faultline record -p 1
check '--faults alone is not enough' ends_with 2 ./faultline record --faults
check 'which it says in a line' says '^faultline record: faults: expected --pid=PID or a COMMAND$'
check 'a process that is not there gets 1' ends_with 1 ./faultline record --faults -o $file -p 4000000
check 'in one line' says '^faultline record: process 4000000: no such process'
check '127 where there is no such command' ends_with 127 ./faultline record --faults -o $file ./no-such

rmmod faultline
# Rings so small that a tick outruns them.
insmod ./faultline.ko hz=1 trace_records=64
check 'a ring that is too small loses faults' \
	ends_with 0 ./faultline record --faults -o $file ./work --no-register 8 R 20000 --rounds 1
read=$(counted minor major retried failed)
lost=$(sed -n 's/^# lost: \([0-9]*\) faults in total/\1/p' $file)
recorded=$(sed -n 's/^# trace: .* \([0-9]*\) recorded.*/\1/p' /proc/faultline/status)
parts=$(awk '/^# lost: .* of cpu/ { n += $3 } END { print n }' $file)
check 'and every one that is lost is counted' as_many $((read + lost)) "$recorded"
check 'by CPU, too' as_many "$parts" "$lost"
parts=$(awk '/^# lost: .* before here/ { n += $3 } END { print n }' $file)
check 'and where they lack' as_many "$parts" "$lost"
rmmod faultline
finish
