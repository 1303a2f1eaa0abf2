#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Record what real programs do to their memory, for case study 7, on this machine: Valgrind is not
# in the guest.  Only their data: code is of files, and never goes to swap.
#
# usage: trace_7.sh FAULTLINE-WHATIF DIRECTORY
#
# What the programs want of this machine to run in the guest is left there, too: its Debian is of
# the same release, and has perl.

set -eu

whatif=$(realpath "$1") traces=$2
here=$(dirname "$0")
# shellcheck source=case_studies/programs_7.sh
. "$here/programs_7.sh"

cp "$here/programs_7.sh" "$here/../LICENSE" "$(command -v xz)" "$traces"
cd "$traces"
for recorded in xz perl; do
	program $recorded valgrind --tool=lackey --trace-mem=yes --log-fd=9 9>&1 > /dev/null \
		2> /dev/null | LC_ALL=C grep -v '^I' | "$whatif" compile - $recorded.trace
done
