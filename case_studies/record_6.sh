#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Record the results of case study 6 where the module is in, and redis-server and redis-cli
# are.
#
# usage: record_6.sh small DIRECTORY
#
# On one CPU whose clock counts instructions, so that figures repeat.
#
# guest small: --root --icount --no-erms --memory 1024 --limit 900
#
# Leaves there case_study_6.results, a row for each policy of pre-copy and each workload,
# and case_study_6_server.results, what became of a Redis server's pages over time.

set -eu

tools=${FAULTLINE_TOOLS:-$(dirname "$0")}
here=$(dirname "$0")
[ "${1-}" = small ] || { echo "usage: record_6.sh small DIRECTORY" >&2; exit 2; }
results=$2
# shellcheck source=case_studies/results_head.sh
. "$here/results_head.sh"

status=/proc/faultline/status
policies='off 1 4 16 64 auto'
# delay: microseconds that Redis's child pauses after each key, so that it outlives the writer.
keys=10000 bytes=2000 rate=500 seconds=6 delay=1500
fill="local value = string.rep('x', $bytes)
for i = 0, $keys - 1 do redis.call('SET', string.format('key:%012d', i), value) end
return redis.call('DBSIZE')"
rows=$(mktemp)
series=$(mktemp)
lines=$(mktemp)
trap 'rm -f "$rows" "$series" "$lines"' EXIT
# A copy takes some 20 times as long in an emulator's time, which would cut each window.
max_us=/sys/module/faultline/parameters/precopy_max_us
max_us_before=$(cat $max_us)
echo 0 > $max_us

# counted: pages pre-copied, used and wasted since the last reset, by all processes
counted()
{
	awk '$3 == "precopy_success:" { copied = $4 }
		$1 == "precopy_used:" { print copied, $2, $4 }' /proc/cow_stats
}

# bench WORKLOAD OPTION... PATTERN: a row of what children did; of a generation that writes at
# the same time, the longest run is that of all
bench()
{
	workload=$1
	shift
	echo reset > /proc/cow_stats
	"$tools/cow_bench" -p "$policy" "$@" > "$lines"
	# Its columns are generation 2, pages 4, ns 5 and minor faults 6.
	awk -v head="$workload $policy" -v counted="$(counted)" '
		NR > 1 {
			pages += $4
			minor += $6
			if ($5 > ns[$2])
				ns[$2] = $5
			runs = $2
		}
		END {
			for (i = 2; i <= runs; i++)
				later += ns[i]
			print head, runs, pages, ns[1], later, minor, counted
		}' "$lines" >> "$rows"
}

# server_has NAME...: columns of the server's line of status
server_has()
{
	awk -v pid="$server" -v names="$*" '
		NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i }
		$1 == pid {
			count = split(names, wanted, " ")
			for (i = 1; i <= count; i++)
				printf "%s%s", (i > 1 ? " " : ""), $column[wanted[i]]
		}' $status
}

# Nanoseconds on a CPU so far.
server_ns()
{
	cut -d ' ' -f 1 /proc/"$server"/schedstat
}

# Two saves under writes: at the second there is a history of the first.  No keys are written
# in the same order again, for the writer's come from as many random numbers modulo another.
# Of its faults those count that copied: it also gives memory back by the clock and takes it anew.
redis()
{
	redis-server --save '' --dir /tmp --rdb-key-save-delay $delay > /dev/null &
	server=$!
	for _ in $(seq 100); do
		redis-cli PING > /dev/null 2>&1 && break
		sleep 0.1
	done
	[ "$(redis-cli EVAL "$fill" 0)" = $keys ]
	echo "R $server" > $status
	echo "P $server $policy" > $status
	copies=0 times=''
	for save in 1 2; do
		redis-cli BGSAVE > /dev/null
		copies=$((copies - $(server_has cow_anon))) ns=$(server_ns)
		"$tools/redis_writer" $((keys - save)) $bytes $rate $seconds > /dev/null &
		writer=$!
		while kill -0 $writer 2> /dev/null; do
			read -r time _ < /proc/uptime
			echo "$policy $save $time $(server_has precopied precopy_used precopy_wasted)" \
				>> "$series"
			sleep 0.5
		done
		wait $writer
		times="$times $(($(server_ns) - ns))" copies=$((copies + $(server_has cow_anon)))
		# As Redis itself ends a child.
		kill -USR1 "$(tr -d ' ' < /proc/$server/task/$server/children)"
		sleep 2
	done
	echo "redis $policy 2 $((2 * rate * seconds))$times $copies" \
		"$(server_has precopied precopy_used precopy_wasted)" >> "$rows"
	echo "U $server" > $status
	redis-cli SHUTDOWN NOSAVE
	wait $server
}

# A guest is not quiet for some seconds after it has booted, and the first to copy fills the
# allocator's lists for those after it.
sleep 5
"$tools/cow_bench" sequential > /dev/null
for policy in $policies; do
	echo "case study 6: pre-copy $policy"
	for pattern in sequential reverse every_other random random_25 random_5 single parent \
		       populate; do
		bench $pattern $pattern
	done
	bench prefork -c 16 -t 8 random_25
	redis
done
{
	results_head 6
	echo "workload policy runs pages first_ns later_ns minor_faults precopied used wasted"
	cat "$rows"
} > "$results/case_study_6.results"
{
	results_head 6
	echo "policy save time_s precopied used wasted"
	cat "$series"
} > "$results/case_study_6_server.results"
echo "$max_us_before" > $max_us
