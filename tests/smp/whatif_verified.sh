#!/bin/busybox sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
#
# The kernel has about as many major faults in a memory cgroup as the simulation predicts, and none
# where all fits; as many first uses with huge pages and without; and after a fork as many copies as
# are predicted, however many pages are copied ahead.

. ./tap.sh

export TMPDIR=/tmp
whatif=./faultline-whatif
huge=/sys/kernel/mm/transparent_hugepage/enabled
echo +memory > /sys/fs/cgroup/cgroup.subtree_control
# Readahead brings in what nobody asked for.
readahead=$(cat /proc/sys/vm/page-cluster)
echo 0 > /proc/sys/vm/page-cluster

# verify TRACE OPTION...: rows into /tmp/verified; its status
verify()
{
	trace=$1
	shift
	$whatif verify /tmp/"$trace" -F csv "$@" > /tmp/csv 2> /tmp/said
	status=$?
	tr -d '\r' < /tmp/csv | sed 1d > /tmp/verified
	sed 's/^/# /' /tmp/verified
	return $status
}

# near PERCENT LEAST ROWS: so many rows, each with at least so many faults, and an error of at most
# this, which is what it is called
near()
{
	awk -F , -v most="$1" -v least="$2" -v rows="$3" '
		{ differs = $10 - 100 * ($8 - $9) / $9 }
		$9 >= least && $10 != "" && $10 <= most && $10 >= -most && differs < 0.1 && differs > -0.1 {
			good++
		}
		END { exit !(NR == rows && good == rows) }' /tmp/verified
}

near_in_frames()
{
	verify "$1" -n "$2" -P mglru && near "$3" 100 1
}

all_fits()
{
	verify zipf -n 1500 -P lru &&
		awk -F , '{ seen = $8 == 0 && $9 == 0 && $10 == "" && $11 >= $6 } END { exit !seen }' \
			/tmp/verified
}

# is COLUMN NUMBER...: in the rows, one after the other
is()
{
	column=$1
	shift
	[ "$(cut -d , -f "$column" /tmp/verified | xargs)" = "$*" ]
}

# both TRACE OPTIONS NUMBER...: so many are predicted, and the kernel has as many
both()
{
	trace=$1 options=$2
	shift 2
	# shellcheck disable=SC2086 # words
	verify "$trace" $options && is 8 "$@" && is 9 "$@"
}

group()
{
	find /sys/fs/cgroup -name 'faultline-whatif.*'
}

# Signalled as by a terminal, with whom it has made.
leaves_nothing()
{
	$whatif gen zipf -n 2000 -a 2000000 -o /tmp/long
	setsid $whatif verify /tmp/long -n 300 > /tmp/csv 2> /tmp/said & session=$!
	while [ -z "$(group)" ]; do sleep 0.1; done
	sleep 1
	kill -TERM -$session
	wait $session
	[ $? -eq 143 ] && [ -z "$(group)" ]
}

# counts_nothing WHY OPTION...: what is not counted is n/a, with a line
counts_nothing()
{
	why=$1
	shift
	! verify sequential "$@" && is 9 '' && is 10 '' &&
		[ "$(grep -c . /tmp/said)" -eq 1 ] && grep -q "^faultline-whatif verify: $why" /tmp/said
}

no_swap()
{
	swap=$(awk 'NR == 2 { print $1 }' /proc/swaps)
	swapoff "$swap"
	counts_nothing 'the process was killed: there is no room, or no swap' -n 50 -P lru
	status=$?
	swapon "$swap"
	return $status
}

never_huge()
{
	before=$(sed 's/.*\[\(.*\)\].*/\1/' $huge)
	echo never > $huge
	counts_nothing "$huge is never" -H 2m
	status=$?
	echo "$before" > $huge
	return $status
}

# In page tables, that is from page 0 to 599, and from 5100 to 5199.
pieces()
{
	awk 'BEGIN {
		for (page = 5100; page < 5200; page++)
			printf "1 W 0x%x\n", page * 4096
		for (page = 100; page < 1700; page += 2)
			printf "1 W 0x%x\n", page * 4096
	}'
}

$whatif gen zipf -n 1000 -a 8000 -o /tmp/zipf
$whatif gen thrashing -n 600 -a 2400 -o /tmp/thrashing
# Each of 2000 pages 64 times, and one write in four, the first of each page among them.
$whatif gen sequential -n 2000 -a 128000 -o /tmp/sequential
pieces > /tmp/pieces

check "where all fits there is no major fault, and none is predicted" all_fits
check "zipf in 200 frames: within 25% of what is predicted" near_in_frames zipf 200 25
check "zipf in 500 frames: within 35%" near_in_frames zipf 500 35
check "thrashing in 300 frames: within 10%" near_in_frames thrashing 300 10
check "nobody is left in a cgroup" [ -z "$(group)" ]
check "a process that is killed is told" no_swap
check "nor when it is interrupted" leaves_nothing

check "without huge pages each of 2000 pages has its first use" both sequential '-H off' 2000
if [ -e $huge ]; then
	check "of 2000 pages 3 times 512 are a huge page, and 464 are small" \
		both sequential '-H 2m' 467
	check "a huge page comes only where a mapping has room for it, and then for all of it" \
		both pieces '-H 2m,off' $((206 + 2 + 82 + 100)) 900
	check "zipf: within 1%, with huge pages and without" \
		eval 'verify zipf -H off,2m && near 1 400 2'
	check "where huge pages are off, n/a and a line tell" never_huge
else
	check "where there are no huge pages, n/a and a line tell" \
		counts_nothing 'this kernel has no transparent huge pages' -H 2m
fi

check "without the module, n/a and a line tell" \
	counts_nothing 'pre-copy: the module is not in' -y 4
insmod faultline.ko
# In an emulator windows take longer than they may.
echo 0 > /sys/module/faultline/parameters/precopy_max_us
check "without pre-copy each page that is written is copied in its fault" both sequential '-y 0' 2000
if grep -q '^# pre-copy: n/a: ' /proc/faultline/status; then
	check "where the module copies nothing ahead, n/a and a line tell" \
		counts_nothing 'pre-copy: ' -y 4
else
	# Windows end with a page table, and where somebody else waits for the CPU.
	check "in order: within 3%, with 1, 4 and 16 pages ahead" \
		eval 'verify sequential -y 1,4,16 && is 8 1000 402 121 && near 3 100 3'
	check "in order: within 10% with 64" \
		eval 'verify sequential -y 64 && is 8 32 && near 10 25 1'
	check "in pieces: within 3% with 1, 4 and 16" \
		eval 'verify pieces -y 1,4,16 && near 3 50 3'
	check "zipf: within 3% with 0, 1 and 4" eval 'verify zipf -y 0,1,4 && near 3 100 3'
fi
echo "$readahead" > /proc/sys/vm/page-cluster
finish
