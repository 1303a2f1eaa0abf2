#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Whatever is copied ahead, and however, no process sees what another one writes: all of
# cow_test holds under every policy of either engine.

. ./tap.sh

switch=/proc/sys/vm/cow_precopy

# The engines that there must be here; where one is missed, nothing else would show it.
has_engine()
{
	case $(uname -m)-$(uname -r)-$1 in
	aarch64-*)            false ;;
	*-rt-amd64-task_work) false ;;
	esac
}

# pages_copied: that many were, since somebody wrote into cow_stats
pages_copied()
{
	sed -n 's/.*precopy_success: //p' /proc/cow_stats
}

# with_policy ENGINE DEPTH: 0 is adaptive
with_policy()
{
	echo "$2" > ${switch}_depth
	echo 1 > $switch
	echo 0 > /proc/cow_stats
	./cow_test > /tmp/said 2>&1
	result=$?
	grep -v -e '^ok' -e '^1\.\.' /tmp/said
	check "all $(grep -c '^ok' /tmp/said) claims of cow_test hold with $1, depth $2" \
		[ $result -eq 0 ]
	check "and $(pages_copied) pages were copied ahead" [ "$(pages_copied)" -gt 10000 ]
	echo 0 > $switch
}

# with_engine ENGINE DEPTH...
with_engine()
{
	engine=$1
	shift
	# As many pages at a time as the policy says, however slow the machine.
	insmod ./faultline.ko "precopy=$engine" precopy_max_us=0
	if has_engine "$engine"; then
		for depth in "$@"; do
			with_policy "$engine" "$depth"
		done
	else
		skip "cow_test with $engine: not on this kernel"
		check "and to switch it on is not supported" eval \
			"echo 1 2>&1 > $switch | grep -q 'not supported' && grep -qx 0 $switch"
	fi
	rmmod faultline
}

with_engine in_place 0 1 4 16 64
with_engine task_work 0 16
finish
