#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Record the results of case study 4 where the module is in.
#
# usage: record_4.sh small DIRECTORY
#
# On one CPU whose clock counts instructions, so that figures repeat.
#
# guest small: --icount --memory 2048 --limit 900

set -eu

tools=${FAULTLINE_TOOLS:-$(dirname "$0")}
here=$(dirname "$0")
[ "${1-}" = small ] || { echo "usage: record_4.sh small DIRECTORY" >&2; exit 2; }
# shellcheck source=case_studies/results_head.sh
. "$here/results_head.sh"

latency=/sys/module/faultline/parameters/latency
rows=$(mktemp)
lines=$(mktemp)

# copy OPTION...: all rows of one run; the line of names is kept of the first only
copy()
{
	"$tools/copiers" "$@" > "$lines"
	if [ -s "$rows" ]; then
		sed 1d "$lines" >> "$rows"
	else
		cat "$lines" >> "$rows"
	fi
}

# settle: a guest is not quiet for some seconds after it has booted, or after the module
# has patched the kernel; and the first to copy fills the allocator's lists of free pages
# for those after it, which is 2% of its time
settle()
{
	sleep 5
	"$tools/copiers" --pages 16384 > "$lines"
	sleep 5
}

# Whole faults as a program sees them, with nothing timed, then each with its parts.
for timed in off fault; do
	echo $timed > $latency
	settle
	for pages in 4096 16384; do
		for backing in '' --huge; do
			for order in '' --random; do
				# shellcheck disable=SC2086 # options that are there or not
				copy --pages $pages $backing $order
			done
		done
	done
done
for children in 2 4 8; do
	for backing in '' --huge; do
		# shellcheck disable=SC2086
		copy --pages 4096 --children $children $backing
	done
done
{
	results_head 4
	cat "$rows"
} > "$2/case_study_4.results"
echo off > $latency
rm "$rows" "$lines"
