#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# No process sees what another one writes to memory that they share since a fork, and
# cow_bench counts as many faults as its patterns have pages.

. ./tap.sh

# isolation: the claims of cow_test, all of them as ours
isolation()
{
	./cow_test --rounds 2 > /tmp/said 2>&1
	awk -v claims=$claims '/^(not )?ok [0-9]+ - / { sub(/ok [0-9]+/, "ok " ++claims) }
		!/^1\.\./' /tmp/said
	claims=$((claims + $(grep -Ec '^(not )?ok [0-9]+ - ' /tmp/said)))
	failed=$((failed + $(grep -c '^not ok ' /tmp/said)))
	check 'cow_test comes to its end' grep -q '^1\.\.[1-9]' /tmp/said
}

# faults OPTIONS PATTERN PAGES TRAPS: of every child, and no word is wrong
faults()
{
	# shellcheck disable=SC2086 # options, one a word
	check "cow_bench $1 $2: $3 minor faults of each child, $4 traps, no word wrong" eval \
		"./cow_bench -m 4 $1 $2 > /tmp/rows && ! sed 1d /tmp/rows |
			grep -Ev '^$2 [0-9]+ [0-9]+ $3 [0-9]+ $3 ($4|n/a) 0\$'"
}

isolation
for pattern in sequential reverse random parent reuse read; do
	faults '' $pattern 1024 1024
done
faults '' every_other 512 512
faults '' random_61 624 624
faults '' random_25 256 256
faults '' random_5 51 51
faults '' single 1 1
faults '' populate 1024 0
faults '-c 8 -t 3' sequential 1024 1024
faults '-c 8 -t 3 -f' random_25 256 256
check 'a row for each of these' [ "$(sed 1d /tmp/rows | wc -l)" -eq 8 ]
check 'cow_bench -p without the module fails and says why' eval \
	'! ./cow_bench -p auto single > /dev/null 2> /tmp/said && grep -q "module not loaded" /tmp/said'
finish
