#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Case studies 1 and 2 from nothing to plots, on a stock Debian kernel in QEMU.
#
# usage: demo.sh small|full		(make demo, make demo FULL=1)

set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$top/tests/vm/lib.sh"

size=${1:?small or full}
kernel=6.12
plots=$top/plots
# Started with the memory that record_1.sh and record_2.sh ask for, and with one CPU:
# the emulator runs all of a guest's CPUs in turns, and time in which it is another's
# turn would pass for work.
case $size in
small)
	guest_1='--memory 1024 --cpus 1' guest_2='--memory 384 --swap 1024 --cpus 1' limit=900
	random='256 R 12500 and 256 R 2500' local='256 R 12500 and 256 L 2500' ;;
full)
	guest_1='--memory 3072 --cpus 1' guest_2='--memory 1024 --swap 5120 --cpus 1' limit=5400
	random='1024 R 50000 and 1024 R 10000' local='1024 R 50000 and 1024 L 10000' ;;
esac

# record N GUEST-OPTION...: run record_N.sh in a guest, profiles into plots/
record()
{
	local script=record_$1.sh
	shift

	rm -rf "$top/build/demo"
	"$top/tests/vm/guest.sh" "$@" --limit "$limit" --results "$top/build/demo" \
		--console "$top/build/consoles/demo" \
		--add "$top/build/$kernel/faultline.ko" --add "$top/build/programs/monitor" \
		--add "$top/build/programs/work" --add "$top/case_studies/$script" $kernel \
		"insmod faultline.ko && FAULTLINE_TOOLS=. ./$script $size /results && rmmod faultline"
	mv "$top"/build/demo/*.dat "$plots"
}

mkdir -p "$plots" "$top/build/consoles"
"$top/tests/vm/kernel.sh" fetch $kernel
step "monitor and work" "$top/tests/build.sh" programs
step "the module for $kernel" "$top/tests/build.sh" module $kernel
rm -f "$plots"/profile*.dat
# shellcheck disable=SC2086 # options, one a word
step "case study 1 in the guest" record 1 $guest_1
# shellcheck disable=SC2086
step "case study 2 in the guest" record 2 $guest_2
step "plots of case study 1" "$top/case_studies/case_study_1.py" -o "$plots" \
	--label-a "$random" --label-b "$local" "$plots/profile1.dat" "$plots/profile2.dat"
step "plot of case study 2" "$top/case_studies/case_study_2.py" -o "$plots" \
	"$plots"/profile3_*.dat
echo "Written:"
ls "$plots"/*.dat "$plots"/*.png
