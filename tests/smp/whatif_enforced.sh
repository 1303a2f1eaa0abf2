#!/bin/busybox sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
#
# On this kernel, too, memory that is ruled by a policy has the faults that are simulated: the exit
# status of enforce says so.  What it compares is tested on the host.

. ./tap.sh

export TMPDIR=/tmp
whatif=./faultline-whatif
$whatif gen zipf -n 100 -a 1000 > /tmp/zipf
$whatif gen fork -n 20 -a 200 > /tmp/fork
for policy in fifo lru clock 2q mglru; do
	check "$policy: zipf in 1, 20 and 100 frames" \
		$whatif enforce /tmp/zipf -n 1,20,100 -P $policy
	check "$policy: two processes in 8 frames" $whatif enforce /tmp/fork -n 8 -P $policy
done
finish
