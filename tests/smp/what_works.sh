#!/bin/busybox sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
#
# What can be had on this kernel is had, and status says how; tests/matrix.sh makes a table of
# these lines.

. ./tap.sh

# told KEY: what status says of it, without what an empty measurement reads and without
# what is switched on
told()
{
	sed -n "s/^# $1: //p" /proc/faultline/status | sed 's/, an empty .*//; s/^timed by //; s/; system: .*//'
}

# had WHAT KEY: it is not n/a
had()
{
	how=$(told "$2")
	check "$1: $how" [ -n "${how%%n/a*}" ]
}

insmod ./faultline.ko latency=fault
sleep 60 &
echo "R $!" > /proc/faultline/status
had 'copy-on-write faults are counted' cow
had 'copies are timed' copies
had 'whole faults are timed' faults
# Not everywhere: the line says why not.
check "pre-copy: $(told pre-copy)" [ -n "$(told pre-copy)" ]
kill $!
rmmod faultline
finish
