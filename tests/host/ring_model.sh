#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# In whatever order stores arrive and wherever a reader is meanwhile: what it takes is whole,
# nothing is lost without being counted, and it comes to the run's end.  And what goes wrong
# without barrier A of module/uapi/faultline.h, without both of B and C, and so on.

here=$(cd "$(dirname "$0")" && pwd)
. "$here/../tap.sh"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1

# explore [DEFINITION]: all states of the model; what spin says of them is in ./said
explore()
{
	spin ${1:+"-D$1"} -a "$here/../model/ring.pml" > said 2>&1 &&
		cc -O2 -DSAFETY -o pan pan.c >> said 2>&1 && ./pan -m100000 > said 2>&1
}

has_no_errors()
{
	explore && grep -q 'errors: 0$' said && ! grep -q 'max search depth too small' said &&
		sed -n 's/^ *\([0-9.e+]*\) states, stored.*/# \1 states/p' said && return
	sed 's/^/# /' said
	return 1
}

# has_error PATTERN DEFINITION
has_error()
{
	explore "$2"
	grep -Eq "$1" said && return
	sed 's/^/# /' said
	return 1
}

torn()
{
	has_error 'assertion violated .*first' "$1"
}

check "spin finds nothing wrong with the protocol" has_no_errors
for side in WRITER READER; do
	check "without barrier A of the ${side,,} a record may be torn" torn "WITHOUT_${side}_A"
	check "without barriers B and C of the ${side,,} too" torn "WITHOUT_${side}_B_AND_C"
done
for barrier in RELEASE ACQUIRE; do
	check "without the ${barrier,,} of registered a record may be missed" \
		has_error 'assertion violated .*whole' "WITHOUT_${barrier}_OF_REGISTERED"
done
check "without news of the end a reader may sleep for ever" \
	has_error 'invalid end state' WITHOUT_NEWS_OF_THE_END
finish
