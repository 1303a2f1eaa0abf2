#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What things cost, in instructions of a stock kernel's only CPU (QEMU, -icount).
#
# usage: bench.sh [KERNEL...]		(make bench, make bench K=6.12)
#
# icount charges nothing for the trap itself or for cache misses: figures compare
# with each other, not with a stopwatch.

set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$top/tests/vm/lib.sh"

kernels=("$@")
[ ${#kernels[@]} -gt 0 ] || kernels=(6.1 6.12)
figures=$top/build/bench
mkdir -p "$figures" "$top/build/consoles"

measure()
{
	architecture "$("$top/tests/vm/kernel.sh" architecture "$1")"
	"$top/tests/vm/guest.sh" --icount --memory 2048 --limit 900 \
		--console "$top/build/consoles/bench" \
		--add "$top/build/$1/faultline.ko" --add "$top/$built/programs/monitor" \
		--add "$top/$built/bench-programs/faults" \
		--add "$top/$built/bench-programs/sampling" \
		--add "$top/$built/bench-programs/reading" "$1" \
		'./faults && ./reading ./monitor && ./sampling' > "$figures/$1.new"
	mv "$figures/$1.new" "$figures/$1"
}

# figure KERNEL NAME: a measured value, or n/a
figure()
{
	awk -v name="$2" '$1 == name { print $2; found = 1 } END { if (!found) print "n/a" }' \
		"$figures/$1"
}

# row LABEL EXPRESSION: one line, with the expression in figures' names per kernel
row()
{
	local label=$1 kernel
	shift
	printf '%-58s' "$label"
	for kernel in "${kernels[@]}"; do
		printf ' %12s' "$(difference "$kernel" "$@")"
	done
	printf '\n'
}

# difference KERNEL NAME [BASE]: NAME, or by how much it is above BASE
difference()
{
	local value base

	value=$(figure "$1" "$2")
	base=0
	[ $# -lt 3 ] || base=$(figure "$1" "$3")
	if [ "$value" = n/a ] || [ "$base" = n/a ]; then
		echo n/a
	else
		awk -v value="$value" -v base="$base" 'BEGIN { printf "%d", value - base + (value < base ? -0.5 : 0.5) }'
	fi
}

# fault_rows NAME LABEL: a fault, and what the module adds to it
fault_rows()
{
	row "$2, module not loaded" "$1_out"
	row '  added: loaded, nothing registered' "$1_idle" "$1_out"
	row '  added: another process registered' "$1_another" "$1_out"
	row '  added: this process registered' "$1_self" "$1_out"
	row '  added: another, latency=copy' "$1_copy_another" "$1_out"
	row '  added: this, latency=copy' "$1_copy_self" "$1_out"
	row '  added: another, latency=fault' "$1_fault_another" "$1_out"
	row '  added: this, latency=fault' "$1_fault_self" "$1_out"
	row '  added: another is traced' "$1_trace_another" "$1_out"
	row '  added: this is traced' "$1_trace_self" "$1_out"
	row '  added: nothing registered any more' "$1_idle_again" "$1_out"
}

report()
{
	printf '%-58s' 'instructions'
	printf ' %12s' "${kernels[@]}"
	printf '\n'
	fault_rows cow 'a COW fault'
	fault_rows minor 'a minor fault'
	fault_rows first 'a first write to a private file page'
	fault_rows read 'a read of a mapped file, 16 pages'
	for count in 1 16 256 4096; do
		row "a tick with $count registered, all of it" "tick_$count"
	done
	row 'a sample: each process from the 1st to the 16th adds' sample_16
	row '  from the 16th to the 256th' sample_256
	row '  from the 256th to the 4096th' sample_4096
	for count in 1 16 256; do
		row "pread of held-open /proc/PID/stat, $count processes, each" "stat_held_$count"
		row "  opened anew" "stat_open_$count"
		row "  asked of taskstats" "taskstats_$count"
	done
	row 'ticks missed in 5 s: 4096 processes at 20 Hz' missed_4096
	row 'a record copied from the ring by a reader' read
	row 'a record written as a row by monitor' row
}

for kernel in "${kernels[@]}"; do
	architecture=$("$top/tests/vm/kernel.sh" architecture "$kernel")
	step "programs for $architecture" "$top/tests/build.sh" programs "$architecture"
	"$top/tests/build.sh" bench "$architecture"
	"$top/tests/vm/kernel.sh" fetch "$kernel"
	step "the module for $kernel" "$top/tests/build.sh" module "$kernel"
	step "measuring on $kernel" measure "$kernel"
done
report | tee "$figures/table"
echo
"$top/bench/precopy.sh" "${kernels[@]}"
