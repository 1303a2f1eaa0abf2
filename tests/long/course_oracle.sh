#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The university course that invented `work` published how many minor faults its
# program makes.  The module counts as many in ours, to half a percent: ours draws
# other random numbers, and the course's figures include the start of the process.

. ./tap.sh

# Start a `work` that does not wait between its rounds; it says what it saw in $1.
start()
{
	./work --sleep 0 "$2" "$3" "$4" > "/tmp/$1" &
}

# What the module counted as $1 (minor, major) in the `work`s named after it, summed.
seen()
{
	what=$1 total=0
	shift
	for name; do
		number=$(sed -E "s/.*module .*$what ([0-9]+).*/\1/" "/tmp/$name")
		total=$((total + number))
	done
	echo $total
}

# near VALUE MUST PER_MILLE
near()
{
	[ $((($1 - $2) * 1000)) -le $(($2 * $3)) ] && [ $((($2 - $1) * 1000)) -le $(($2 * $3)) ]
}

# faults CLAIM MUST PER_MILLE NAME...
faults()
{
	text=$1 must=$2 per_mille=$3
	shift 3
	minor=$(seen minor "$@")
	check "$text: $must minor faults, saw $minor" near "$minor" "$must" "$per_mille"
	check "and no major ones, which would mean that memory is too small" \
		[ "$(seen major "$@")" -eq 0 ]
}

insmod faultline.ko

start large 1024 R 50000
start small 1024 R 10000
wait
faults "1024 R 50000" 256520 5 large
faults "1024 R 10000 at the same time" 140558 5 small
faults "both" 397078 5 large small

start one 200 R 10000
wait
faults "200 R 10000" 50250 5 one

for name in 1 2 3 4 5; do
	start $name 200 R 10000
done
wait
faults "200 R 10000, five at a time" 251450 5 1 2 3 4 5

# The course's L is another program than ours, for which work.c has a formula.
start local 1024 L 10000
wait
faults "1024 L 10000" 57457 10 local

rmmod faultline
finish
