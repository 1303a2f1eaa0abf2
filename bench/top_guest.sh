#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What top.sh runs in a guest.
#
# usage: top_guest.sh LATENCY

set -eu

processes=256 seconds=60

mountpoint -q /dev/pts || mount -t devpts devpts /dev/pts
insmod ./faultline.ko "latency=$1"
i=0
while [ $i -lt $processes ]; do
	# One in 32 forks once a second, the others do nothing: each has its records.
	if [ $((i % 32)) -eq 0 ]; then
		sh -c 'while sleep 1; do :; done' &
	else
		sleep 1000 &
	fi
	echo "R $!" > /proc/faultline/status
	i=$((i + 1))
done
export TERM=xterm-256color LC_ALL=C.UTF-8
(sleep $((seconds + 15)); printf q) |
	script -q -c 'stty rows 24 cols 80; exec ./faultline top' /dev/null > /dev/null &
sleep 10
pid=$(pgrep -f '^./faultline top')
read -r before _ < "/proc/$pid/schedstat"
sleep $seconds
read -r after _ < "/proc/$pid/schedstat"
echo "latency=$1: $(((after - before) / 1000000)) ms of CPU time in $seconds s"
