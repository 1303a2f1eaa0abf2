#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# After a fork, every page is copied once, for who writes it while the other one still
# has it, and the module counts exactly those, for child and parent apart; and the times
# of many children that copy at once are of their copies alone.

. ./tap.sh

# copied PROCESS SCENARIO: must and counted, with a blank between
copied()
{
	awk -v process="$1" -v scenario="$2" '$1 == process {
		name = $6
		for (i = 7; i <= NF; i++)
			name = name " " $i
		if (name == scenario)
			print $2, $3
	}' /tmp/table
}

# own PROCESS: the most that it copied besides, in any scenario
own()
{
	awk -v process="$1" '$1 == process && $4 - $3 > most { most = $4 - $3 } END { print most + 0 }' \
		/tmp/table
}

# faults PROCESS SCENARIO
faults()
{
	grep "^$1 .*  $2\$" /tmp/table | awk '{ print $5 }'
}

# counted SCENARIO CHILD PARENT: these many pages, as cow said that it must be
counted()
{
	check "$1, the child: $2 copied" [ "$(copied child "$1")" = "$2 $2" ]
	check "$1, the parent: $3 copied" [ "$(copied parent "$1")" = "$3 $3" ]
}

insmod faultline.ko

check 'cow finds all counts equal' eval './cow --pages 1001 > /tmp/table'
counted 'nobody touches anything' 0 0
counted 'child reads all' 0 0
counted 'child writes every other' 501 0
counted 'child writes all' 1001 0
counted 'parent reads all' 0 0
counted 'parent writes every other' 0 501
counted 'parent writes all' 0 1001
counted 'child writes every other, then parent all' 501 500
counted 'child writes all, then parent all' 1001 0
counted 'child writes all and exits, then parent all' 1001 0
counted 'child exits, then parent writes all' 0 0
check 'and there are no other scenarios' [ "$(grep -Ec '^(child|parent) ' /tmp/table)" -eq 22 ]
check 'pages that are reused fault nonetheless' \
	[ "$(faults parent 'child exits, then parent writes all')" -eq 1001 ]
check 'pages that are read do not' [ "$(faults child 'child reads all')" -eq 0 ]
for process in child parent; do
	own=$(own $process)
	check "the $process copies a few pages besides: $own" [ "$own" -ge 1 -a "$own" -le 16 ]
done
check 'one page is enough' eval './cow --pages 1 > /dev/null'

# Whole faults; where they cannot be timed (n/a) copiers counts all the same.
echo fault > /sys/module/faultline/parameters/latency
for options in '' '--random' '--children 3' '--children 3 --random'; do
	# shellcheck disable=SC2086 # options, one a word
	check "copiers $options: all pages of each child counted" eval \
		'./copiers --pages 1024 $options > /tmp/times'
	check 'and timed, no other and none missed' eval \
		'! sed 1d /tmp/times | grep -Ev "^1024 4k [a-z]+ [0-9]+ 1024 1024 [0-9]+ (copy|fault) 1024 0 "'
	children=${options#--children }
	children=${children%% *}
	case $children in [0-9]*) ;; *) children=1 ;; esac
	check "in two lines for each of $children" \
		[ "$(sed 1d /tmp/times | wc -l)" -eq $((2 * children)) ]
done
if [ -e /sys/kernel/mm/transparent_hugepage/enabled ]; then
	check 'copiers --huge: as many' eval './copiers --pages 1024 --huge > /tmp/times'
	check 'and timed' [ "$(grep -Ec '^1024 thp .* (copy|fault) 1024 0 ' /tmp/times)" -eq 2 ]
else
	check 'copiers --huge says that this kernel has no huge pages' eval \
		'! ./copiers --huge > /dev/null 2> /tmp/said && grep -q "huge pages" /tmp/said'
fi

rmmod faultline
check 'cow without the module fails and says why' eval \
	'! ./cow > /dev/null 2> /tmp/said && grep -q "module not loaded" /tmp/said'
finish
