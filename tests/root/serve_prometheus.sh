#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# A Prometheus that scrapes faultline serve knows what the module counts: how many, how many
# a second, and how long.

. ./tap.sh

PAGES=128 ROUNDS_PER_S=4

# 512 kB are mapped, written and given back until SIGUSR1 comes, at times that do not depend on how
# long it takes, even where it takes five times as long.
workload='
	sub now { open my $uptime, "<", "/proc/uptime"; (split " ", <$uptime>)[0] }
	my ($pages, $per_s) = @ARGV;
	my $bytes = $pages * 4096;
	my $start = now();
	my $done = 0;
	$SIG{USR1} = sub { $done = 1 };
	for (my $round = 1; !$done; $round++) {
		my $memory = "x" x $bytes;
		undef $memory;
		my $left = $start + $round / $per_s - now();
		select(undef, undef, undef, $left) if $left > 0;
	}
	sleep 1000;
'

# ask EXPRESSION: its value, as Prometheus has it now; nothing where there is none
ask()
{
	expression=$(echo "$1" | busybox sed 's/%/%25/g; s/{/%7B/g; s/}/%7D/g; s/"/%22/g; s/\[/%5B/g
		s/\]/%5D/g; s/ /%20/g; s/+/%2B/g; s/=/%3D/g')
	busybox wget -q -O - "http://127.0.0.1:9090/api/v1/query?query=$expression" |
		busybox sed -n 's/.*"value":\[[^,]*,"\([^"]*\)"\].*/\1/p'
}

# figure COLUMN PID: from the module's own table
figure()
{
	busybox awk -v column="$1" -v pid="$2" '
		NR == 1 { for (i = 1; i <= NF; i++) if ($i == column) wanted = i }
		$1 == pid { print $wanted }' /proc/faultline/status
}

# becomes SECONDS COMMAND...: does it succeed at last?
becomes()
{
	left=$1
	shift
	until "$@"; do
		left=$((left - 1))
		[ "$left" -gt 0 ] || return 1
		busybox sleep 1
	done
}

is_ready()
{
	busybox wget -q -O - http://127.0.0.1:9090/-/ready > /dev/null 2>&1
}

equals()
{
	[ "$(ask "$1")" = "$2" ]
}

# near VALUE EXPECTED: within a tenth
near()
{
	busybox awk -v value="${1:-0}" -v expected="$2" \
		'BEGIN { exit !(value > 0.9 * expected && value < 1.1 * expected) }'
}

# per_second SECONDS COLUMN PID: by how much the module's figure grows
per_second()
{
	{
		echo "$(figure "$2" "$3") $(cat /proc/uptime)"
		busybox sleep "$1"
		echo "$(figure "$2" "$3") $(cat /proc/uptime)"
	} | busybox awk 'NR == 1 { count = $1; start = $2 }
		NR == 2 { print ($1 - count) / ($2 - start) }'
}

# stands_still COLUMN PID: as it does who sleeps at last
stands_still()
{
	before=$(figure "$1" "$2")
	busybox sleep 2
	[ "$(figure "$1" "$2")" = "$before" ]
}

has_openmetrics()
{
	busybox wget -q -O - 'http://127.0.0.1:9090/api/v1/metadata?metric=faultline_cpu_seconds' |
		busybox grep -q '"type":"counter".*"unit":"seconds"'
}

is_page_good()
{
	busybox wget -q -O - http://127.0.0.1:9423/metrics > /tmp/page &&
		[ -z "$(promtool check metrics < /tmp/page 2>&1)" ]
}

cat > /tmp/prometheus.yml <<-END
	global:
	  scrape_interval: 1s
	scrape_configs:
	  - job_name: faultline
	    static_configs:
	      - targets: ['127.0.0.1:9423']
END
echo never > /sys/kernel/mm/transparent_hugepage/enabled
insmod ./faultline.ko latency=copy
./faultline_full serve 2> /tmp/serve &
server=$!
prometheus --config.file=/tmp/prometheus.yml --storage.tsdb.path=/tmp/prometheus \
	--web.listen-address=127.0.0.1:9090 2> /tmp/log &
prometheus=$!
check 'Prometheus is ready' becomes 100 is_ready
check 'and can scrape it' becomes 30 equals 'up{job="faultline"}' 1
check 'the module stays in while it is served' eval '! rmmod faultline 2> /dev/null'

MALLOC_MMAP_THRESHOLD_=65536 perl -e "$workload" $PAGES $ROUNDS_PER_S &
worker=$!
echo "R $worker" > /proc/faultline/status
busybox sleep 10
expected=$(per_second 20 minor $worker)
rate=$(ask 'rate(faultline_minor_faults_total{groupname="perl"}[20s])')
check "$PAGES pages a round, $ROUNDS_PER_S rounds a second: $rate minor faults a second of $expected" \
	near "$rate" "$expected"
check 'they come as OpenMetrics, whose counters have a name without _total' has_openmetrics
kill -USR1 $worker
check 'it has done its rounds' becomes 100 stands_still minor $worker
minor=$(figure minor $worker)
check "all $minor that the module has counted arrive" \
	becomes 20 equals 'faultline_minor_faults_total{groupname="perl"}' "$minor"
kill $worker
check 'and stay when the process has ended' \
	becomes 20 equals 'faultline_processes{groupname="perl"}' 0
total=$(ask 'faultline_minor_faults_total{groupname="perl"}')
check "at $total" [ "$total" -ge "$minor" ]

# It registers itself and its child.
./cow --pages 5000 > /dev/null
check 'pages that it copied arrive as their kind' \
	becomes 20 eval '[ "$(ask "faultline_cow_pages_total{groupname=\"cow\",kind=\"anon\"}")" -ge 5000 ]'
copies=$(busybox awk '$1 == "total" && $3 == "copy" { print $4 }' /proc/faultline/histogram)
check "and all $copies times" becomes 20 equals faultline_cow_copy_seconds_count "$copies"
check 'of which Prometheus takes the median' \
	eval '[ -n "$(ask "histogram_quantile(0.5, faultline_cow_copy_seconds_bucket)")" ]'
check 'promtool finds nothing in the page' is_page_good
check 'no sample was lost on the way' equals faultline_samples_lost_total 0
kill $prometheus
kill $server
wait $server
check 'it ends with status 0' [ $? -eq 0 ]
check 'and lets go of the module' rmmod faultline
finish
