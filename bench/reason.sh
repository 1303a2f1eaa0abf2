# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0

# reason FILE...: why a tool failed, by what it wrote there: the line that has an error with
# words behind it, or a limit, or else the last; of the first file that has one
reason()
{
	{ grep -h -m 1 -iE 'error:? [^ ]|limited|unsupported' "$@" || grep -h . "$@" | tail -n 1; } |
		head -n 1 | cut -c -200
}
