#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Record the results of case study 7 where the module is in, with the traces of trace_7.sh.
#
# usage: record_7.sh small DIRECTORY
#
# guest small: --root --memory 1536 --swap 512 --cpus 1 --limit 1800
# modules: brd
#
# Leaves there case_study_7.results: what faultline-whatif predicted of each workload and setting,
# and what the kernel counted.

set -eu

tools=${FAULTLINE_TOOLS:-$(dirname "$0")}
here=$(dirname "$0")
[ "${1-}" = small ] || { echo "usage: record_7.sh small DIRECTORY" >&2; exit 2; }
# shellcheck source=case_studies/results_head.sh
. "$here/results_head.sh"
# shellcheck source=case_studies/programs_7.sh
. "$here/programs_7.sh"

max_us=/sys/module/faultline/parameters/precopy_max_us
cluster=/proc/sys/vm/page-cluster
rows=$(mktemp)
csv=$(mktemp)
said=$(mktemp)
trap 'rm -f "$rows" "$csv" "$said"' EXIT
max_us_before=$(cat $max_us)
cluster_before=$(cat $cluster)
# A copy takes some 20 times as long in an emulator's time, which would cut each window.
echo 0 > $max_us
# Readahead brings in what nobody asked for.
echo 0 > $cluster
echo +memory > /sys/fs/cgroup/cgroup.subtree_control

# whatif OPTION...: without what a terminal is shown meanwhile
whatif()
{
	"$tools/faultline-whatif" "$@" 2> "$said" || { cat "$said" >&2; return 1; }
}

# Swap is on a disk, and then in memory, where a page that is written out is gone at once.
swap_in_memory()
{
	insmod "$tools/brd.ko" rd_nr=1 rd_size=131072
	mkswap /dev/ram0 > /dev/null
	swapoff "$disk"
	swapon /dev/ram0
}

swap_on_disk()
{
	swapoff /dev/ram0
	swapon "$disk"
	rmmod brd
}

# limits COLUMN: from 30 to 90% of the pages that stand there in the first row of the csv
limits()
{
	pages=$(tr -d '\r' < "$csv" | sed -n 2p | cut -d , -f "$1")
	for percent in 30 45 60 75 90; do
		echo $((pages * percent / 100))
	done | paste -s -d , -
}

# keep WORKLOAD SWAP: rows of it, of those in the csv
keep()
{
	echo "case study 7: $1, swap: $2"
	tr -d '\r' < "$csv" | awk -F , -v workload="$1" -v swap="$2" '
		function value(text) { return text == "" ? "n/a" : text }
		NR > 1 {
			print workload, $1, $2, swap, value($3), $5, $6, $8, value($9), value($11)
		}' >> "$rows"
}

# verify WORKLOAD SWAP OPTION...: a row of each setting
verify()
{
	workload=$1 swap=$2
	shift 2
	whatif verify "$tools/$workload.trace" "$@" -F csv > "$csv"
	keep "$workload" "$swap"
}

# verify_program NAME FRAMES: into the csv
verify_program()
{
	program "$1" whatif verify "$1.trace" --frames="$2" --policy=mglru,lru -F csv -- > "$csv"
}

# verify_frames SWAP: of all workloads, as they are repeated, and of the programs themselves
verify_frames()
{
	for workload in xz perl zipf; do
		whatif "$tools/$workload.trace" --frames=1m -F csv > "$csv"
		verify $workload "$1" --frames="$(limits 7)" --policy=mglru,lru
	done
	for workload in xz perl; do
		# Where all fits.
		verify_program $workload 1m
		verify_program $workload "$(limits 6)"
		keep $workload "$1"
	done
}

cd "$tools"
tools=$PWD
PATH=$tools:$PATH

whatif gen zipf --pages=6000 --accesses=60000 -o "$tools/zipf.trace"
disk=$(awk 'NR == 2 { print $1 }' /proc/swaps)
for workload in xz perl zipf; do
	verify $workload n/a --huge=off,2m --precopy=0,1,4,16,64
done
# The emulator keeps every translation, where a processor keeps some, until another process runs,
# and as long it does not mark pages as accessed: so another one runs often.
while busybox usleep 100; do :; done &
other=$!
verify_frames disk
swap_in_memory
verify_frames memory
swap_on_disk
kill $other
{
	results_head 7
	echo "workload question setting swap policy accesses pages predicted real minor"
	cat "$rows"
} > "$2/case_study_7.results"
echo "$max_us_before" > $max_us
echo "$cluster_before" > $cluster
