#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The TLB misses as often as a slow one, keeps processes apart, and forgets what has left memory,
which every policy tells; page tables take, and walks touch, what slow ones do."""

import os
import random
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))

import tap  # noqa: E402
import whatif  # noqa: E402
import whatif_twins  # noqa: E402

SHAPES = "1x1", "4x4", "8x2", "16x1", "12x3"


def slow_misses(accesses, frames, entries, ways, missed=lambda page: None, left=lambda page: None):
    """LRU memory, and a list for each set with the most recently used last."""
    sets = [[] for _ in range(entries // ways)]
    memory, misses = [], 0
    for page in accesses:
        if page in memory:
            memory.remove(page)
        elif len(memory) == frames:
            gone = memory.pop(0)
            left(gone)
            for entries_of_set in sets:
                if gone in entries_of_set:
                    entries_of_set.remove(gone)
        memory.append(page)
        mine = sets[page[1] % len(sets)]
        if page in mine:
            mine.remove(page)
        else:
            misses += 1
            missed(page)
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


# ---- Page tables ----


class Buckets:
    """A hashed table; the first of a bucket came first."""

    def __init__(self, entries):
        self.count = 1 << (entries - 1).bit_length()
        self.buckets = [[] for _ in range(self.count)]
        self.touched = 0

    def bucket(self, page):
        pid, number = page
        mixed = (number ^ pid << 32) * 0x9e3779b97f4a7c15 % 2**64
        return self.buckets[(mixed ^ mixed >> 32) % self.count]

    def walk(self, page):
        bucket = self.bucket(page)
        if page in bucket:
            self.touched += 2 + bucket.index(page)
        else:
            self.touched += 1 + len(bucket)
            bucket.append(page)

    def remove(self, page):
        self.bucket(page).remove(page)


def tree(pages, levels, used):
    """Bytes: a top for each process, and nodes of 512 entries."""
    top = 8 << ((57 if levels == 5 else 48) - 12 - 9 * (levels - 1))
    nodes = sum(len({(pid, number >> 9 * height) for pid, number in pages})
                for height in range(1, used))
    return len({pid for pid, _ in pages}) * top + 4096 * nodes


tables = {}
for number in range(60):
    spread = draw.choice((0, 9, 18, 27))
    accesses = [(draw.randint(1, 2), int(40 * draw.random() ** 2) << spread) for _ in range(400)]
    pages, frames = set(accesses), 12
    stdin = b"".join(b"%d R 0x%x\n" % (pid, page << 12) for pid, page in accesses)
    hashed, inverted = Buckets(len(pages)), Buckets(min(frames, len(pages)))
    misses = slow_misses(accesses, frames, 8, 2, hashed.walk)
    slow_misses(accesses, frames, 8, 2, inverted.walk, inverted.remove)
    wanted = {str(levels): (tree(pages, levels, levels), misses * levels)
              for levels in range(1, 6)}
    wanted["hashed"] = (8 * hashed.count + 24 * len(pages), hashed.touched)
    wanted["inverted"] = (4 * 16 + 16 * frames, inverted.touched)
    for row in whatif.rows("-", "-n", frames, "-t", "8x2", "-T", ",".join(wanted), "-j1",
                           stdin=stdin):
        if (int(row["table_bytes"]), int(row["walk_references"])) != wanted[row["table"]]:
            tables.setdefault(row["table"], []).append(number)
for table in "1", "2", "3", "4", "5", "hashed", "inverted":
    tap.check(table not in tables, f"a table of {table} takes as much, and its walks touch as "
              f"much, as a slow one {tables.get(table, [])[:3]}")
large = whatif.rows("-", "-n", "4", "-t", "8x2", "-T", "4", "-p", "2m,1g",
                    stdin=b"1 R 0\n1 R 0x40000000\n1 R 0x200000\n")
tap.check([(row["table_bytes"], row["walk_references"]) for row in large] ==
          [(str(4096 * 4), "9"), (str(4096 * 2), "4")],
          "pages of 2 MB and 1 GB save a level each")
tap.finish()
