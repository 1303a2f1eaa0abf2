#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Record the profiles of case study 2 where the module is in.
#
# usage: record_2.sh small|full DIRECTORY
#
# The processes of the last profiles need more memory than there should be: full
# wants a machine of 1 GB with 5 GB of swap, small one of 384 MB with 1 GB.
#
# One CPU: the emulator runs all of a guest's CPUs in turns, and time in which it is
# another's turn would pass for work.
#
# guest small: --memory 384 --swap 1024 --cpus 1 --limit 900
# guest full: --memory 1024 --swap 5120 --cpus 1 --limit 5400

set -eu

tools=${FAULTLINE_TOOLS:-$(dirname "$0")}
size=$1 results=$2
case $size in
small) mb=40 accesses=2000 sleep=0.25 degrees='1 5 11 16' ;;
full)  mb=200 accesses=10000 sleep=1 degrees='1 5 11 16 22' ;;
*)     echo "usage: record_2.sh small|full DIRECTORY" >&2; exit 2 ;;
esac

for degree in $degrees; do
	echo "case study 2: $degree times work $mb R $accesses"
	started=
	for _ in $(seq "$degree"); do
		"$tools/work" $mb R $accesses --sleep $sleep &
		started="$started $!"
	done
	sleep 0.2
	"$tools/monitor" > "$results/profile3_$degree.dat"
	for process in $started; do
		wait "$process"
	done
done
