#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A program that is called wrongly says in one line what it expected, and exits with 2.

here=$(dirname "$0")
. "$here/../tap.sh"
programs=$here/../../build/programs

# rejects EXPECTED PROGRAM ARGUMENT...
rejects()
{
	local expected=$1 said status=0
	shift
	said=$("$programs/$1" "${@:2}" 2>&1 > /dev/null) || status=$?
	if [ $status -ne 2 ] || [ "$(wc -l <<< "$said")" -ne 1 ] ||
		[[ $said != "$1: "*"$expected"* ]]; then
		echo "exit status $status, said: $said"
		return 1
	fi
	[ -z "$("$programs/$1" "${@:2}" 2> /dev/null)" ]
}

# expect EXPECTED PROGRAM ARGUMENT...: the same as a claim
expect()
{
	check "$(printf '%q ' "${@:2}")is refused with '$1'" rejects "$@"
}

# answers PATTERN PROGRAM OPTION: on standard output, and exits with 0
answers()
{
	local said
	said=$("$programs/$2" "$3" 2>&1 < /dev/null) && grep -Eq "$1" <<< "$said"
}

for program in monitor work cow cow_bench cow_test copiers redis_writer; do
	check "$program --help shows an example" answers "^ +$program .+" "$program" --help
	check "$program --version tells it" answers "^$program \(Faultline\) [0-9]" "$program" --version
	expect "expected $program [OPTION...]" "$program" --nonsense
	expect "see $program --help" "$program" -x
done

expect 'expected monitor [OPTION...]' monitor profile.dat
expect 'expected monitor [OPTION...]' monitor --device
expect 'expected cow [OPTION...]' cow 23
expect 'expected copiers [OPTION...]' copiers 23
expect 'expected work [OPTION...] <MB> <R|L> <accesses>' work
expect 'expected work [OPTION...] <MB> <R|L> <accesses>' work 200
expect 'expected work [OPTION...] <MB> <R|L> <accesses>' work 200 R
expect 'expected work [OPTION...] <MB> <R|L> <accesses>' work 200 R 10000 20
for mb in 0 -1 x '' 1.5 1048577 99999999999999999999; do
	expect "MB: expected a whole number from 1 to 1048576, not '$mb'" work -- "$mb" R 1
done
for pattern in r RL '' X; do
	expect "expected R (random) or L (local), not '$pattern'" work 200 "$pattern" 1
done
for accesses in x '' 1e3 2147483648; do
	expect "accesses: expected a whole number from 0 to 2147483647, not '$accesses'" \
		work 200 R "$accesses"
done
for rounds in 0 x 2147483648; do
	expect "rounds: expected a whole number from 1 to 2147483647, not '$rounds'" \
		work 200 R 1 --rounds "$rounds"
done
for seconds in -1 x nan inf 0x1 1e2 3601 ''; do
	expect "sleep: expected a number from 0 to 3600, not '$seconds'" \
		work 200 R 1 "--sleep=$seconds"
done
for pages in 0 x -1 268435457; do
	expect "pages: expected a whole number from 1 to 268435456, not '$pages'" \
		cow "--pages=$pages"
	expect "pages: expected a whole number from 1 to 268435456, not '$pages'" \
		copiers "--pages=$pages"
done
for children in 0 x -1 65; do
	expect "children: expected a whole number from 1 to 64, not '$children'" \
		copiers "--children=$children"
done
expect "huge: expected --pages in multiples of 512, not 513" copiers --huge --pages 513
expect 'expected cow_bench [OPTION...] PATTERN' cow_bench
expect 'expected cow_bench [OPTION...] PATTERN' cow_bench single single
expect "PATTERN: expected one of sequential, reverse, every_other, random, random_61, random_25, \
random_5, single, parent, reuse, read, populate, not 'random_50'" cow_bench random_50
for mb in 0 x -1 1048577; do
	expect "memory: expected a whole number from 1 to 1048576, not '$mb'" \
		cow_bench "--memory=$mb" single
done
for children in 0 x -1 10001; do
	expect "children: expected a whole number from 1 to 10000, not '$children'" \
		cow_bench "--children=$children" single
done
for together in 0 x -1 65; do
	expect "together: expected a whole number from 1 to 64, not '$together'" \
		cow_bench "--together=$together" single
done
for pattern in parent reuse; do
	expect "together: expected a pattern that children write, not '$pattern'" \
		cow_bench -t 2 "$pattern"
done
for policy in 0 65 x '' on; do
	expect "policy, if not auto or off: expected a whole number from 1 to 64, not '$policy'" \
		cow_bench "--policy=$policy" single
done
expect "CHECK: expected some of fork_trees, crowd, parent_writes, threads, process_vm_writev, \
proc_mem, read, holes, edges, swap, userfaultfd, ksm, mlock, soft_dirty, shared, private_file, \
hugetlb, not 'forks'" cow_test crowd forks
for rounds in 0 x -1 1000001; do
	expect "rounds: expected a whole number from 1 to 1000000, not '$rounds'" \
		cow_test "--rounds=$rounds" crowd
done
expect 'expected redis_writer [OPTION...] <keys> <bytes> <rate> <seconds>' redis_writer 1 2 3
expect 'expected redis_writer [OPTION...] <keys> <bytes> <rate> <seconds>' redis_writer 1 2 3 4 5
expect "keys: expected a whole number from 1 to 2147483647, not '0'" redis_writer 0 2 3 4
expect "bytes: expected a whole number from 1 to 1048576, not '1e3'" redis_writer 1 1e3 3 4
expect "rate: expected a whole number from 1 to 100000, not '-1'" redis_writer -- 1 2 -1 4
expect "seconds: expected a whole number from 1 to 3600, not 'x'" redis_writer 1 2 3 x

# A recording that cannot begin takes the place of none.
old=$(mktemp)
trap 'rm -f "$old"' EXIT

# keeps ARGUMENT...
keeps()
{
	echo old > "$old"
	! "$programs/faultline" record -o "$old" "$@" 2> /dev/null && [ "$(< "$old")" = old ]
}

check 'without a ring a recording stays' keeps --device=/no/ring
check 'and where nobody can be traced' keeps --faults --pid=4194304
check 'or a command cannot be' keeps --device=/no/ring --faults -- true
finish
