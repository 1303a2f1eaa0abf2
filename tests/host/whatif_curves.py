#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Miss-ratio curves: the exact one equals LRU at every size and what a slow stack says; SHARDS
and MiniSim come near to it, from a share of the pages or from so many of them."""

import math
import os
import random
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
sys.path.insert(0, os.path.join(HERE, "../../case_studies"))

import tap  # noqa: E402
import what_if  # noqa: E402
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


def hash_of(page, pid=1):
    """As sample.h has it, of a page's address and process."""
    mask = 2**64 - 1
    mixed = page ^ pid << 40 & mask ^ 0x5851f42d4c957f2d
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9 & mask
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb & mask
    return mixed ^ mixed >> 31


def slow_bounded(accesses, most, frames):
    """SHARDS of fixed size, by a stack that is searched: the share, and faults by frames."""
    threshold, stack, faults = 2**64 - 1, [], dict.fromkeys(frames, 0)
    for page, _ in accesses:
        if hash_of(page) >= threshold:
            continue
        if page not in stack and len(stack) == most:
            threshold = max(hash_of(other) for other in [page, *stack])
            stack = [other for other in stack if hash_of(other) < threshold]
            if hash_of(page) >= threshold:
                continue
        share = threshold / 2**64
        distance = stack.index(page) + 1 if page in stack else math.inf
        for size in faults:
            if distance > math.floor(size * share + 0.5):
                faults[size] += 1 / share
        if page in stack:
            stack.remove(page)
        stack.insert(0, page)
    share = threshold / 2**64
    return share, {size: None if math.floor(size * share + 0.5) < 1 else count
                   for size, count in faults.items()}


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

unlike_twin, unlike_exact, least = [], [], 1
for number in range(TRACES):
    pages, most = draw.randint(1, 150), draw.choice((1, 2, 5, 20, 60))
    accesses = [(int(pages * draw.random() ** draw.choice((1, 3))), False)
                for _ in range(draw.choice((5, 60, 1500)))]
    pages = len({page for page, _ in accesses})
    # In no order, and some of them twice.
    frames = [draw.randint(1, pages + 3) for _ in range(12)]
    question = "mrc", "-", "-n", ",".join(map(str, frames))
    stdin = whatif.text(accesses)
    found = whatif.rows(*question, "-S", most, stdin=stdin)
    share, expected = slow_bounded(accesses, most, frames)
    least = min(least, share)
    for size, row in zip(frames, found, strict=True):
        same = row["faults"] == "" if expected[size] is None else \
            row["faults"] != "" and abs(int(row["faults"]) - expected[size]) <= 0.5001
        if not same or int(row["frames"]) != size or row["sample"] != f"{share:.6g}":
            unlike_twin.append((number, size))
    if most >= pages and found != whatif.rows(*question, stdin=stdin):
        unlike_exact.append(number)
tap.check(not unlike_twin, f"SHARDS of so many pages equals its twin on {TRACES} traces, of whose "
          f"pages it looks at down to {least:.3f} {unlike_twin[:3]}")
tap.check(not unlike_exact, f"of as many as there are it is exact {unlike_exact[:3]}")

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
        tap.check(what_if.answers(exact).lines ==
                  {"lru": [(int(row["frames"]), float(row["ratio"])) for row in exact]},
                  f"{pattern}: which is what is drawn")
        for name, rows in (
                ("SHARDS of a tenth", whatif.rows("mrc", trace, *frames, "--sample=0.1")),
                ("SHARDS of 2000 pages", whatif.rows("mrc", trace, *frames, "-S2000")),
                ("MiniSim of lru", whatif.rows(trace, *frames, "--sample=0.1"))):
            far = max(abs(float(a["ratio"]) - float(b["ratio"])) for a, b in zip(rows, exact))
            tap.check(far < 0.03, f"{pattern}: {name} is within 0.03 of the exact ratio "
                      f"({far:.4f})")
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
    large = os.path.join(folder, "large")
    whatif.run("gen", "random", "-n", "1m", "-a", "2m", "-o", large)
    limited = ["sh", "-c", 'ulimit -d 4096; exec "$@"', "sh", whatif.PROGRAM, "mrc", large,
               "-n100k,500k", "-F", "csv"]
    exact = whatif.rows("mrc", large, "-n100k,500k")
    done = subprocess.run([*limited, "-S4k"], capture_output=True)
    rows = done.stdout.decode().split()[1:]
    far = max(abs(float(row.split(",")[8]) - float(one["ratio"]))
              for row, one in zip(rows, exact, strict=True))
    tap.check(done.returncode == 0 and far < 0.03,
              f"4096 of {exact[0]['pages']} pages are looked at in 4 MB, and the ratio is within "
              f"0.03 ({far:.4f})")
    for more in [], ["-s", "0.1"]:
        done = subprocess.run([*limited, *more], capture_output=True)
        tap.check(done.returncode == 1 and b"memory" in done.stderr,
                  f"in which {'a tenth' if more else 'all'} of them are not")
tap.finish()
