#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What faultline top takes of a CPU with 256 processes registered and a look each second:
# an instruction counts as 1 ns.
#
# usage: top.sh KERNEL			(2 minutes for each of two modes)

set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
kernel=${1:?KERNEL}

"$top/tests/build.sh" programs
"$top/tests/build.sh" module "$kernel"
mkdir -p "$top/build/consoles"
for latency in off fault; do
	"$top/tests/vm/guest.sh" --root --icount --memory 1024 --limit 480 \
		--console "$top/build/consoles/bench-top" \
		--add "$top/build/$kernel/faultline.ko" \
		--add "$top/build/programs-full/faultline" --add "$top/bench/top_guest.sh" \
		"$kernel" sh ./top_guest.sh "$latency"
done
