#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Faultline beside the tools that others count copy-on-write with: what each adds to a
# fault, what it costs itself, and whether its count is right.
#
# usage: peers.sh [KERNEL...]		(make bench-peers, make bench-peers K=6.12)
#
# All look at the same process, one after another, in one guest whose only CPU counts
# instructions; only for threads that race for a page there is a guest of two CPUs.
# What a tool adds to a fault is told by the least disturbed stretch of 64 faults: what
# else it does on the CPU is a sample's cost.

set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$top/tests/vm/lib.sh"

kernels=("$@")
[ ${#kernels[@]} -gt 0 ] || kernels=(6.1 6.12)
figures=$top/build/bench
mkdir -p "$figures" "$top/build/consoles"

# Those that count copies, by ways that differ in what a race makes of them.
counters='faultline_count faultline_small faultline_copy faultline_fault taskstats exits
	bpf_count_kprobe_copier bpf_count_kfunc_copier bpf_count_kprobe_marker bpf_count_both
	bpf_copy_kprobe bpf_copy_kfunc bpf_fault_kprobe bpf_fault_kfunc bpf_all
	perf_cow_copier perf_cow_marker'

# measure KERNEL FILE OPTIONS COMMAND...
measure()
{
	local kernel=$1 file=$2 options=$3 program adds=()
	shift 3

	for program in peers poller sampling; do
		adds+=(--add "$top/build/bench-programs/$program")
	done
	# shellcheck disable=SC2086 # options, one a word
	"$top/tests/vm/guest.sh" --root $options --memory 2048 --limit 3000 \
		--console "$top/build/consoles/bench-peers" "${adds[@]}" \
		--add "$top/build/$kernel/faultline.ko" --add "$top/build/programs/monitor" \
		--add "$top/bench/peers_guest.sh" "$kernel" "$*" > "$figures/$file.new"
	mv "$figures/$file.new" "$figures/$file"
}

# figure NAME: of this kernel; nothing if there is none
figure()
{
	local file=$figures/peers-$kernel

	case $1 in
	*_race_copies) file+=-races ;;
	esac
	[ ! -e "$file" ] || sed -n "s/^$1 //p" "$file" | head -n 1
}

# above NAME BASE DIVISOR: how far it is above BASE, which may be 0
above()
{
	local value base

	value=$(figure "$1") base=0
	[ "$2" = 0 ] || base=$(figure "$2")
	if [ -z "$value" ] || [ -z "$base" ]; then
		echo n/a
	else
		awk -v value="$value" -v base="$base" -v divisor="$3" \
			'BEGIN { printf "%d\n", (value - base) / divisor + (value < base ? -0.5 : 0.5) }'
	fi
}

# in_units NAME UNIT: with one decimal
in_units()
{
	local value
	value=$(figure "$1")
	[ -n "$value" ] || { echo -; return; }
	awk -v value="$value" -v unit="$2" 'BEGIN { printf "%.1f\n", value / unit }'
}

# cells TEXT...: right-aligned, each below its heading
cells()
{
	printf ' %6s %6s %6s %7s %6s %6s  %5s %5s %5s %5s %5s  %5s %5s\n' "$@"
}

# row NAME LABEL: one tool
row()
{
	local name=$1 act counts=() sample=- rate right

	printf '%-34s' "$2"
	if [ -z "$(figure "${name}_copy_cost")" ]; then
		cells n/a n/a n/a n/a n/a n/a n/a n/a n/a n/a n/a n/a n/a
		return
	fi
	for act in copy reuse race first exit; do
		counts+=("$(figure "${name}_${act}_copies")")
		[ -n "${counts[-1]}" ] || counts[-1]=-
	done
	# The loop takes 0.6 s, which are 12 periods of 20 Hz.
	case $name in
	# They write once a second, or at the end.
	bpf_copy_* | bpf_fault_* | perf_record | perf_trace) ;;
	*) [ -z "$(figure "${name}_start")" ] || sample=$(above "${name}_loop" nothing_loop 12) ;;
	esac
	rate=$(figure "${name}_rate")
	right=$(figure "${name}_right")
	cells "$(above "${name}_copy_cost" nothing_copy_cost 1)" \
		"$(above "${name}_first_cost" nothing_first_cost 1)" \
		"$(above "${name}_fresh_cost" nothing_fresh_cost 1)" "$sample" \
		"$(in_units "${name}_start" 1000000)" "$(in_units "${name}_resident_kb" 1024)" \
		"${counts[@]}" "${rate:--}" "${right:--}"
}

reasons()
{
	sed -n 's/^\([a-z_]*\)_reason /  n\/a: \1: /p; s/^\([a-z_]*\)_refusal /  no user: \1: /p' \
		"$figures/peers-$kernel"
}

report()
{
	local release copier

	release=$("$top/tests/vm/kernel.sh" release "$kernel")
	copier=$(figure copier)
	printf '%-34s %20s %7s %6s %6s  %29s  %5s %5s\n' '' 'instructions added to' 'instr' 'Minstr' \
		'' 'copies reported, of' 'rows/' 'as'
	printf '%-34s' "$release"
	cells 'a COW' 'first' 'minor' 'a' 'to' 'MB' 'child' 're-' '4 thr.' 'first' 'before' 's at' 'a'
	printf '%-34s' ''
	cells 'fault' 'write' 'fault' 'sample' 'start' 'res.' 'writes' 'use' 'race' 'write' 'exit' \
		'1 kHz' 'user'
	printf '%-34s' 'nobody looks; exact counts'
	cells "$(above nothing_copy_cost 0 1)" "$(above nothing_first_cost 0 1)" \
		"$(above nothing_fresh_cost 0 1)" - - - \
		"$(figure nothing_copy_true)" 0 "$(figure nothing_race_true)" \
		"$(figure nothing_first_true)" "$(figure nothing_exit_true)" 1000 yes
	row faultline_count 'Faultline'
	row faultline_second '  beside one that is registered'
	row faultline_small '  ring_records=1024'
	row faultline_copy '  latency=copy, of copies timed'
	row faultline_fault '  latency=fault, of faults timed'
	row delayacct 'kernel.task_delayacct=1, no more'
	row taskstats '  taskstats poller'
	row taskstats_late '  the same, set after the start'
	row exits '  the same, and told of exits'
	row stat '/proc/PID/stat poller'
	row bpf_count_kprobe_copier "bpftrace, kprobe $copier"
	row bpf_count_kfunc_copier "  kfunc $copier"
	row bpf_count_kprobe_marker '  kprobe ptep_clear_flush'
	row bpf_count_kfunc_marker '  kfunc ptep_clear_flush'
	row bpf_count_both '  kprobe that, kfunc finish_fault'
	row bpf_copy_kprobe '  copy histogram, kprobe'
	row bpf_copy_kfunc '  copy histogram, kfunc'
	row bpf_fault_kprobe '  fault histogram, kprobe'
	row bpf_fault_kfunc '  fault histogram, kfunc'
	row bpf_all '  minor, major, COW, CPU'
	row perf_stat 'perf stat, minor, major, CPU'
	row perf_cow_copier "  and probe $copier"
	row perf_cow_marker '  and probe ptep_clear_flush'
	row perf_record 'perf record -c 1 page-faults'
	row perf_trace 'perf trace -F all'
	reasons
}

# line TEXT VALUE...: of what does not fit a row
line()
{
	local text=$1
	shift
	printf '%-70s' "$text"
	printf ' %8s' "${@:--}"
	printf '\n'
}

more()
{
	local count name

	line "minor faults of 4 threads that have ended: $(figure nothing_race_minor_true), and reported by" \
		Faultline taskstats bpftrace 'perf stat'
	# shellcheck disable=SC2046 # values, one a word, here and below
	line '' $(for name in faultline_count taskstats bpf_all perf_stat; do
		figure "${name}_race_minor" | grep . || echo -
	done)
	line "lines of perf trace on $(figure perf_trace_copy_minor_true) minor faults" "$(figure perf_trace_copy_minor)"
	line 'rows a second at 1 kHz of a taskstats poller with SCHED_FIFO' "$(figure taskstats_fifo_rate)"
	line 'may a user read /dev/faultline; in its group' "$(figure faultline_ring_right)" \
		"$(figure faultline_ring_group_right)"
	line 'instructions per process sampled, with 1, 16, 256' 1 16 256
	# shellcheck disable=SC2046
	line '  Faultline, its tick shared among them' \
		$(for count in 1 16 256; do in_units "tick_$count" "$count"; done)
	for name in stat_held taskstats taskstats_thread; do
		# shellcheck disable=SC2046
		line "  $name" $(for count in 1 16 256; do figure "${name}_$count" | grep . || echo -; done)
	done
}

if [ -z "${REPORT_ONLY-}" ]; then
	make -s -C "$top/bench" O="$top/build/bench-programs"
	step "programs" "$top/tests/build.sh" programs
	"$top/tests/vm/root.sh" fetch
	for kernel in "${kernels[@]}"; do
		"$top/tests/vm/kernel.sh" fetch "$kernel"
		step "the module for $kernel" "$top/tests/build.sh" module "$kernel"
		step "measuring on $kernel" measure "$kernel" "peers-$kernel" --icount \
			'bash ./peers_guest.sh; ./sampling 256'
		# shellcheck disable=SC2086 # names, one a word
		step "races on $kernel" measure "$kernel" "peers-$kernel-races" '--cpus 2' \
			bash ./peers_guest.sh $counters
	done
fi
for kernel in "${kernels[@]}"; do
	report
	more
	echo
done | tee "$figures/peers"
