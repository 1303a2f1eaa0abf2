#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# How many machines with faultline serve one Prometheus takes, and what their groups cost.
#
# usage: scaling.sh [TARGETS:GROUPS...]
#
# Prometheus is Debian's, out of the image that guests have, and runs right here; the
# targets are targets.py's, scraped every 5 s.  Memory and CPU are those of Prometheus alone.

set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$top/tests/vm/lib.sh"

sizes=("$@")
[ ${#sizes[@]} -gt 0 ] || sizes=(100:20 300:20 1000:20 100:200 300:200)
figures=$top/build/bench
settled=20 limit=240 measured=30
target_port=19423 port=19090
work=$(mktemp -d)
trap 'kill $(jobs -p) 2> /dev/null; wait; rm -rf "$work"' EXIT
mkdir -p "$figures"

# addresses N: so many of the loopback network
addresses()
{
	local i

	for ((i = 0; i < $1; i++)); do
		echo "      - 127.1.$((i / 250)).$((i % 250 + 1)):$target_port"
	done
}

configure()
{
	cat <<-END
	global:
	  scrape_interval: 5s
	  scrape_timeout: 5s
	scrape_configs:
	  - job_name: faultline
	    static_configs:
	    - targets:
	END
	addresses "$1"
}

# ask EXPRESSION: its value in Prometheus
ask()
{
	curl -sG "http://127.0.0.1:$port/api/v1/query" --data-urlencode "query=$1" |
		sed -n 's/.*"value":\[[^,]*,"\([^"]*\)"\].*/\1/p'
}

# cpu_ticks PID: that it has used so far
cpu_ticks()
{
	sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12 + $13 }'
}

# resident_mb PID
resident_mb()
{
	awk '/^VmRSS/ { printf "%d", $2 / 1024 }' "/proc/$1/status"
}

# settle TARGETS: until each has been scraped in less than the interval, which takes longer at
# first, when all series are new; then some more
settle()
{
	local left=$limit

	until [ "$(ask 'count(up == 1 and scrape_duration_seconds < 5)')" = "$1" ]; do
		left=$((left - 1))
		[ $left -gt 0 ] || break
		sleep 1
	done
	sleep $settled
}

# row TARGETS GROUPS
row()
{
	local targets prometheus before after start

	"$top/bench/targets.py" "$2" $target_port "$work" &
	targets=$!
	configure "$1" > "$work/prometheus.yml"
	sleep 5
	"$program" --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/data" \
		--web.listen-address=127.0.0.1:$port 2> "$work/log" &
	prometheus=$!
	start=$SECONDS
	settle "$1"
	start=$((SECONDS - start - settled))
	before=$(cpu_ticks $prometheus)
	sleep $measured
	after=$(cpu_ticks $prometheus)
	printf '%8d %7d %8s %9s %9d %8.3f %10.3f %8d\n' "$1" "$2" "$(ask 'sum(up)')" \
		"$(ask 'sum(scrape_samples_scraped)')" "$(resident_mb $prometheus)" \
		"$(awk "BEGIN { print ($after - $before) / $(getconf CLK_TCK) / $measured }")" \
		"$(ask 'quantile(0.99, scrape_duration_seconds)')" "$start"
	kill $prometheus $targets
	wait $prometheus $targets 2> /dev/null || true
	rm -rf "$work/data"
}

"$top/tests/build.sh" programs
step "a root file system from Debian" "$top/tests/vm/root.sh" fetch
program=$("$top/tests/vm/root.sh" file tools /usr/bin/prometheus)
{
	printf '%8s %7s %8s %9s %9s %8s %10s %8s\n' targets groups up series memory_MB CPUs scrape_s \
		ready_s
	for size in "${sizes[@]}"; do
		row "${size%:*}" "${size#*:}"
	done
} | tee "$figures/scaling"
