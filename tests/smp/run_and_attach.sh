#!/bin/busybox sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
#
# `faultline run` counts a command from before its first instruction to its last, and is
# nothing else to it: not to its input and output, its signals, its exit status.
# `faultline attach` does so for processes that run, and leaves them as they were.

. ./tap.sh
. ./said.sh

# figure WHAT: the number before it in the last summary
figure()
{
	sed -n -E "s/^ *([0-9]+)  $1.*/\1/p" /tmp/said
}

is_registered()
{
	grep -q "^$1 " /proc/faultline/status
}

until_registered()
{
	until is_registered "$1"; do sleep 0.05; done
}

# faults_of FILE COMM: minor faults in the last row of the process that ended as COMM
faults_of()
{
	awk -v comm="comm=$2" '$2 == "process:" { name[substr($3, 4)] = $6 }
		!/^#/ { last[$4] = $8 }
		END { for (id in last) if (name[id] == comm) print last[id] }' "$1"
}

check 'without the module a command is not run' ends_with 125 ./faultline run -- touch /tmp/ran
check 'which says why' says '^faultline run: /dev/faultline: .*is the module in\?'
check 'and was not' [ ! -e /tmp/ran ]
check 'status says so, too' ends_with 1 ./faultline status
check 'in one line' says '^faultline status: .*the module is not in'

insmod ./faultline.ko hz=50

# The command's own affairs.
check 'the exit status is the command'\''s' ends_with 7 ./faultline run -- sh -c 'exit 7'
check 'or 128 and its signal' ends_with 137 ./faultline run -- sh -c 'kill -9 $$'
check '127 where there is no such command' ends_with 127 ./faultline run -- ./no-such-program
check 'which it names' says 'no-such-program: No such file'
touch /tmp/plain
check '126 where it cannot be executed' ends_with 126 ./faultline run -- /tmp/plain
check 'its options are its own' ends_with 0 ./faultline run echo -n -c --children
check 'and its output is what it writes, no more' [ "$(cat /tmp/out)" = '-c --children' ]
check 'its input is ours' [ "$(echo input | ./faultline run -- cat 2> /dev/null)" = input ]
check 'a bad option gets 2' ends_with 2 ./faultline run --nonsense true

./faultline run -- sh -c 'trap "exit 42" TERM; touch /tmp/trapping; while :; do sleep 0.1; done' \
	2> /tmp/said & running=$!
until [ -e /tmp/trapping ]; do sleep 0.05; done
kill -TERM $running
wait $running
check 'a signal that faultline gets goes to the command' [ $? -eq 42 ]
./faultline run -- sh -c 'trap "" HUP; touch /tmp/ignoring; kill -STOP $$; exit 3' \
	2> /tmp/said & running=$!
until [ -e /tmp/ignoring ]; do sleep 0.05; done
kill -HUP $running
sleep 0.2
check 'who ignores it goes on' kill -0 $running
killall -CONT sh
wait $running
check 'and a stop is no end' [ $? -eq 3 ]

# What is counted.
check 'a file can have all samples' \
	ends_with 0 ./faultline run -o /tmp/profile -- ./work --no-register 10 R 1000 --rounds 5 --sleep 0.1
check 'which begin before the command does' \
	eval 'grep -m 1 "^# process:" /tmp/profile | grep -q " comm=faultline$"'
check 'and end with it' eval 'tail -n 2 /tmp/profile | head -n 1 |
	awk "{ exit int(\$6 / 2) % 2 == 0 }"'
check 'the summary has the same minor faults' \
	[ "$(figure 'minor faults')" = "$(faults_of /tmp/profile work)" ]
seen=$(sed -n -E 's/.*getrusage minor ([0-9]+).*/\1/p' /tmp/out)
more=$(($(figure 'minor faults') - seen))
check "the $seen that work saw in its rounds, and $more of its beginning and end" \
	[ $more -ge 0 -a $more -lt 500 ]

check 'a child is not counted' ends_with 0 ./faultline run -- sh -c './work --no-register 10 R 5000 --rounds 1; true'
check 'unless it is asked for' [ "$(figure 'minor faults')" -lt 2000 ]
check 'with -c it is' ends_with 0 ./faultline run -c -- sh -c './work --no-register 10 R 5000 --rounds 1
	./work --no-register 10 R 5000 --rounds 1; true'
check 'and as many processes as there were' [ "$(figure processes)" = 3 ]
check 'with the faults of all' [ "$(figure 'minor faults')" -ge 3000 ]
check 'and the pages that forking copied' [ "$(figure 'pages copied on write')" -gt 10 ]
check 'who outlives the command is named' ends_with 0 ./faultline run -c -- sh -c 'sleep 1 & true'
check 'as still running' says '^ +1  still running'
killall sleep
./work 10 R 100 --rounds 10000 --sleep 0.1 > /dev/null & other=$!
until_registered $other
./faultline run -o /tmp/profile -- sleep 0.2 2> /dev/null
check 'a file has nobody else' \
	[ "$(grep -v '^#' /tmp/profile | cut -d ' ' -f 2 | sort -u | wc -l)" = 1 ]
check 'a full disk is told' ends_with 125 ./faultline run -o /dev/full -- true
check 'in one line' says '^faultline run: /dev/full: No space left'
check 'and the command has run' ends_with 9 ./faultline run -o /dev/full -- sh -c 'exit 9'

# At one sample a second twenty of them would wait for most of twenty seconds; at fifty, for
# most of half a second.
hundredths()
{
	cut -d ' ' -f 1 /proc/uptime | tr -d .
}

# run_at HZ: hundredths of a second that it takes
run_at()
{
	echo "$1" > /sys/module/faultline/parameters/hz
	from=$(hundredths)
	./faultline run -- true 2>> /tmp/twenty
	echo $(($(hundredths) - from))
}

slow=0 fast=0
for _ in $(seq 20); do
	slow=$((slow + $(run_at 1)))
	fast=$((fast + $(run_at 50)))
done
check "a run ends with its command, not with the next sample: 20 in ${slow}0 ms, and in ${fast}0 at 50 Hz" \
	[ $((slow - fast)) -lt 800 ]
check 'and knows all that it did' eval '! grep "still running" /tmp/twenty'

# attach
check 'attach leaves who was registered' timeout -s INT 1 ./faultline attach $other
check 'as he was' is_registered $other
kill $other
wait $other 2> /dev/null
./work --no-register 10 R 100 --rounds 10000 --sleep 0.1 > /dev/null & other=$!
./faultline attach -o /tmp/profile $other 2> /tmp/said & attached=$!
until_registered $other
sleep 1
kill -INT $attached
wait $attached
check 'Ctrl-C ends it with 0' [ $? -eq 0 ]
check 'and a summary' [ "$(figure 'minor faults')" -gt 0 ]
check 'the process is registered no more' eval '! is_registered $other'
check 'and runs' kill -0 $other
check 'its file is whole' eval 'tail -n 1 /tmp/profile | grep -q "^# lost: 0 records in total"'
./faultline attach --name work 2> /tmp/said & attached=$!
until_registered $other
kill $other
wait $attached
check 'a name finds it, and its end is the end' [ $? -eq 0 ]
check 'a name that nobody has is an error' ends_with 1 ./faultline attach --name no-such-name
check 'as is a pid' ends_with 1 ./faultline attach 4194000
check 'and each says so' says '^faultline attach: process 4194000: no such process'

# register, precopy, status, unregister
sleep 100 & other=$!
check 'register registers' ends_with 0 ./faultline register $other
check 'once' ends_with 1 ./faultline register $other
check 'and says so' says "^faultline register: process $other: registered already"
./faultline status > /tmp/out
check 'status has a line of it' grep -Eq "^ +$other +$$ .*  sleep$" /tmp/out
check 'and what the module says of itself' grep -q '^cow: ' /tmp/out
check 'precopy takes a depth, or says that it cannot' eval './faultline precopy 8 $other 2> /tmp/said || says "no engine"'
check 'and nothing else' ends_with 2 ./faultline precopy 65 $other
check 'unregister unregisters' ends_with 0 ./faultline unregister $other
check 'once' ends_with 1 ./faultline unregister $other
check 'and says so' says "^faultline unregister: process $other: not registered"
kill $other

# Somebody else.
printf 'root:x:0:0::/:/bin/sh\nuser:x:1000:1000::/tmp:/bin/sh\n' > /etc/passwd
printf 'root:x:0:\nfaultline:x:500:\n' > /etc/group
chmod 755 / . ..
check 'who may not read the device is told whose it is' \
	ends_with 125 su user -c './faultline run -- true'
check 'which is root' says 'only root may read it'
chgrp 500 /dev/faultline
check 'or a group' ends_with 125 su user -c './faultline run -- true'
check 'which is named' says 'only root and the group faultline may read it'
check 'who may not look into a process is told what that takes' \
	ends_with 1 su user -c './faultline register 1'
check 'which is a capability' says 'CAP_SYS_PTRACE'

killall work 2> /dev/null
rmmod faultline
finish
