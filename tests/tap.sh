# SPDX-License-Identifier: GPL-2.0
#
# Test Anything Protocol for shell tests:  . ./tap.sh; check "claim" command...; finish

claims=0
failed=0

# check CLAIM COMMAND...: the claim holds if the command succeeds.
check()
{
	claim=$1
	shift
	claims=$((claims + 1))
	if "$@"; then
		echo "ok $claims - $claim"
	else
		echo "not ok $claims - $claim"
		failed=$((failed + 1))
	fi
}

# skip CLAIM-AND-WHY: a claim that this machine cannot test
skip()
{
	claims=$((claims + 1))
	echo "ok $claims - # SKIP $1"
}

finish()
{
	echo "1..$claims"
	[ $failed -eq 0 ]
}
