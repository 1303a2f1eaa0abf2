#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Record the profiles of case study 1 where the module is in.
#
# usage: record_1.sh small|full DIRECTORY
#
# full is the course's: two times two processes on 1024 MB each, which wants 3 GB of
# memory; small is a quarter of it, and quicker.
#
# One CPU: the emulator runs all of a guest's CPUs in turns, and time in which it is
# another's turn would pass for work.
#
# guest small: --memory 1024 --cpus 1 --limit 900
# guest full: --memory 3072 --cpus 1 --limit 5400

set -eu

tools=${FAULTLINE_TOOLS:-$(dirname "$0")}
size=$1 results=$2
case $size in
small) mb=256 many=12500 few=2500 sleep=0.25 ;;
full)  mb=1024 many=50000 few=10000 sleep=1 ;;
*)     echo "usage: record_1.sh small|full DIRECTORY" >&2; exit 2 ;;
esac

# record PROFILE POLICY: one process at random and one that follows POLICY
record()
{
	echo "case study 1: work $mb R $many and work $mb $2 $few"
	"$tools/work" $mb R $many --sleep $sleep &
	first=$!
	"$tools/work" $mb "$2" $few --sleep $sleep &
	second=$!
	sleep 0.2
	"$tools/monitor" > "$results/$1"
	wait $first
	wait $second
}

record profile1.dat R
record profile2.dat L
