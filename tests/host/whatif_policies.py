#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Each policy has as many faults as its twin, on thousands of small traces; and what is known
of them in theory holds."""

import os
import random
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))

import tap  # noqa: E402
import whatif  # noqa: E402
import whatif_twins  # noqa: E402

TRACES = 2000
CAPACITIES = (1, 2, 3)
# lirs wants a frame for each kind of its pages.
LEAST = {"lirs": 2}
POLICIES = list(whatif_twins.TWINS)


def trace(draw):
    """Few pages, favourites among them, some of them several times in a row."""
    pages = draw.randint(1, 14)
    accesses = []
    for _ in range(draw.randint(1, 50)):
        page = draw.randrange(pages) if draw.random() < 0.5 else draw.randrange(pages) // 3
        for _ in range(draw.choice((1, 1, 1, 2, 3, 7))):
            accesses.append((page, draw.random() < 0.3))
    return accesses


def large_trace(draw):
    """Enough pages for the parts of 1/4, 1/10 and 1/100 of the frames, and WSClock's bound."""
    return [(int(400 * draw.random() ** 2), draw.random() < 0.3) for _ in range(2500)]


def traces(draw):
    """Traces, windows and numbers of frames."""
    for _ in range(TRACES):
        yield (trace(draw), draw.choice((None, 1, 3, 10, 30)),
               sorted({*CAPACITIES, draw.randint(4, 6), draw.randint(7, 13)}))
    for window in None, 100, 400:
        yield large_trace(draw), window, [25, 160, 250]


def compare():
    """Traces on which a policy and its twin differ, by policy; and all counts."""
    wrong = {name: [] for name in POLICIES}
    worse, excluded = [], []
    for number, (accesses, window, capacities) in enumerate(traces(random.Random(1))):
        counts = {}
        for policies, frames in ((set(POLICIES) - set(LEAST), capacities),
                                 (set(LEAST), [c for c in capacities if c > 1])):
            counts.update(whatif.faults(
                "-", "-P", ",".join(policies), "-n", ",".join(map(str, frames)), "-j1",
                *(["--window", window] if window else []), stdin=whatif.text(accesses)))
        for (name, frames), count in counts.items():
            if count != whatif_twins.faults(name, accesses, frames, window):
                wrong[name].append((number, frames))
            if name != "opt" and count < counts["opt", frames]:
                worse.append((number, name, frames))
        lru = [counts["lru", frames] for frames in capacities]
        if lru != sorted(lru, reverse=True):
            excluded.append(number)
    return wrong, worse, excluded


different, better_than_opt, not_included = compare()
for policy, differences in different.items():
    tap.check(not differences, f"{policy} equals its twin on {TRACES} small traces and some larger "
              f"ones, with 1, 2, 3 and more frames {differences[:3]}")
tap.check(not better_than_opt, f"no policy has fewer faults than opt {better_than_opt[:3]}")
tap.check(not not_included, f"lru has no more faults with more frames {not_included[:3]}")

# Belady, Nelson and Shedler, 1969.
ANOMALY = [(int(page), False) for page in "123412512345"]
fifo = whatif.faults("-", "-P", "fifo", "-n", "3,4", stdin=whatif.text(ANOMALY))
tap.check(fifo == {("fifo", 3): 9, ("fifo", 4): 10},
          f"Belady's anomaly: fifo has 9 faults with 3 frames and 10 with 4 ({fifo})")

# Silberschatz, Galvin and Gagne, Operating System Concepts.
BOOK = [(int(page), False) for page in "70120304230321201701"]
book = whatif.faults("-", "-P", "fifo,lru,opt", "-n", "3", stdin=whatif.text(BOOK))
tap.check(book == {("fifo", 3): 15, ("lru", 3): 12, ("opt", 3): 9},
          f"the textbook's string has 15 faults with fifo, 12 with lru, 9 with opt ({book})")

for policy, least in LEAST.items():
    done = whatif.run("-", "-P", policy, "-n", least - 1, stdin=whatif.text(BOOK))
    tap.check(done.returncode == 2 and done.stderr.decode().endswith(
        f"{policy}: expected at least {least} frames, not {least - 1}\n"),
        f"{policy} refuses {least - 1} frames by name")
tap.finish()
