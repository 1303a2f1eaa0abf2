#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Faultline beside its peers, in tables: what peers_guest.sh and peers_samples.sh have measured.
A figure is the median of its runs; behind it in brackets the least and the most, where these
differ.

usage: peers_report.py RELEASE FIGURES RACES
"""

import statistics
import sys
from collections import defaultdict

# What peers_guest.sh calls it; what it is.
ACTS = {
    "faultline_count": "Faultline",
    "faultline_second": "  beside one that is registered",
    "faultline_small": "  ring_records=1024",
    "faultline_copy": "  latency=copy, of copies timed",
    "faultline_fault": "  latency=fault, of faults timed",
    "delayacct": "kernel.task_delayacct=1, no more",
    "taskstats": "  taskstats poller",
    "taskstats_late": "  the same, set after the start",
    "exits": "  the same, and told of exits",
    "stat": "/proc/PID/stat poller",
    "pidstat": "pidstat 1",
    "perf_stat": "perf stat, minor, major, CPU",
    "perf_cow_copier": "  and probe COPIER",
    "perf_cow_marker": "  and probe ptep_clear_flush",
    "perf_record": "perf record -c 1 page-faults",
    "perf_trace": "perf trace -F all",
    "bpf_count_kprobe_copier": "bpftrace, kprobe COPIER",
    "bpf_count_kfunc_copier": "  kfunc COPIER",
    "bpf_count_kprobe_marker": "  kprobe ptep_clear_flush",
    "bpf_count_kfunc_marker": "  kfunc ptep_clear_flush",
    "bpf_count_both": "  kprobe that, kfunc finish_fault",
    "bpf_copy_kprobe": "  copy histogram, kprobe",
    "bpf_copy_kfunc": "  copy histogram, kfunc",
    "bpf_fault_kprobe": "  fault histogram, kprobe",
    "bpf_fault_kfunc": "  fault histogram, kfunc",
    "bpf_all": "  minor, major, COW, CPU",
    "bcc": "bcc, kprobe ptep_clear_flush, minor",
    "bcc_copy": "  funclatency copy_mc_to_kernel",
    "systemtap": "SystemTap by BPF, the same",
}
# What peers_samples.sh calls it.
SAMPLERS = {
    "faultline": "Faultline",
    "taskstats": "taskstats poller",
    "stat": "/proc/PID/stat poller",
    "pidstat": "pidstat",
    "perf_stat": "perf stat",
    "perf_trace": "perf trace",
    "bpftrace": "bpftrace",
    "bcc": "bcc",
    "systemtap": "SystemTap by BPF",
}
# Those of them that have no such rates, and why.
RATELESS = {
    "pidstat": "its period is a number of seconds",
    "perf_trace": "a row a fault, no samples",
}
# What each can tell: the measurements that show it, of counts and of rights, and what else is
# in what it writes there: times of copies, their kinds, major faults and CPU time.
TELLS = {
    "Faultline": ("faultline_count", "faultline_count", "yes yes yes"),
    "taskstats poller": ("taskstats", "taskstats", "no no yes"),
    "/proc/PID/stat poller": ("stat", "stat", "no no yes"),
    "pidstat": ("pidstat", "pidstat", "no no yes"),
    "perf stat and a probe": ("perf_cow_marker", "perf_stat", "no no yes"),
    "perf trace": ("perf_trace", "", "no no no"),
    "bpftrace": ("bpf_all", "bpf_count_kprobe_marker", "yes - yes"),
    "bcc": ("bcc", "bcc", "yes - -"),
    "SystemTap by BPF": ("systemtap", "systemtap", "- - -"),
}


def lines_of(path):
    """Each name and what is behind it."""
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            name, _, value = line.rstrip("\n").partition(" ")
            yield name, value


class Figures:
    """What was measured, by name; of what was measured more than once, all of it."""

    def __init__(self, path, races):
        self.values = defaultdict(list)
        # Of races, what was seen where threads do race, and nothing else of that guest.
        for name, value in lines_of(path):
            if not name.endswith("_race_copies"):
                self.values[name].append(value)
        for name, value in lines_of(races):
            if name.endswith("_race_copies"):
                self.values[name].append(value)

    def text(self, name, default="n/a"):
        """What was said of it last."""
        return self.values.get(name, [default])[-1]

    def numbers(self, name):
        """Every run's."""
        return [float(value) for value in self.values.get(name, [])]

    def median(self, name):
        """Of every run's, or None."""
        numbers = self.numbers(name)
        return statistics.median(numbers) if numbers else None


def spread(numbers, digits=0):
    """The median of these, and between what they are."""
    if not numbers:
        return "n/a"
    low, middle, high = (f"{round(number, digits) + 0:.{digits}f}" for number in
                         (min(numbers), statistics.median(numbers), max(numbers)))
    return middle if low == high else f"{middle} ({low} to {high})"


def table(title, columns, rows):
    """Write rows, each of a label and cells, below the names of their columns."""
    lines = [["", *columns], *rows]
    widths = [max(len(str(line[i])) for line in lines) for i in range(len(columns) + 1)]
    print(title)
    for label, *cells in lines:
        cells = [f"{cell:>{width}}" for cell, width in zip(cells, widths[1:])]
        print(f"  {label:<{widths[0]}}", *cells, sep="  ")
    print()


def above(figures, name, base):
    """By how much each run of it is above the base's median."""
    level = figures.median(base)
    return [] if level is None else [number - level for number in figures.numbers(name)]


def yes(told, true):
    """Does it tell what is true, all but a hundredth?"""
    if true is None:
        return "n/a"
    if told is None:
        return "no"
    return "yes" if abs(told - true) <= true / 100 else f"{told:.0f} of {true:.0f}"


def tells(figures):
    """What each can tell."""
    rows = []
    for label, (act, right, rest) in TELLS.items():
        median = figures.median
        if median(f"{act}_copy_cost") is None:
            rows.append([label] + ["n/a"] * 9)
            continue
        minor = median(f"{act}_copy_minor")
        rows.append([label, yes(minor, median(f"{act}_copy_minor_true")),
                     *(yes(median(f"{act}_{what}_copies"), median(f"{act}_{what}_true"))
                       for what in ("copy", "first", "exit")),
                     yes(median(f"{act}_race_minor"), median(f"{act}_race_minor_true")),
                     figures.text(f"{right}_right", "-"), *rest.split()])
    table("what each can tell",
          ["minor", "copies", "first writes", "before an exit", "ended threads", "as a user",
           "times", "kinds", "major, CPU"], rows)
    print("  -: not tried\n")


def exactness(figures, names):
    """What was reported of what is known."""
    acts = "copy", "reuse", "race", "first", "exit"
    true = [figures.numbers(f"nothing_{act}_true") for act in acts]
    true.append(figures.numbers("nothing_copy_minor_true"))
    rows = [["what is true", *map(spread, true)]]
    for name, label in names.items():
        told = [figures.numbers(f"{name}_{act}_copies") for act in acts]
        told.append(figures.numbers(f"{name}_copy_minor"))
        if any(told):
            rows.append([label, *(spread(numbers) if numbers else "-" for numbers in told)])
    table("exactness: copies reported, and minor faults of the child's writes",
          ["child writes", "reuse", "4 threads race", "first writes", "before exit", "minor"], rows)


def instructions(figures, names):
    """What each adds to a fault."""
    acts = "copy", "first", "fresh"
    rows = [["nobody looks"] + [spread(figures.numbers(f"nothing_{act}_cost")) for act in acts]]
    rows += [[label] + [spread(above(figures, f"{name}_{act}_cost", f"nothing_{act}_cost"))
                        for act in acts] for name, label in names.items()]
    table("instructions added to a fault", ["COW", "first write to a file page", "minor"], rows)


def sample(figures, name, processes):
    """What one of one process costs, in each run: what load was longer by, over the samples due."""
    hertz = 1 if name == "pidstat" else 20
    level = figures.median(f"nothing_{processes}_{hertz}_load")
    if level is None:
        return []
    return [(load - level) / (load * hertz / 1e9) / processes
            for load in figures.numbers(f"{name}_{processes}_{hertz}_load")]


def samples(figures):
    """What samples cost."""
    rows = [[label] + [spread(sample(figures, name, processes)) for processes in (1, 16, 256)]
            for name, label in SAMPLERS.items() if name != "perf_trace"]
    table("instructions per process and sample, rows written, of", ["1 process", "16", "256"], rows)


def start(figures, names):
    """What starting takes, as instructions, and against Faultline; memory."""
    rows = []
    for name, label in names.items():
        million = [number / 1e6 for number in figures.numbers(f"{name}_start")]
        megabytes = [number / 1024 for number in figures.numbers(f"{name}_resident_kb")]
        if million:
            rows.append([label, spread(million, 1), spread(megabytes, 1)])
    table("start and memory", ["million instructions", "MB resident"], rows)
    ours = figures.median("faultline_1_20_first")
    firsts = {f"{name}_1_{1 if name == 'pidstat' else 20}_first": label
              for name, label in SAMPLERS.items()}
    firsts["faultline_1_20_record"] = "Faultline, until the record is in the ring"
    rows = [[label, spread([number / ours for number in figures.numbers(name)], 2)]
            for name, label in firsts.items() if ours]
    table("from its start to its first row about a process that runs; Faultline, from R on, is 1",
          ["times"], rows)


def evenness(figures):
    """Jitter and losses at each rate."""
    rows = []
    for hertz in 20, 100, 1000:
        for name, label in SAMPLERS.items():
            if name in RATELESS:
                continue
            values = [figures.numbers(f"{name}_1_{hertz}_{key}") for key in
                      ("p50", "p99", "max", "lost")]
            rows.append([f"{hertz:4} Hz  {label}", *(spread(numbers, 1) for numbers in values)])
    table("beside four hogs: jitter in percent of a period, and percent of periods that had none",
          ["p50", "p99", "max", "lost"], rows)
    for name, why in RATELESS.items():
        print(f"  n/a: {SAMPLERS[name]}: {why}")


def main(release, path, races):
    """All of it."""
    figures = Figures(path, races)
    names = {name: label.replace("COPIER", figures.text("copier")) for name, label in ACTS.items()}
    print(f"{release}: medians of {len(figures.numbers('nothing_copy_cost'))} runs in turn, "
          "(least to most)\n")
    tells(figures)
    exactness(figures, names)
    instructions(figures, names)
    samples(figures)
    start(figures, names)
    evenness(figures)
    for name, texts in figures.values.items():
        what, _, kind = name.rpartition("_")
        if kind in ("reason", "refusal"):
            print(f"  {'n/a' if kind == 'reason' else 'no user'}: {what}: {texts[-1]}")


if __name__ == "__main__":
    main(*sys.argv[1:])
