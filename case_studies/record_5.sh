#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Record case study 5 where the module is in, and redis-server and redis-cli are.
#
# usage: record_5.sh small|full DIRECTORY
#
# guest small: --root --icount --memory 1024 --limit 1800
# guest full: --root --icount --memory 2048 --limit 5400
#
# Leaves there, for transparent huge pages (THP) off and on, profile_thp_*.dat,
# latency_thp_*.dat (each request, by redis_writer) and redis_thp_*.dat: what Redis says
# of its copies, and then what the module and what smaps have of another save, three
# times while all stands still.  Wants root; 1 GB of memory, full 2 GB; no swap; tracefs.

set -eu

tools=${FAULTLINE_TOOLS:-$(dirname "$0")}
size=$1 results=$2
# delay: microseconds that the child pauses after each key, so that it lives for as long
# as it would with more data and a disk.
bytes=2000 rate=500 delay=250
MADV_DONTNEED=4
case $size in
small) keys=60000 ;;
full)  keys=180000 ;;
*)     echo "usage: record_5.sh small|full DIRECTORY" >&2; exit 2 ;;
esac
status=/proc/faultline/status
huge=/sys/kernel/mm/transparent_hugepage/enabled
tracing=/sys/kernel/tracing
log=$(mktemp)

fill="local value = string.rep('x', $bytes)
for i = 0, $keys - 1 do redis.call('SET', string.format('key:%012d', i), value) end
return redis.call('DBSIZE')"

# A server that holds the data, of which the module is told: sets $server.
start_server()
{
	: > "$log"
	redis-server --save '' --dir /tmp --logfile "$log" --loglevel verbose --disable-thp no \
		--rdb-key-save-delay $delay > /dev/null &
	server=$!
	for _ in $(seq 100); do
		redis-cli PING > /dev/null 2>&1 && break
		sleep 0.1
	done
	[ "$(redis-cli EVAL "$fill" 0)" = $keys ]
	echo "R $server children" > $status
}

stop_server()
{
	redis-cli SHUTDOWN NOSAVE
	wait $server
}

start_writer()
{
	"$tools/redis_writer" $keys $bytes $rate 3600 > "$1" &
	writer=$!
}

stop_writer()
{
	kill $writer
	wait $writer
}

# Sets $child once it is born.
wait_for_child()
{
	child=
	while [ -z "$child" ]; do
		read -r child < /proc/$server/task/$server/children || sleep 0.1
	done
}

# field NAME: a line of INFO, as "NAME value"
field()
{
	redis-cli INFO everything | tr -d '\r' | sed -n "s/^$1:/$1 /p"
}

# logged WHAT NAME: when the log has WHAT last, as "NAME seconds since 1970"
logged()
{
	date -d "$(grep "$1" "$log" | tail -n 1 | cut -d ' ' -f 2-5)" "+$2 %s.%N"
}

# What Redis said of its copies while it saved, as "logged_mb seconds MB".
logged_copies()
{
	sed -n 's/^[0-9]*:C \(.*\) [-*] Fork CoW for RDB: current \([0-9]*\) MB.*/\2 \1/p' "$log" |
		while read -r mb date; do
			date -d "$date" "+logged_mb %s.%N $mb"
		done
}

# Have the kernel note where the server gives memory back, so that its child is left
# with pages that nobody copied.
watch_given_back()
{
	echo mono > $tracing/trace_clock
	: > $tracing/set_event_pid
	for thread in /proc/"$server"/task/*; do
		echo "${thread##*/}" >> $tracing/set_event_pid
	done
	echo "behavior == $MADV_DONTNEED" > $tracing/events/syscalls/sys_enter_madvise/filter
	: > $tracing/trace
	echo 1 > $tracing/events/syscalls/sys_enter_madvise/enable
}

# What it noted, as "given_back seconds kB".
given_back()
{
	sed -n "/-$child /d
		s/.* \([0-9.]*\): sys_madvise(.*len_in: \([0-9a-f]*\),.*/\1 \2/p" $tracing/trace |
		while read -r time length; do
			echo "given_back $time $((0x$length / 1024))"
		done
}

# Sets $free, in kB, and $collapsed, how often the kernel has put huge pages together.
# Without a process, for those take memory.
read_kernel()
{
	while read -r key free _; do
		[ "$key" != MemFree: ] || break
	done < /proc/meminfo
	while read -r key collapsed; do
		[ "$key" != thp_collapse_alloc ] || break
	done < /proc/vmstat
}

# A save under writes, from 5 s before to 5 s after.  No process is started meanwhile:
# that would take the only CPU from the server.
save()
{
	start_server
	smaps=$(sed -n 's/^AnonHugePages: *\(.*\) kB/\1/p' /proc/$server/smaps_rollup)
	watch_given_back
	(sleep 7; echo BGSAVE; sleep 1) | redis-cli > /dev/null &
	"$tools/monitor" > "$results/profile_thp_$1.dat" &
	monitor=$!
	sleep 2
	read_kernel
	free_before=$free collapsed_before=$collapsed
	start_writer "$results/latency_thp_$1.dat"
	sleep 6
	wait_for_child
	tail --pid="$child" -f /dev/null
	sleep 5
	stop_writer
	read_kernel
	echo "U $server" > $status
	wait $monitor
	{
		echo "keys $keys"
		echo "value_bytes $bytes"
		echo "requests_per_s $rate"
		echo "save_delay_us $delay"
		echo "huge_kb $smaps"
		echo "free_before_kb $free_before"
		echo "free_after_kb $free"
		echo "collapsed $((collapsed - collapsed_before))"
		echo "dump_bytes $(stat -c %s /tmp/dump.rdb)"
		field redis_version
		field used_memory
		field used_memory_rss
		field latest_fork_usec
		field rdb_last_cow_size
		logged 'Fork CoW for RDB' measured_s
		logged_copies
		given_back
	} > "$results/redis_thp_$1.dat"
	stop_server
}

# stand_still PID...: stop them, and wait until all of their threads have
stand_still()
{
	kill -STOP "$@"
	for process in "$@"; do
		while grep -h '^State:' /proc/"$process"/task/*/status | grep -qv stopped; do
			sleep 0.01
		done
	done
}

# What the module and what smaps have: "frozen" with the server's cow_anon, the child's
# cow, the child's Private_Dirty in kB, and the kB that the server has given back
compare()
{
	stand_still $server "$child"
	server_cow=$(awk -v pid=$server '$1 == pid { print $13 }' $status)
	child_cow=$(awk -v pid="$child" '$1 == pid { print $7 }' $status)
	private=$(sed -n 's/^Private_Dirty: *\(.*\) kB/\1/p' "/proc/$child/smaps_rollup")
	given=$(given_back | awk '{ kb += $3 } END { print kb + 0 }')
	kill -CONT $server "$child"
	echo "frozen $server_cow $child_cow $private $given" >> "$results/redis_thp_$1.dat"
}

save_frozen()
{
	start_server
	start_writer /dev/null
	redis-cli BGSAVE > /dev/null
	wait_for_child
	watch_given_back
	# The server's memory allocator gives back what was not needed for 10 s.
	for seconds in 3 5 8; do
		sleep $seconds
		compare "$1"
	done
	tail --pid="$child" -f /dev/null
	stop_writer
	echo "U $server" > $status
	stop_server
}

trap 'rm -f "$log"' EXIT
for thp in off on; do
	case $thp in
	off) echo never > $huge ;;
	on)  echo always > $huge ;;
	esac
	echo "case study 5: $keys keys of $bytes bytes, THP $thp"
	save $thp
	save_frozen $thp
done
