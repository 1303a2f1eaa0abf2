# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154 # tools: where the programs are
#
# What a file of results begins with:  . results_head.sh; results_head NUMBER
#
# The lines of a profile that tell of machine, kernel and module, as monitor writes them,
# and what a time in the file means.  After the runs, for what timing costs is found with
# the first of them.

results_head()
{
	echo "# faultline results, format 1"
	echo "# study: $1"
	"$tools/monitor" --dump --all 2> /dev/null |
		grep -E '^# (kernel|cpu|memory_bytes|recorded|cow|latency_cost_ns): '
	case ${FAULTLINE_CLOCK-} in
	icount)   echo "# time: instructions (icount, ~1 ns each)" ;;
	emulated) echo "# time: ns of an emulator" ;;
	*)        echo "# time: ns" ;;
	esac
}
