#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What faultline serve bears on this machine: pages of 1000 groups, while 20,000 records a
# second come, asked for by wrk (Debian's package) with 8 connections for 10 s.
#
# usage: serving.sh [GROUPS]

set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
groups=${1-1000}
where=127.0.0.1:19423
work=$(mktemp -d)
trap 'kill $(jobs -p) 2> /dev/null; wait; rm -rf "$work"' EXIT

command -v wrk > /dev/null || { echo "serving.sh: install wrk" >&2; exit 1; }
"$top/tests/build.sh" programs
"$top/bench/growing_ring.py" "$groups" "$work/ring" &
sleep 2
"$top/build/programs-full/faultline" serve --device "$work/ring" $where 2> /dev/null &
server=$!
sleep 1
for _ in 1 2 3 4 5; do
	curl -s -o "$work/page" -w 'a scrape: %{time_total} s, %{size_download} bytes\n' \
		http://$where/metrics
	sleep 0.2
done
echo "samples: $(grep -vc '^#' "$work/page")"
grep RssAnon "/proc/$server/status"
wrk -t1 -c8 -d10s http://$where/metrics
grep RssAnon "/proc/$server/status"
