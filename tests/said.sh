# SPDX-License-Identifier: GPL-2.0
#
# What commands say, for shell tests of guests:
#	. ./said.sh; check "claim" ends_with 1 command...; check "claim" says 'pattern'

# ends_with STATUS COMMAND...: what it says is in /tmp/out and /tmp/said
ends_with()
{
	wanted=$1
	shift
	status=0
	"$@" > /tmp/out 2> /tmp/said || status=$?
	[ $status -eq "$wanted" ] && return
	echo "exit status $status; $(cat /tmp/said)"
	return 1
}

# says PATTERN: the last command did on standard error
says()
{
	grep -Eq -- "$1" /tmp/said && return
	cat /tmp/said
	return 1
}
