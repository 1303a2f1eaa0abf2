#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What precopy.sh runs in a guest: the patterns of cow_bench, without pre-copy and with it.
#
# Prints cow_bench's rows, with 0 (off) or 1 (adaptive) before each.

set -eu
# shellcheck disable=SC3040 # busybox has it
set -o pipefail

rounds=3

# write ON PATTERN [--fresh]: PATTERN is called PATTERN_fresh where pages are other ones each time
write()
{
	echo "$1" > /proc/sys/vm/cow_precopy
	# shellcheck disable=SC2086 # an option that is there or not
	./cow_bench ${3-} "$2" | sed "1d; s/^[^ ]*/$1 &${3:+_fresh}/"
}

# Off and on take turns, because what runs first takes longer: it fills the allocator's lists.
compare()
{
	for _ in $(seq $rounds); do
		write 0 "$@"
		write 1 "$@"
	done
}

# Else the emulator, in whose time a copy takes some 20 times as long, would cut each window.
insmod ./faultline.ko precopy_max_us=0
# A guest is not quiet for some seconds after it has booted.
sleep 5
write 0 sequential > /dev/null
for pattern in sequential reverse every_other parent reuse read single \
	       random random_61 random_25 random_5; do
	compare $pattern
done
for pattern in random random_61 random_25 random_5; do
	compare $pattern --fresh
done
