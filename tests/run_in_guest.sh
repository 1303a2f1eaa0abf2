#!/bin/busybox sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
#
# Run tests one after another in a guest; each gets a guest without the module.
# Afterwards the module must come out, and the kernel's log must be clean.
#
# usage: run_in_guest.sh SECONDS TEST...		SECONDS: limit for each test

limit=$1
shift
dirty='WARNING:|BUG:|Oops|Call [Tt]race|general protection|soft lockup|hard LOCKUP|rcu.*stall|blocked for more than|refcount_t|possible circular|inconsistent lock|kernel panic|Unable to handle kernel|Internal error'

for test in "$@"; do
	dmesg -c > /dev/null
	output=/tmp/output
	timeout "$limit" "./$test" > $output 2>&1 < /dev/null
	result=$?
	# TAP lines get the test's name; whatever else it says is a comment.
	sed -E "s/^(ok|not ok) [0-9]+ - (# SKIP )?/\1 - \2$test: /; t; s/^/# /" $output
	if [ $result -eq 124 ] || [ $result -eq 143 ]; then
		echo "not ok - $test: ends within $limit s"
	elif ! grep -q '^1\.\.[1-9]' $output; then
		echo "not ok - $test: runs to its end (exit status $result): $(grep '^Bail out!' $output)"
	fi
	killall -q -9 faultline monitor work
	if grep -q '^faultline ' /proc/modules && ! rmmod faultline; then
		echo "not ok - $test: leaves a module that can be removed"
	fi
	if dmesg | grep -Eq "$dirty"; then
		echo "not ok - $test: keeps the kernel's log clean"
		dmesg | sed 's/^/# /'
	fi
done
