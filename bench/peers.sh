#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Faultline beside the tools that others count copy-on-write with: what each can tell, and
# whether it is right, what it adds to a fault, what it costs itself, and how even it is.
#
# usage: peers.sh [KERNEL...]		(make bench-peers, make bench-peers K=6.12)
#
# All look at the same processes, in turn, in one guest whose only CPU counts
# instructions; only for threads that race for a page there is a guest of two CPUs.
# What a tool adds to a fault is told by the least disturbed stretch of 64 faults: what
# else it does on the CPU is a sample's cost.  Each figure is the median of RUNS (3).

set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$top/tests/vm/lib.sh"

kernels=("$@")
[ ${#kernels[@]} -gt 0 ] || kernels=(6.1 6.12)
runs=${RUNS:-3}
figures=$top/build/bench
mkdir -p "$figures" "$top/build/consoles"

# Those that count copies, by ways that differ in what a race makes of them.
counters='faultline_count faultline_small faultline_copy faultline_fault taskstats exits
	bpf_count_kprobe_copier bpf_count_kfunc_copier bpf_count_kprobe_marker bpf_count_both
	bpf_copy_kprobe bpf_copy_kfunc bpf_fault_kprobe bpf_fault_kfunc bpf_all
	perf_cow_copier perf_cow_marker bcc bcc_copy systemtap'

# measure KERNEL FILE OPTIONS COMMAND...
measure()
{
	local kernel=$1 file=$2 options=$3 program adds=()
	shift 3

	for program in peers poller crowd load; do
		adds+=(--add "$top/build/bench-programs/$program")
	done
	for program in peers_guest.sh peers_samples.sh counts.py counts_stp.sh evenness.py reason.sh; do
		adds+=(--add "$top/bench/$program")
	done
	# shellcheck disable=SC2086 # options, one a word
	"$top/tests/vm/guest.sh" --image "$("$top/tests/vm/root.sh" image peers)" $options \
		--memory 2048 --limit 14400 \
		--console "$top/build/consoles/bench-peers" "${adds[@]}" \
		--add "$top/build/$kernel/faultline.ko" --add "$top/build/programs/monitor" \
		"$kernel" "$*" > "$figures/$file.new"
	mv "$figures/$file.new" "$figures/$file"
}

make -s -C "$top/bench" O="$top/build/bench-programs"
step "programs" "$top/tests/build.sh" programs
for kernel in 6.1 6.12; do
	# The headers of both are in the image.
	"$top/tests/vm/kernel.sh" fetch "$kernel"
done
"$top/tests/vm/root.sh" fetch peers
for kernel in "${kernels[@]}"; do
	step "the module for $kernel" "$top/tests/build.sh" module "$kernel"
	step "measuring on $kernel" measure "$kernel" "peers-$kernel" --icount \
		bash ./peers_guest.sh "$runs"
	# shellcheck disable=SC2086 # names, one a word
	step "races on $kernel" measure "$kernel" "peers-$kernel-races" '--cpus 2' \
		bash ./peers_guest.sh "$runs" $counters
done
for kernel in "${kernels[@]}"; do
	"$top/bench/peers_report.py" "$("$top/tests/vm/kernel.sh" release "$kernel")" \
		"$figures/peers-$kernel" "$figures/peers-$kernel-races"
done | tee "$figures/peers"
