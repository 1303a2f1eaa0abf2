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
	"$top/tests/vm/guest.sh" --icount --memory 2048 --limit 900 \
		--console "$top/build/consoles/bench" \
		--add "$top/build/$1/faultline.ko" --add "$top/build/programs/monitor" \
		--add "$top/build/bench-programs/faults" \
		--add "$top/build/bench-programs/sampling" \
		--add "$top/build/bench-programs/reading" "$1" \
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

report()
{
	printf '%-58s' 'instructions'
	printf ' %12s' "${kernels[@]}"
	printf '\n'
	row 'a COW fault, module not loaded' cow_out
	row '  added: loaded, nothing registered' cow_idle cow_out
	row '  added: another process registered' cow_another cow_out
	row '  added: this process registered' cow_self cow_out
	row '  added: nothing registered any more' cow_idle_again cow_out
	row 'a minor fault, module not loaded' minor_out
	row '  added: loaded, nothing registered' minor_idle minor_out
	row '  added: another process registered' minor_another minor_out
	row '  added: this process registered' minor_self minor_out
	for count in 1 16 256 4096; do
		row "a tick with $count registered, all of it" "tick_$count"
	done
	row 'a sample: each process from the 1st to the 16th adds' sample_16
	row '  from the 16th to the 256th' sample_256
	row '  from the 256th to the 4096th' sample_4096
	for count in 1 16 256; do
		row "pread of held-open /proc/PID/stat, $count processes, each" "stat_held_$count"
		row "  opened anew" "stat_open_$count"
	done
	row 'ticks missed in 5 s: 4096 processes at 20 Hz' missed_4096
	row 'a record copied from the ring by a reader' read
	row 'a record written as a row by monitor' row
}

make -s -C "$top/bench" O="$top/build/bench-programs"
step "programs" "$top/tests/build.sh" programs
for kernel in "${kernels[@]}"; do
	"$top/tests/vm/kernel.sh" fetch "$kernel"
	step "the module for $kernel" "$top/tests/build.sh" module "$kernel"
	step "measuring on $kernel" measure "$kernel"
done
report | tee "$figures/table"
