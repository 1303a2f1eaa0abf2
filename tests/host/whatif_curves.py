#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Miss-ratio curves: the exact one equals LRU at every size and what a slow stack says; SHARDS
and MiniSim come near to it, from a share of the pages."""

import os
import random
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))

import tap  # noqa: E402
import whatif  # noqa: E402

TRACES = 300


def slow_curve(accesses, pages):
    """Faults by number of frames, by a stack that is searched (Mattson)."""
    stack, distances = [], []
    for page, _ in accesses:
        distances.append(stack.index(page) + 1 if page in stack else pages + 1)
        if page in stack:
            stack.remove(page)
        stack.insert(0, page)
    return [sum(distance > frames for distance in distances) for frames in range(1, pages + 1)]


def all_frames(pages):
    return ",".join(map(str, range(1, pages + 1)))


def curve(pages, stdin):
    return [int(row["faults"])
            for row in whatif.rows("mrc", "-", "-n", all_frames(pages), stdin=stdin)]


draw = random.Random(2)
wrong, unlike_lru = [], []
for number in range(TRACES):
    # Many more accesses than places between two compactions of so few pages.
    pages, length = draw.randint(1, 12), draw.choice((5, 60, 3000))
    accesses = [(draw.randrange(pages), False) for _ in range(length)]
    pages = len({page for page, _ in accesses})
    stdin = whatif.text(accesses)
    found = curve(pages, stdin)
    if found != slow_curve(accesses, pages):
        wrong.append(number)
    if number < 50:
        lru = whatif.faults("-", "-n", all_frames(pages), "-j1", stdin=stdin)
        if found != [lru["lru", frames] for frames in range(1, pages + 1)]:
            unlike_lru.append(number)
tap.check(not wrong, f"the exact curve equals a slow stack's on {TRACES} traces {wrong[:3]}")
tap.check(not unlike_lru, f"it equals lru at every number of frames {unlike_lru[:3]}")

with tempfile.TemporaryDirectory() as folder:
    for pattern in "zipf", "locality", "working_set":
        trace = os.path.join(folder, pattern)
        whatif.run("gen", pattern, "-n", "20000", "-a", "600000", "-o", trace)
        frames = "-n", "700,2500,7000,16000"
        exact = whatif.rows("mrc", trace, *frames)
        lru = whatif.faults(trace, *frames)
        tap.check([int(row["faults"]) for row in exact] ==
                  [lru["lru", int(row["frames"])] for row in exact],
                  f"{pattern}: the exact curve equals lru on many pages")
        for name, rows in (
                ("SHARDS", whatif.rows("mrc", trace, *frames, "--sample=0.1")),
                ("MiniSim of lru", whatif.rows(trace, *frames, "--sample=0.1"))):
            far = max(abs(float(a["ratio"]) - float(b["ratio"])) for a, b in zip(rows, exact))
            tap.check(far < 0.03, f"{pattern}: {name} of a tenth of the pages is within 0.03 of "
                      f"the exact ratio ({far:.4f})")
            tap.check(0.08 < float(rows[0]["sample"]) < 0.12,
                      f"{pattern}: {name} says which share it was ({rows[0]['sample']})")
        policies = "-P", "arc,s3fifo,clock,opt"
        full = {(row["policy"], row["frames"]): float(row["ratio"])
                for row in whatif.rows(trace, *frames, *policies)}
        mini = whatif.rows(trace, *frames, *policies, "--sample=0.1")
        far = max(abs(float(row["ratio"]) - full[row["policy"], row["frames"]]) for row in mini)
        tap.check(far < 0.03, f"{pattern}: MiniSim of arc, s3fifo, clock and opt is within 0.03 "
                  f"({far:.4f})")
    few = whatif.rows("mrc", trace, "-n", "2,4000", "--sample=0.01")
    tap.check([row["faults"] == "" for row in few] == [True, False],
              "what a sample has no frame for is unknown, and not 0")
tap.finish()
