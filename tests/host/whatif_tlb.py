#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The TLB misses as often as a slow one, keeps processes apart, and forgets what has left memory,
which every policy tells."""

import os
import random
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))

import tap  # noqa: E402
import whatif  # noqa: E402
import whatif_twins  # noqa: E402

SHAPES = "1x1", "4x4", "8x2", "16x1", "12x3"


def slow_misses(accesses, frames, entries, ways):
    """LRU memory, and a list for each set with the most recently used last."""
    sets = [[] for _ in range(entries // ways)]
    memory, misses = [], 0
    for page in accesses:
        if page in memory:
            memory.remove(page)
        elif len(memory) == frames:
            gone = memory.pop(0)
            for entries_of_set in sets:
                if gone in entries_of_set:
                    entries_of_set.remove(gone)
        memory.append(page)
        mine = sets[page[1] % len(sets)]
        if page in mine:
            mine.remove(page)
        else:
            misses += 1
            if len(mine) == ways:
                mine.pop(0)
        mine.append(page)
    return misses


draw = random.Random(4)
wrong, silent = [], {}
for number in range(200):
    accesses = [(draw.randint(1, 2), int(30 * draw.random() ** 2)) for _ in range(300)]
    stdin = b"".join(b"%d R 0x%x\n" % (pid, page << 12) for pid, page in accesses)
    for row in whatif.rows("-", "-n", "6,25", "-t", ",".join(SHAPES), "-j1", stdin=stdin):
        entries, ways = map(int, row["tlb"].split("x"))
        if int(row["tlb_misses"]) != slow_misses(accesses, int(row["frames"]), entries, ways):
            wrong.append((number, row["frames"], row["tlb"]))
tap.check(not wrong, f"it misses as often as a slow one with LRU memory, on 200 traces of two "
          f"processes, in {len(SHAPES)} shapes {wrong[:3]}")

# With an entry for each page, an access misses if and only if it faults.
for number in range(50):
    stdin = whatif.text([(int(60 * draw.random() ** 2), draw.random() < 0.3)
                         for _ in range(2000)])
    for row in whatif.rows("-", "-P", "all", "-n", "5,20,40", "-t", "64x1", "-w", "100", "-j1",
                           stdin=stdin):
        if row["tlb_misses"] != row["faults"]:
            silent.setdefault(row["policy"], []).append(number)
for policy in whatif_twins.TWINS:
    tap.check(policy not in silent, f"{policy} tells of each page that goes, when it goes "
              f"{silent.get(policy, [])[:3]}")
tap.finish()
