#!/bin/busybox sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
#
# monitor writes whole lines of 32 columns until it has no more to do, and ends in good
# order however it ends.

. ./tap.sh

# rows FILE: the lines that are records
rows()
{
	grep -v '^#' "$1"
}

seconds='[0-9]+\.[0-9]{9}'
times="( ([0-9]+|n/a)){2} ($seconds|n/a)"
precopies='( ([0-9]+|n/a)){4}'

# whole FILE: every row has 32 words, numbers all but the n/a of COW, its kinds, its
# times and its pre-copies, and the last line is the one that ends a profile
whole()
{
	rows "$1" > /tmp/rows
	[ -s /tmp/rows ] && [ "$(tail -c 1 "$1")" = '' ] &&
		! grep -Evq "^$seconds( [0-9]+){8} ([0-9]+|n/a)( $seconds){2}( [0-9]+){3}( ([0-9]+|n/a)){7}$times$times$precopies\$" /tmp/rows &&
		tail -n 1 "$1" | grep -Eq '^# lost: [0-9]+ records in total$'
}

# ended PID: it ends by itself within ten seconds; sets ended to its exit status
ended()
{
	for _ in $(seq 100); do
		if ! kill -0 "$1" 2> /dev/null; then
			wait "$1"
			ended=$?
			return 0
		fi
		sleep 0.1
	done
	return 1
}

# start: a process that faults for a long while, registered; sets faulting
start()
{
	./work 50 R 1000 --rounds 1000 --sleep 0.05 > /dev/null &
	faulting=$!
	until grep -q "^$faulting " /proc/faultline/status; do sleep 0.1; done
}

stop()
{
	kill -9 "$faulting"
	wait "$faulting" 2> /dev/null
}

insmod ./faultline.ko hz=100

# Alone.
timeout 10 ./monitor > /tmp/empty 2> /tmp/said
check 'without a process monitor leaves at once, with 0' [ $? -eq 0 ]
check 'and writes an empty profile' eval '! rows /tmp/empty && grep -q "^# lost: 0 records in total$" /tmp/empty'
check 'with one line of summary' eval \
	'[ "$(cat /tmp/said)" = "monitor: 0 records of 0 processes, 0 lost" ]'

# Until no process is left.
start
./monitor > /tmp/a 2> /tmp/said & a=$!
./monitor > /tmp/b 2> /dev/null & b=$!
./monitor --follow > /tmp/follow 2> /dev/null & follow=$!
sleep 1
check 'monitor follows while a process is registered' kill -0 $a
stop
check 'and ends when none is left' ended $a
check 'with 0' [ "$ended" -eq 0 ]
ended $b
check 'the profile of a run is whole' whole /tmp/a
check 'the last row says that the process exited' eval \
	'[ $(($(rows /tmp/a | tail -n 1 | cut -d " " -f 6) & 2)) -ne 0 ]'
check 'two at once write the same rows' eval \
	'rows /tmp/a > /tmp/rows-a; rows /tmp/b > /tmp/rows-b; cmp /tmp/rows-a /tmp/rows-b'
check 'the summary counts them' eval \
	'grep -q "^monitor: $(rows /tmp/a | wc -l) records of 1 processes, 0 lost$" /tmp/said'

# A second run.
check '--follow goes on' kill -0 $follow
start
sleep 0.5
stop
sleep 0.5
check 'through a second run' kill -0 $follow
kill -INT $follow
check 'until Ctrl-C' ended $follow
check 'which ends it with 0' [ "$ended" -eq 0 ]
check 'the profile of two runs is whole' whole /tmp/follow
check 'it has both runs' [ "$(grep -c '^# process: .*comm=work$' /tmp/follow)" -eq 2 ]
timeout 10 ./monitor --dump > /tmp/dump 2> /dev/null
timeout 10 ./monitor --dump --all > /tmp/all 2> /dev/null
check '--dump gives the last run' [ "$(grep -c '^# process: ' /tmp/dump)" -eq 1 ]
check '--all those before as well' eval \
	'rows /tmp/follow > /tmp/rows-a; rows /tmp/all > /tmp/rows-b; cmp /tmp/rows-a /tmp/rows-b'

# Before the end.
start
./monitor --dump > /tmp/dump 2> /dev/null & dump=$!
check '--dump does not wait for the end of a run' ended $dump
check 'the profile of a part is whole' whole /tmp/dump
for signal in INT TERM; do
	./monitor > /tmp/cut 2> /dev/null & cut=$!
	sleep 0.5
	kill -$signal $cut
	check "SIG$signal ends monitor" ended $cut
	check "SIG$signal: with 0" [ "$ended" -eq 0 ]
	check "SIG$signal: its profile is whole" whole /tmp/cut
done

# Into a pipe whose reader leaves, and onto a full disk.
mkfifo /tmp/pipe
./monitor > /tmp/pipe 2> /tmp/said & pipe=$!
head -n 5 /tmp/pipe > /dev/null
check 'monitor ends when nobody reads it any more' ended $pipe
check 'with 0, for that is no failure' [ "$ended" -eq 0 ]
check 'and says nothing but its summary' eval \
	'[ "$(grep -Ec "^monitor: [0-9]+ records of 1 processes, 0 lost$" /tmp/said)" -eq "$(wc -l < /tmp/said)" ]'
./monitor > /dev/full 2> /tmp/said & full=$!
check 'a full disk ends monitor' ended $full
check 'with 1' [ "$ended" -eq 1 ]
check 'and a line that says why' eval \
	'[ "$(grep -c "^monitor: standard output: No space left on device$" /tmp/said)" -eq 1 ]'
stop
rmmod faultline
finish
