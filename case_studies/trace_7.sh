#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Record what real programs do to their memory, for case study 7, on this machine: Valgrind is not
# in the guest.  Only their data: code is of files, and never goes to swap.
#
# usage: trace_7.sh FAULTLINE-WHATIF DIRECTORY

set -eu

whatif=$1 traces=$2

# record NAME COMMAND...
record()
{
	name=$1
	shift
	valgrind --tool=lackey --trace-mem=yes --log-fd=9 "$@" 9>&1 > /dev/null 2> /dev/null |
		LC_ALL=C grep -v '^I' | "$whatif" compile - "$traces/$name.trace"
}

record xz xz -6 -k -c "$(dirname "$0")/../LICENSE"
# shellcheck disable=SC2016 # perl's names, not the shell's
record perl perl -e '$h{$_ * 7919 % 20011} = $_ for 1 .. 6000; $s += $h{$_} // 0 for 1 .. 6000; print $s'
