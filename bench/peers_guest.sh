#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Faultline and its peers look at the same process, one after another.  Runs in the
# Debian of a guest; prints the `NAME VALUE` lines of peers.c, and `NAME_reason TEXT`
# for a tool that failed.
#
# usage: peers_guest.sh [NAME...]	those measurements; all without

set -u

wanted=" $* "

# The function that copies, or what it was inlined into.
copier=wp_page_copy
grep -qw "$copier" /proc/kallsyms || copier=do_wp_page
echo "copier $copier"

# Waits for the image's disk would count as instructions.
cat /usr/bin/{bpftrace,perf,chrt,setpriv} /usr/lib/x86_64-linux-gnu/*.so* /lib/modules/*/kernel \
	> /dev/null 2>&1
for warm in 'bpftrace -e BEGIN{exit()}' 'perf stat true' 'perf probe --list' \
	    'perf record -o /tmp/warm true' 'perf trace -o /tmp/warm true'; do
	$warm > /dev/null 2>&1
done
sleep 3
# Memory that was never used before costs more to allocate.
./peers warm '' '' > /dev/null

is_wanted()
{
	[ "$wanted" = '  ' ] || [[ $wanted == *" $1 "* ]]
}

# measure NAME TOOL READER: see peers.c.  "reason" of a failure is what TOOL said last.
measure()
{
	is_wanted "$1" || return 0
	: > out
	: > err
	./peers "$@" && return
	# bpftrace says why a probe cannot be only when asked for all.
	case $2 in
	*bpftrace*) timeout 60 bpftrace -v "$1.bt" 1 2>&1 | grep -m 1 unsupported >> out ;;
	esac
	printf '%s_reason %s\n' "$1" "$(cat err out | grep . | tail -n 1 | cut -c -200)"
}

# faultline NAME COLUMN PARAMETER: a COLUMN of monitor's rows is the count
faultline()
{
	is_wanted "$1" || return 0
	insmod faultline.ko "$3"
	# shellcheck disable=SC2016 # PID is for peers.c's shell, and columns are awk's
	measure "$1" 'echo R $PID > /proc/faultline/status; exec ./monitor > out 2> err' \
		"awk '!/^#/ { copies = \$$2; minor = \$8 } END { print copies, minor }' out"
	# The hooks stay for a second after the last process.
	sleep 3
	rmmod faultline
}

# The first registration patches the kernel, for all that come after it.
faultline_second()
{
	local first

	is_wanted faultline_second || return 0
	insmod faultline.ko
	sleep 1000 &
	first=$!
	echo "R $first" > /proc/faultline/status
	# shellcheck disable=SC2016 # PID is for peers.c's shell, and columns are awk's
	measure faultline_second 'echo R $PID > /proc/faultline/status; exec ./monitor > out 2> err' \
		'awk '\''$2 == ENVIRON["PID"] { copies = $10; minor = $8 } END { print copies, minor }'\'' out'
	kill $first
	sleep 3
	rmmod faultline
}

# bpf NAME READER: the script NAME.bt, whose first argument is the process
bpf()
{
	cat > "$1.bt"
	measure "$1" "exec bpftrace -B line $1.bt \$PID > out 2> err" "$2"
}

# shellcheck disable=SC2016 # columns are awk's
counts='awk '\''/^@cow:/ { copies = $2 } /^@minor:/ { minor = $2 } END { print copies + 0, minor }'\'' out'
# shellcheck disable=SC2016
histogram='awk -F "[])]" '\''/^@times/ { sum = 0 } /^\[/ { split($2, count, "|"); sum += count[1] }
	END { print sum + 0 }'\'' out'
# shellcheck disable=SC2016
last_row='tail -n 1 out | awk '\''{ print $4, $2 }'\'

measure nothing '' ''
faultline faultline_count 10 latency=off
faultline_second
faultline faultline_small 10 ring_records=1024
faultline faultline_copy 23 latency=copy
faultline faultline_fault 26 latency=fault

# shellcheck disable=SC2016 # PID is for peers.c's shell
{
measure stat 'exec ./poller stat 20 $PID > out 2> err' \
	'tail -n 1 out | awk '\''{ print -1, $2 }'\'
# Copies are counted for tasks that are born from now on.
sysctl -q kernel.task_delayacct=1
measure delayacct '' ''
measure taskstats 'exec ./poller taskstats 20 $PID > out 2> err' "$last_row"
measure exits 'exec ./poller exits 20 $PID > out 2> err' "$last_row"
sysctl -q kernel.task_delayacct=0
measure taskstats_late 'sysctl -q kernel.task_delayacct=1; exec ./poller taskstats 20 $PID > out 2> err' "$last_row"
sysctl -q kernel.task_delayacct=0
}

for probe in kprobe kfunc; do
	for function in "$copier" ptep_clear_flush; do
		name=bpf_count_${probe}_marker
		[ "$function" = ptep_clear_flush ] || name=bpf_count_${probe}_copier
		bpf "$name" "$counts" <<-END
			$probe:$function /pid == \$1/ { @cow = count(); }
			interval:ms:50 { print(@cow); }
		END
	done
	return_probe=${probe/k/kret}
	[ $probe = kprobe ] || return_probe=kretfunc
	bpf "bpf_copy_$probe" "$histogram" <<-END
		$probe:copy_mc_to_kernel /pid == \$1/ { @start[tid] = nsecs; }
		$return_probe:copy_mc_to_kernel /@start[tid]/ {
			@times = hist(nsecs - @start[tid]);
			delete(@start[tid]);
		}
		interval:s:1 { print(@times); }
	END
	bpf "bpf_fault_$probe" "$histogram" <<-END
		$probe:handle_mm_fault /pid == \$1/ { @start[tid] = nsecs; }
		kprobe:ptep_clear_flush /@start[tid]/ { @copied[tid] = 1; }
		$return_probe:handle_mm_fault /@start[tid]/ {
			if (@copied[tid]) {
				@times = hist(nsecs - @start[tid]);
				delete(@copied[tid]);
			}
			delete(@start[tid]);
		}
		interval:s:1 { print(@times); }
	END
done
# What Faultline counts, by one who knows where to look.
bpf bpf_count_both "$counts" <<-END
	kprobe:ptep_clear_flush /pid == \$1/ { @cow = count(); }
	kfunc:finish_fault /pid == \$1 && args->vmf->cow_page != 0/ { @cow = count(); }
	interval:ms:50 { print(@cow); }
END
bpf bpf_all "$counts" <<-END
	software:minor-faults:1 /pid == \$1/ { @minor = count(); }
	software:major-faults:1 /pid == \$1/ { @major = count(); }
	kprobe:ptep_clear_flush /pid == \$1/ { @cow = count(); }
	tracepoint:sched:sched_stat_runtime /args->pid == \$1/ { @cpu = sum(args->runtime); }
	interval:ms:50 { print(@minor); print(@major); print(@cow); print(@cpu); }
END

# shellcheck disable=SC2016 # PID is for peers.c's shell, and columns are awk's
{
measure perf_stat 'exec perf stat -x, -e minor-faults,major-faults,task-clock -I 50 -p $PID -o out 2> err' \
	'awk -F, '\''$4 == "minor-faults" { minor += $2 } END { print -1, minor }'\'' out'
for function in $copier ptep_clear_flush; do
	name=perf_cow_marker
	[ "$function" = ptep_clear_flush ] || name=perf_cow_copier
	perf probe -q --add "cow=$function" > /dev/null 2>&1
	measure $name 'exec perf stat -x, -e minor-faults,major-faults,task-clock,probe:cow -I 50 -p $PID -o out 2> err' \
		'awk -F, '\''$4 == "minor-faults" { minor += $2 } $4 == "probe:cow" { copies += $2 }
			END { print copies + 0, minor + 0 }'\'' out'
	perf probe -q --del 'cow' > /dev/null 2>&1
done
measure perf_record 'exec perf record -q -e page-faults -c 1 -p $PID -o data > out 2> err' ''
measure perf_trace 'exec perf trace -F all --no-syscalls -p $PID -o out 2> err' \
	'grep -c minfault out | sed "s/^/-1 /"'
}

cat > rate.bt <<END
kprobe:ptep_clear_flush /pid == \$1/ { @cow = count(); }
interval:ms:1 { print(@cow); }
END

# right NAME COMMAND...: does it tell a user who is nobody of that user's own process?
nobody='setpriv --reuid=65534 --regid=65534 --clear-groups'
right()
{
	local name=$1
	shift
	$nobody timeout 3 "$@" > out 2> err < /dev/null
	if grep -q '^ *[0-9]' out; then
		echo "${name}_right yes"
	else
		echo "${name}_right no"
		echo "${name}_refusal $(grep . err out | tail -n 1 | cut -d: -f 2- | cut -c -200)"
	fi
}

if is_wanted rights; then
	chmod 777 .
	$nobody sleep 1000 &
	sleeper=$!
	sleep 0.2
	insmod faultline.ko
	right faultline_count sh -c "echo R $sleeper > /proc/faultline/status &&
		grep $sleeper /proc/faultline/status"
	right faultline_ring ./monitor --dump
	chgrp 65534 /dev/faultline
	right faultline_ring_group ./monitor --dump
	echo "U $sleeper" > /proc/faultline/status
	sleep 3
	rmmod faultline
	right stat ./poller stat 20 $sleeper
	right taskstats ./poller taskstats 20 $sleeper
	right perf_stat perf stat -x, -e minor-faults -I 50 -p $sleeper --log-fd 1
	right bpf_count_kprobe_marker bpftrace -B line rate.bt $sleeper
	kill $sleeper
fi

uptime_ms()
{
	awk '{ printf "%d\n", $1 * 1000 }' /proc/uptime
}

# rate NAME ROWS TOOL...: rows per second at 1000 Hz among four hogs of the CPU; ROWS
# matches one
rate()
{
	local name=$1 rows=$2 tool hogs=() before after from
	shift 2
	: > out
	"$@" > out 2> err &
	tool=$!
	sleep 6
	# Before the hogs: among them, looking takes its time.
	before=$(grep -c "$rows" out)
	from=$(uptime_ms)
	for _ in 1 2 3 4; do
		(while :; do :; done) &
		hogs+=($!)
	done
	sleep 1
	kill "${hogs[@]}"
	# What a ring still holds is not lost.
	sleep 0.3
	after=$(grep -c "$rows" out)
	echo "${name}_rate $(((after - before) * 1000 / ($(uptime_ms) - from)))"
	# SIGINT is ignored by what a script starts in the background.
	kill $tool
	wait $tool "${hogs[@]}" 2> /dev/null
}

if is_wanted rates; then
	sleep 1000 &
	sleeper=$!
	insmod faultline.ko hz=1000
	echo "R $sleeper" > /proc/faultline/status
	rate faultline_count '^[0-9]' ./monitor
	echo "U $sleeper" > /proc/faultline/status
	rmmod faultline
	rate stat . ./poller stat 1000 $sleeper
	rate taskstats . ./poller taskstats 1000 $sleeper
	rate taskstats_fifo . chrt -f 50 ./poller taskstats 1000 $sleeper
	rate perf_stat minor-faults perf stat -x, -e minor-faults,major-faults,task-clock \
		-I 1 -p $sleeper --log-fd 1
	rate bpf_count_kprobe_marker '^@cow' bpftrace -B line rate.bt $sleeper
	kill $sleeper
fi
