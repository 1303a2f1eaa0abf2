#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Copies and minor faults of processes as bcc counts them: a row of each, with the time and
its number, HZ times a second on absolute time.

usage: counts.py HZ PID...
"""

import sys
import time

from bcc import BPF, PerfSWConfig, PerfType

PROGRAM = """
BPF_HASH(copies, u32, u64);
BPF_HASH(minor, u32, u64);

int count_copy(struct pt_regs *context)
{
    u32 pid = bpf_get_current_pid_tgid() >> 32;
    u64 *count = copies.lookup(&pid);

    if (count)
        __sync_fetch_and_add(count, 1);
    return 0;
}

int count_minor(struct bpf_perf_event_data *context)
{
    u32 pid = bpf_get_current_pid_tgid() >> 32;
    u64 *count = minor.lookup(&pid);

    if (count)
        __sync_fetch_and_add(count, 1);
    return 0;
}
"""


def attach(pids):
    """Count from now on, for these processes."""
    bpf = BPF(text=PROGRAM)
    for name in "copies", "minor":
        table = bpf[name]
        for pid in pids:
            table[table.Key(pid)] = table.Leaf(0)
    bpf.attach_kprobe(event="ptep_clear_flush", fn_name="count_copy")
    bpf.attach_perf_event(ev_type=PerfType.SOFTWARE, ev_config=PerfSWConfig.PAGE_FAULTS_MIN,
                          fn_name="count_minor", sample_period=1)
    return bpf


def sample(bpf, period):
    """Write what was counted, over and over."""
    due = time.monotonic()
    while True:
        minor = {key.value: count.value for key, count in bpf["minor"].items()}
        for key, count in bpf["copies"].items():
            print(time.monotonic(), key.value, count.value, minor[key.value])
        sys.stdout.flush()
        # A period that was missed is not made up for.
        due += period * max(1, (time.monotonic() - due) // period)
        time.sleep(max(0, due - time.monotonic()))


if __name__ == "__main__":
    sample(attach([int(pid) for pid in sys.argv[2:]]), 1 / int(sys.argv[1]))
