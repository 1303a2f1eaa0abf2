# SPDX-License-Identifier: GPL-2.0
#
# What the scripts of this folder share: where the cache is, how a failure is
# said, and how a step that takes time shows that it is alive.

FAULTLINE_CACHE=${FAULTLINE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/faultline}

die()
{
	echo "$*" >&2
	exit 1
}

# step WHAT COMMAND...: run COMMAND with its output kept aside, and show WHAT with
# the seconds that it has taken so far.  A failing step prints what it kept.
step()
{
	local what=$1 log pid start=$SECONDS status=0
	shift
	log=$(mktemp)
	"$@" > "$log" 2>&1 < /dev/null &
	pid=$!
	if [ -t 2 ]; then
		while kill -0 "$pid" 2> /dev/null; do
			printf '\r  %-58s %4d s' "$what" $((SECONDS - start)) >&2
			sleep 0.2
		done
		printf '\r' >&2
	fi
	wait "$pid" || status=$?
	if [ $status -eq 0 ]; then
		printf '  %-58s %4d s\n' "$what" $((SECONDS - start)) >&2
	else
		printf '  %-58s FAILED\n' "$what" >&2
		cat "$log" >&2
	fi
	rm -f "$log"
	return $status
}
