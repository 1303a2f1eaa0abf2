#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# What guards against copies that are none is not blind.  A module that was built to make
# pages writable without copying them is found out by its own self-test, and if it does so
# only later, by cow_test.

. ./tap.sh

if [ "$(uname -m)" != x86_64 ]; then
	skip 'a module that does not copy is found out: no pre-copy on this architecture'
	finish
	exit
fi

# The claims of cow_test that are about pages of which copies are made ahead.
claims_wanted='fork_trees crowd parent_writes threads'

# said_by CHECK: the exit status of cow_test, as a process that copies 16 pages ahead.  No
# other does: what a wrong copy would do to a shell is not what is asked.  Who shares a stack with
# another may do anything, and wait for ever too.
said_by()
{
	# shellcheck disable=SC2016 # the inner shell's
	timeout -s KILL 240 sh -c 'echo R $$ children > /proc/faultline/status &&
		echo P $$ 16 > /proc/faultline/status && exec ./cow_test "$1"' sh "$1" > /tmp/said 2>&1
	said=$?
	killall -q -9 cow_test
	return $said
}

holds()		{ said_by "$1"; }
fails_once()	{ ! said_by "$1" && grep -q '^not ok' /tmp/said && grep -q '^1\.\.' /tmp/said; }

# A page must be written while it is shared, which is a matter of who runs when.
fails()
{
	for _ in 1 2 3 4 5; do
		! fails_once "$1" || return 0
	done
	return 1
}

insmod ./faultline_wrong.ko precopy_max_us=0
case $(uname -r) in
*-rt-amd64)
	check 'its self-test at load refuses it, and there is no other engine' \
		grep -q '^# pre-copy: n/a: self-test: ' /proc/faultline/status ;;
*)
	check 'its self-test at load refuses it, for the other engine' \
		grep -q '^# pre-copy: task work, not in place: self-test: ' /proc/faultline/status
	for claim in $claims_wanted; do
		check "with which cow_test's $claim holds" holds "$claim"
	done ;;
esac
rmmod faultline

insmod ./faultline_wrong.ko precopy_max_us=0 wrong_copy=0
check 'as long as it copies it is taken' grep -q '^# pre-copy: in place;' /proc/faultline/status
for claim in $claims_wanted; do
	check "and cow_test's $claim holds" holds "$claim"
done
echo 1 > /sys/module/faultline/parameters/wrong_copy
for claim in $claims_wanted; do
	check "when it no longer does, cow_test's $claim fails" fails "$claim"
done
rmmod faultline
# Pages that two processes may write to are nothing that a kernel must bear in silence.
dmesg -c > /dev/null
finish
