#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# stress-ng finds its memory as it wrote it, and the kernel no fault in itself, while pages
# are copied ahead for all of its processes.

. ./tap.sh

# stress POLICY SECONDS: as nobody, for root's madvise would poison pages and die of it; by its
# path, for busybox would take the setpriv that it is itself
stress()
{
	echo 0 > /proc/cow_stats
	/usr/bin/setpriv --reuid nobody --regid nogroup --clear-groups \
		stress-ng --verify --timeout "$2" --temp-path /tmp --fork 2 --vm 2 \
		--vm-bytes 32m --vm-method flip --mremap 1 --mremap-bytes 8m --madvise 1 \
		> /tmp/said 2>&1
	status=$?
	check "with $1, stress-ng forks, maps, moves and drops memory, and verifies it" [ $status -eq 0 ]
	[ $status -eq 0 ] || sed "s/^/# $status: /" /tmp/said
	pages=$(sed -n 's/.*precopy_success: //p' /proc/cow_stats)
	check "$pages pages were copied ahead for it" [ "$pages" -gt 50 ]
}

insmod ./faultline.ko precopy=in_place precopy_max_us=0
echo 1 > /proc/sys/vm/cow_precopy
stress 'in_place, adaptive' 20
echo 64 > /proc/sys/vm/cow_precopy_depth
stress 'in_place, depth 64' 10
rmmod faultline

case $(uname -r) in
*-rt-amd64)
	skip 'stress-ng with task_work: not on this kernel' ;;
*)
	insmod ./faultline.ko precopy=task_work precopy_max_us=0
	echo 1 > /proc/sys/vm/cow_precopy
	stress 'task_work, adaptive' 10
	rmmod faultline ;;
esac
finish
