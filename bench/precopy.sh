#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What speculative pre-copy saves and costs, in instructions for each page that is written.
#
# usage: precopy.sh KERNEL...		(make bench)
#
# bench.sh has built what it needs.  16 MB that a fork has left shared; pre-copy off and
# adaptive by turns, and the median of all children.  The trap itself counts as nothing, so
# that what an avoided fault saves is understated.

set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$top/tests/vm/lib.sh"

figures=$top/build/bench
mkdir -p "$figures" "$top/build/consoles"

# measure KERNEL CPU [OPTION]: CPU names the file, as OPTION of guest.sh makes it
measure()
{
	"$top/tests/vm/guest.sh" --icount "${@:3}" --memory 1024 --limit 900 \
		--console "$top/build/consoles/bench_precopy" \
		--add "$top/build/$1/faultline.ko" --add "$top/build/programs/cow_bench" \
		--add "$top/bench/precopy_guest.sh" "$1" ./precopy_guest.sh \
		> "$figures/precopy_$1_$2.new"
	mv "$figures/precopy_$1_$2.new" "$figures/precopy_$1_$2"
}

# compare FILE PATTERN FIRST LAST: medians of children FIRST to LAST, without and with it
compare()
{
	awk -v pattern="$2" -v first="$3" -v last="$4" '
	function median(values, count,   i, j, value) {
		for (i = 2; i <= count; i++) {
			value = values[i]
			for (j = i - 1; j && values[j] > value; j--)
				values[j + 1] = values[j]
			values[j + 1] = value
		}
		return count % 2 ? values[(count + 1) / 2] : (values[count / 2] + values[count / 2 + 1]) / 2
	}
	$2 == pattern && $4 >= first && $4 <= last {
		count = ++children[$1]
		if ($1) {
			on[count] = $6 / $5
			traps_on[count] = $8
		} else {
			off[count] = $6 / $5
			traps_off[count] = $8
		}
	}
	END {
		if (!count || children[0] != children[1])
			exit 1
		before = median(off, count)
		after = median(on, count)
		printf "%9.0f%9.0f%+7.1f%%%6d >%5d", before, after, 100 * (after / before - 1),
			median(traps_off, count), median(traps_on, count)
	}' "$1"
}

# row LABEL TARGET PATTERN [FIRST LAST]: children, all of them if not told
row()
{
	local kernel
	printf '%-34s%14s' "$1" "$2"
	for kernel in "${kernels[@]}"; do
		compare "$figures/precopy_${kernel}_$cpu" "$3" "${4-1}" "${5-5}"
	done
	printf '\n'
}

# random_rows LABEL PATTERN TARGET: of the first child there is no history yet
random_rows()
{
	row "$1, first child" "$3" "$2" 1 1
	row '  later ones, the same pages' "$3" "$2" 2 5
	row '  later ones, other pages' "$3" "$2_fresh" 2 5
}

# report CPU WHAT
report()
{
	local cpu=$1 kernel

	printf '%-48s' "$2"
	for kernel in "${kernels[@]}"; do
		printf '%38s' "$kernel"
	done
	printf '\n%-34s%14s' 'instructions per page written' 'target'
	for kernel in "${kernels[@]}"; do
		printf '%9s%9s%8s%12s' off adaptive change 'traps'
	done
	printf '\n'
	row 'sequential' '-23% / -20%' sequential
	row 'reverse' '-23% / -20%' reverse
	row 'every other page' '-20%' every_other
	row 'parent writes, child alive' '' parent
	row 'reuse, child gone' '-60%' reuse
	row 'read(2) into it' '' read
	row 'a single page' 'at most +1.5%' single
	random_rows 'random, whole range' random '-9%'
	random_rows 'random, 61% of the pages' random_61 'at most +3%'
	random_rows 'random, 25% of the pages' random_25 ''
	random_rows 'random, 5% of the pages' random_5 'at most +3%'
}

kernels=()
for kernel; do
	# Pre-copy is for x86-64 alone.
	[ "$("$top/tests/vm/kernel.sh" architecture "$kernel")" != amd64 ] || kernels+=("$kernel")
done
[ ${#kernels[@]} -gt 0 ] || exit 0
for kernel in "${kernels[@]}"; do
	step "measuring pre-copy on $kernel" measure "$kernel" no-erms --no-erms
	step "measuring pre-copy on $kernel, strings by the byte" measure "$kernel" erms
done
{
	report no-erms 'pre-copy: a CPU without fast strings'
	echo
	report erms 'pre-copy: one with, each byte counted'
} | tee "$figures/precopy"
