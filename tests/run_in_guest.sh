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
dirty='WARNING:|BUG:|Oops|Call [Tt]race|general protection|soft lockup|hard LOCKUP|rcu.*stall|blocked for more than|refcount_t|possible circular|inconsistent lock|kernel panic|Unable to handle kernel|Internal error|UBSAN:|kmemleak:'

# What the kernel says of itself, a line each.  KCSAN finds much that has nothing to do with us;
# who is killed for want of memory is told with a trace of how it came to that, and so are
# allocations that fail because a test says so.
log_dirt()
{
	dmesg | awk -v test="$test" '
		/BUG: KCSAN/ && !/\[faultline\]/ { next }
		/ invoked oom-killer:/ { killing = 1 }
		/oom-kill:/ { killing = 0 }
		/vmalloc error:|page allocation failure:/ { refusing = test ~ /^failing_/ }
		/kmemleak: Cannot allocate a scan area/ && test ~ /^failing_/ { next }
		/Mem-Info:/ { refusing = 0 }
		(killing || refusing) && /Call [Tt]race:/ { next }
		{ print }' | grep -E "$dirty"
}

# Memory that nothing points to: kmemleak looks twice at what is older than five seconds,
# and tells in the log if there is some.
look_for_leaks()
{
	sleep 6
	echo scan > /sys/kernel/debug/kmemleak
	echo scan > /sys/kernel/debug/kmemleak
	cat /sys/kernel/debug/kmemleak
	echo clear > /sys/kernel/debug/kmemleak
}

for test in "$@"; do
	dmesg -c > /dev/null
	start=$(date +%s)
	output=/tmp/output
	timeout "$limit" "./$test" > $output 2>&1 < /dev/null
	result=$?
	# TAP lines get the test's name; whatever else it says is a comment.
	sed -E "s/^(ok|not ok) [0-9]+ - (# SKIP )?/\1 - \2$test: /; t; s/^/# /" $output
	echo "# $test: $(($(date +%s) - start)) s"
	if [ $result -eq 124 ] || [ $result -eq 143 ]; then
		echo "not ok - $test: ends within $limit s"
	elif ! grep -q '^1\.\.[1-9]' $output; then
		echo "not ok - $test: runs to its end (exit status $result): $(grep '^Bail out!' $output)"
	fi
	killall -q -9 faultline monitor work
	if grep -q '^faultline ' /proc/modules && ! rmmod faultline; then
		echo "not ok - $test: leaves a module that can be removed"
	fi
	[ ! -e /sys/kernel/debug/kmemleak ] || look_for_leaks | sed 's/^/# /'
	dirt=$(log_dirt)
	if [ -n "$dirt" ]; then
		echo "not ok - $test: keeps the kernel's log clean: $(echo "$dirt" | head -n 1)"
		dmesg | sed 's/^/# /'
	fi
done
