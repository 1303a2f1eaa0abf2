#!/bin/busybox sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
#
# The device is (423,0); where that is taken, or any number will do, it is another one,
# and the log, the status file and the node in /dev agree on which.

. ./tap.sh

# number: the node's, as 423,0
number()
{
	echo "$(($(stat -c 0x%t /dev/faultline))),$(($(stat -c 0x%T /dev/faultline)))"
}

# agrees NUMBER: the status file and /proc/devices name the node's number
agrees()
{
	[ -c /dev/faultline ] && [ "$(number)" = "$1" ] &&
		grep -q "^# device: $1\$" /proc/faultline/status &&
		grep -q "^ *${1%,*} faultline\$" /proc/devices
}

# announced MAJOR WHY: the log has one line on why it is another number
announced()
{
	[ "$(dmesg | grep -c "faultline: major $1 is $2, so /dev/faultline is ($3)")" -eq 1 ]
}

opens()
{
	./monitor --dump > /tmp/profile 2>&1 && grep -q '^# hz: 20$' /tmp/profile
}

dmesg -c > /dev/null
insmod ./faultline.ko
check 'the device is 423,0' agrees 423,0
check 'which the log does not mention' eval '! dmesg | grep -q "faultline: major"'
check 'only root and its group may open it' [ "$(stat -c %a:%u:%g /dev/faultline)" = 660:0:0 ]
check 'it is a ring' opens
rmmod faultline
check 'the node goes with the module' [ ! -e /dev/faultline ]

# 1 is the major number of /dev/mem and its like.
insmod ./faultline.ko major=1
other=$(number)
check 'a number that is taken is left alone' [ "${other%,*}" != 1 ]
check 'another one is taken instead' agrees "$other"
check 'and the log says so' announced 1 taken "$other"
check 'it is a ring as well' opens
rmmod faultline

insmod ./faultline.ko major=0
other=$(number)
check 'major=0 takes any number' agrees "$other"
check 'and the log says which' announced 0 any "$other"
rmmod faultline

insmod ./faultline.ko major=511
check 'major=511, the largest, is taken' agrees 511,0
rmmod faultline

# A node that is there already, say from a mknod of old, is in nobody's way.
mknod /dev/faultline c 423 0
check 'a node made by hand does not keep the module out' insmod ./faultline.ko
check 'and works' opens
rmmod faultline
rm -f /dev/faultline
finish
