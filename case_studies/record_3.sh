#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Record the results of case study 3 where the module is in.
#
# usage: record_3.sh small DIRECTORY
#
# guest small: --memory 512 --limit 300

set -eu

tools=${FAULTLINE_TOOLS:-$(dirname "$0")}
here=$(dirname "$0")
[ "${1-}" = small ] || { echo "usage: record_3.sh small DIRECTORY" >&2; exit 2; }
# shellcheck source=case_studies/results_head.sh
. "$here/results_head.sh"

rows=$(mktemp)
# 16 MB.  Its exit status says whether all counts are what they must be.
equal=0
"$tools/cow" --pages 4096 > "$rows" || equal=$?
{
	results_head 3
	cat "$rows"
} > "$2/case_study_3.results"
rm "$rows"
exit $equal
