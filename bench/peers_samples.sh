#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Faultline and its peers look at processes that run already, in turn: how long until the
# first row about one, what a sample costs, how even samples are.  Runs in the Debian of a
# guest; prints `TOOL_PROCESSES_HZ_KEY VALUE` lines, and `..._reason TEXT` where a tool
# has failed.
#
# usage: peers_samples.sh RUNS [TOOL...]	those tools, in turn, so often; all without
#
#	first	microseconds from its start to its first row about a process, and for
#	record	Faultline to the record of which that row was made
#	load	instructions until load was done, beside it
#	p50, p99, max, lost	see evenness.py; beside four hogs of the CPU

set -u
. ./reason.sh

runs=$1
shift
tools=("$@")
[ $# -gt 0 ] || tools=(nothing faultline stat taskstats pidstat perf_stat perf_trace bpftrace bcc
	systemtap)
# What keeps the CPU busy while it is seen how even samples are; how many seconds a tool
# may take for its first row; what load does beside a tool, 0.6 s.
hogs=4 limit=300 loops=300000000

# What each is: look_TOOL, which becomes what looks at $pids, $hz times a second; what a row
# about a process begins with or has, as a regular expression; and, for those that
# sample, seconds_TOOL, which makes of rows their times.
declare -A row

nanoseconds() { awk '/^[0-9]/ { printf "%.9f\n", $1 / 1e9 }'; }

look_nothing() { echo 0; exec sleep 1000; }
row[nothing]=0

# The ring's own time; it was read by monitor when monitor could.
row[faultline]='^[0-9]'
seconds_faultline() { awk '/^[0-9]/ { print $1 }'; }
ready_faultline() { insmod faultline.ko "hz=$hz"; }
look_faultline()
{
	local pid

	for pid in $pids; do
		echo "R $pid"
	done > /proc/faultline/status
	exec ./monitor
}
# The hooks stay for a second after the last process.
undo_faultline() { sleep 3; rmmod faultline; }

# shellcheck disable=SC2086 # numbers, one a word, here and below
look_stat() { exec ./poller stat "$hz" $pids; }
row[stat]='^[0-9]'
seconds_stat() { nanoseconds; }

ready_taskstats() { sysctl -q kernel.task_delayacct=1; }
# shellcheck disable=SC2086
look_taskstats() { exec ./poller taskstats "$hz" $pids; }
undo_taskstats() { sysctl -q kernel.task_delayacct=0; }
row[taskstats]='^[0-9]'
seconds_taskstats() { nanoseconds; }

# Whose period is a number of seconds.
look_pidstat() { exec stdbuf -oL pidstat -h -u -r -p "${pids// /,}" $((1 / hz)); }
row[pidstat]='^ *[0-9].* crowd$'

look_perf_stat()
{
	exec perf stat -x, -e minor-faults,major-faults,task-clock --per-thread \
		-I $((1000 / hz)) -p "${pids// /,}" --log-fd 1
}
row[perf_stat]=',[0-9]+,,minor-faults'
seconds_perf_stat() { awk -F, '/minor-faults/ { print $1 }'; }

# A row a fault, and no samples.
look_perf_trace() { exec stdbuf -oL perf trace -F all --no-syscalls -p "${pids// /,}" 2>&1; }
row[perf_trace]=minfault

look_bpftrace()
{
	cat > samples.bt <<-END
		kprobe:ptep_clear_flush /pid >= ${pids%% *} && pid <= ${pids##* }/ { @cow[pid] = count(); }
		software:minor-faults:1 /pid >= ${pids%% *} && pid <= ${pids##* }/ { @minor[pid] = count(); }
		interval:ms:$((1000 / hz)) { printf("%llu\n", nsecs); print(@cow); print(@minor); }
	END
	exec bpftrace -B line samples.bt
}
row[bpftrace]='^@cow'
seconds_bpftrace() { nanoseconds; }

# shellcheck disable=SC2086
look_bcc() { exec python3 counts.py "$hz" $pids; }
row[bcc]='^[0-9]'
seconds_bcc() { awk '/^[0-9]/ { print $1 }'; }

# shellcheck disable=SC2086
look_systemtap()
{
	./counts_stp.sh $((1000 / hz)) $pids > counts.stp
	exec stdbuf -oL stap --runtime=bpf counts.stp
}
row[systemtap]='^[0-9]'
seconds_systemtap() { nanoseconds; }

# On the clock of records.
microseconds()
{
	awk '/^now at/ { printf "%d\n", $3 / 1000; exit }' /proc/timer_list
}

is_wanted()
{
	[[ " ${tools[*]} " == *" $1 "* ]]
}

is_function()
{
	declare -F "$1" > /dev/null
}

# rest: the crowd copies no more, once each has copied something
rest()
{
	sleep 3
	kill -USR1 -- -$crowd
	sleep 1
}

# even_among_hogs: rows of this time alone
even_among_hogs()
{
	local busy=() from hog

	from=$(wc -l < out)
	for ((hog = 0; hog < hogs; hog++)); do
		./load 100000000000 &
		busy+=($!)
	done
	sleep 2
	# A script's children in the background ignore SIGINT.
	kill "$looker"
	kill "${busy[@]}"
	wait "${busy[@]}" "$collector" 2> /dev/null
	tail -n "+$((from + 1))" out | "seconds_$tool" | uniq | python3 evenness.py "$name" "$hz"
}

# watch TOOL PROCESSES HZ [LOOPS]: LOOPS is for what load does; none without
watch()
{
	local tool=$1 processes=$2 hz=$3 name=$1_$2_$3 began from line='' crowd looker collector pids rows

	! is_function "ready_$tool" || "ready_$tool"
	exec {rows}< <(exec ./crowd "$processes")
	crowd=$!
	read -r pids <&$rows
	exec {rows}<&-
	began=$(microseconds)
	from=${EPOCHREALTIME/./}
	exec {rows}< <("look_$tool" 2> err)
	looker=$!
	while IFS= read -r -t "$limit" line <&$rows && ! [[ $line =~ ${row[$tool]} ]]; do
		printf '%s\n' "$line" >> err
	done
	if [[ $line =~ ${row[$tool]} ]]; then
		echo "${name}_first $((${EPOCHREALTIME/./} - from))"
		[ "$tool" != faultline ] ||
			seconds_faultline <<< "$line" |
				awk -v name="$name" -v began="$began" '{ print name "_record", $1 * 1e6 - began }'
		cat <&$rows > out &
		collector=$!
		rest
		[ $# -lt 4 ] || echo "${name}_load $(./load "$4")"
		[ "$processes" -gt 1 ] || ! is_function "seconds_$tool" || even_among_hogs
	else
		echo "${name}_reason $(reason err)"
	fi
	kill "$looker" 2> /dev/null
	exec {rows}<&-
	kill "$crowd"
	wait 2> /dev/null
	! is_function "undo_$tool" || "undo_$tool"
}

# At each rate one process; at the first, more of them, and what they cost.
for ((run = 0; run < runs; run++)); do
	for tool in "${tools[@]}"; do
		[ "$tool" != pidstat ] || continue
		for processes in 1 16 256; do
			watch "$tool" "$processes" 20 $loops
		done
	done
	for hz in 100 1000; do
		for tool in "${tools[@]}"; do
			! is_function "seconds_$tool" || watch "$tool" 1 "$hz"
		done
	done
	# As pidstat can.
	for tool in nothing pidstat; do
		for processes in 1 16 256; do
			! is_wanted "$tool" || watch "$tool" "$processes" 1 $((10 * loops))
		done
	done
done
