#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Faultline and its peers look at the same process, in turn.  Runs in the Debian of a
# guest; prints the `NAME VALUE` lines of peers.c, and `NAME_reason TEXT` for a tool that
# failed.
#
# usage: peers_guest.sh RUNS [NAME...]	those measurements, so often; all without
#
# "rights" are one, and "samples" another, which are those of peers_samples.sh.

set -u
. ./reason.sh

runs=$1
shift
wanted=" $* "

# The function that copies, or what it was inlined into.
copier=wp_page_copy
grep -qw "$copier" /proc/kallsyms || copier=do_wp_page
echo "copier $copier"

# stap looks for functions of the kernel in here, and Debian's is empty.
awk '!/\[/ { print $1, $2, $3 }' /proc/kallsyms > "/boot/System.map-$(uname -r)"

# Waits for the image's disk would count as instructions.
cat /usr/bin/{bpftrace,perf,pidstat,python3,setpriv,stap*} /usr/lib/x86_64-linux-gnu/*.so* \
	> /dev/null 2>&1
for warm in 'bpftrace -e BEGIN{exit()}' 'perf stat true' 'perf probe --list' \
	    'funclatency-bpfcc --help' 'stap --version' \
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

# measure NAME TOOL READER: see peers.c.  "reason" of a failure is reason.sh's.
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
	printf '%s_reason %s\n' "$1" "$(reason out err)"
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

measure_all()
{
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
	# shellcheck disable=SC2016 # PID is for peers.c's shell, and columns are awk's
	{
	measure bcc 'exec python3 counts.py 20 $PID > out 2> err' \
		'awk '\''/^[0-9]/ { copies = $3; minor = $4 } END { print copies + 0, minor }'\'' out'
	measure bcc_copy 'PYTHONUNBUFFERED=1 exec funclatency-bpfcc -u -i 1 -p $PID copy_mc_to_kernel > out 2> err' \
		'awk -F "[:|]" '\''/ -> / { sum += $2 } END { print sum + 0 }'\'' out'
	measure systemtap './counts_stp.sh 50 $PID > counts.stp; exec stap --runtime=bpf counts.stp > out 2> err' \
		'tail -n 1 out | awk '\''{ print $3 + 0, $4 }'\'
	measure pidstat 'exec stdbuf -oL pidstat -h -r -p $PID 1 > out 2> err' \
		'awk '\''/^#/ { for (i = 1; i <= NF; i++) if ($i == "minflt/s") column = i - 1 }
			/ peers$/ { minor += $column } END { print -1, minor + 0 }'\'' out'
	}
}

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
		echo "${name}_refusal $(reason out err)"
	fi
}

ask_rights()
{
	local sleeper

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
	right pidstat stdbuf -oL pidstat -r -p $sleeper 1
	right perf_stat perf stat -x, -e minor-faults -I 50 -p $sleeper --log-fd 1
	right bpf_count_kprobe_marker bpftrace -B line bpf_count_kprobe_marker.bt $sleeper
	right bcc python3 counts.py 20 $sleeper
	right systemtap stap --runtime=bpf counts.stp
	kill $sleeper
}

for ((run = 0; run < runs; run++)); do
	measure_all
done
! is_wanted rights || ask_rights
! is_wanted samples || bash ./peers_samples.sh "$runs"
