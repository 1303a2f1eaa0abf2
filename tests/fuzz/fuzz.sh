#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Run the fuzzers of monitor's and whatif's readers for long, one after the other, and say what came of
# it; what they learn stays in build/fuzz.			(make fuzz, FUZZ_RUNS=50000000)
#
# usage: fuzz.sh [EXECUTIONS]	of all together

set -euo pipefail

fuzz=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$fuzz/../.." && pwd)
. "$top/tests/vm/lib.sh"
build=$top/build/fuzz
executions=${1:-50000000}
failed=0

# Of a thousand executions, how many are whose: those that read most get most, and a request
# takes a server and two connections.
shares=(recordings:270 rings:260 histograms:320 proc_files:28 requests:2 traces:100 faults:20)

# run NAME EXECUTIONS
run()
{
	local name=$1 log=$build/$1.log start=$SECONDS

	mkdir -p "$build/corpus/$name" "$build/findings"
	"$build/fuzz_$name" -runs="$2" -max_len=2048 -timeout=10 -verbosity=1 \
		-print_final_stats=1 -artifact_prefix="$build/findings/$name-" \
		-dict="$fuzz/dictionaries/$name" "$build/corpus/$name" "$fuzz/corpus/$name" \
		> "$log" 2>&1 < /dev/null &&
		awk -v name="$name" -v seconds=$((SECONDS - start)) '
			/^#[0-9]+\tDONE/ { edges = $4; features = $6; files = $8 }
			/^stat::number_of_executed_units/ { runs = $2 }
			END {
				printf "%s: %d executions, %d s, %d edges, %d features, corpus %s, no finding\n",
					name, runs, seconds, edges, features, files
			}' "$log" && return
	echo "$name: a finding: $(grep 'SUMMARY\|Test unit written' "$log" | tr '\n' ' ')"
	return 1
}

# Where it is, while a terminal looks.
progress()
{
	while sleep 2; do
		printf '\r  %-11s %s\033[K' "$1" "$(tail -n 1 "$build/$1.log" | cut -c -70)" >&2
	done
}

step "the fuzzers" "$top/tests/build.sh" fuzz
for share in "${shares[@]}"; do
	name=${share%:*} watcher=
	if [ -t 2 ]; then
		progress "$name" 2> /dev/tty &
		watcher=$!
	fi
	said=$(run "$name" $((executions * ${share#*:} / 1000))) || failed=1
	[ -z "$watcher" ] || { kill "$watcher"; printf '\r\033[K' >&2; }
	echo "$said"
done
exit $failed
