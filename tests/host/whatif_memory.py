#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Memory that processes share: faultline-whatif --memory counts what a slow twin counts, on traces
of forks, exits and mappings; what theory and Linux say of the simplest of them holds."""

import csv
import os
import random
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))

import tap  # noqa: E402
import whatif  # noqa: E402
import whatif_twins  # noqa: E402

COUNTS = "minor", "major", "cow", "reuses", "swap_ins", "swap_outs", "write_backs"
POLICIES = [policy for policy in whatif_twins.TWINS if policy != "opt"]
SIMPLE = "fifo", "lru", "clock"
TRACES = 200


def text(steps):
    """Steps, in pages, as a trace, in bytes."""
    lines = []
    for pid, letter, *rest in steps:
        if letter in "RW":
            rest = [hex(rest[0] << 12)]
        elif letter == "M":
            start, count, kind, *file = rest
            rest = [hex(start << 12), count << 12, kind]
            rest += [file[0], hex(file[1] << 12)] if file else []
        lines.append(" ".join(map(str, (pid, letter, *rest))) + "\n")
    return "".join(lines).encode()


def counts(steps, *arguments):
    """Of each row, with its policy and frames."""
    return {(row["policy"], int(row["frames"])): tuple(int(row[name]) for name in COUNTS)
            for row in whatif.rows("-", "-m", *arguments, "-j1", stdin=text(steps))}


def mapping(draw):
    kind = draw.choice(("anonymous", "shared", "file", "private"))
    where = draw.randrange(12), draw.randint(1, 6), kind
    return where if kind == "anonymous" else (*where, draw.randint(1, 2), draw.randrange(4))


def trace(draw):
    """Three processes that come and go, and use the same addresses."""
    events = draw.choice((0, 0.05, 0.15))
    steps = [(1, "W", 0)]
    for _ in range(draw.randint(1, 120)):
        pid = draw.randint(1, 3)
        if draw.random() < events:
            steps.append(draw.choice(((pid, "F", pid % 3 + 1), (pid, "F", (pid + 1) % 3 + 1),
                                      (pid, "X"), (pid, "M", *mapping(draw)))))
        steps.append((pid, draw.choice("RRW"), int(14 * draw.random() ** 1.5)))
        while draw.random() < 0.2:
            steps.append((*steps[-1][:1], draw.choice("RW"), *steps[-1][2:]))
    return steps


def never_twice(steps):
    """No two accesses to a page in a row: while they last, --memory does not ask who has left."""
    return [step for before, step in zip([(None, "X"), *steps], steps)
            if before[1] not in "RW" or step[1] not in "RW" or before[::2] != step[::2]]


draw = random.Random(5)
wrong, differs = {}, {}
for number in range(TRACES):
    steps = trace(draw)
    frames = sorted({1, 2, 3, draw.randint(4, 9), 12, 40})
    for policies, have, what in (
            ([policy for policy in POLICIES if policy not in ("lirs", "ws")], frames, steps),
            # It wants a frame for each kind of its pages.
            (["lirs"], frames[1:], steps),
            (["ws"], frames, never_twice(steps))):
        for where, one in counts(what, "-P", ",".join(policies), "-n",
                                 ",".join(map(str, have))).items():
            twin = whatif_twins.memory(where[0], what, where[1])
            for name, count in zip(COUNTS, one):
                if twin[name] != count:
                    wrong.setdefault(name, []).append((number, *where, count, twin[name]))
                    differs.setdefault(where[0], []).append((number, where[1], name))
for name in COUNTS:
    tap.check(name not in wrong, f"{name} is what the twin counts, on {TRACES} traces "
              f"{wrong.get(name, [])[:3]}")
for policy in POLICIES:
    tap.check(policy not in differs, f"{policy} never takes a page for one that is gone for good "
              f"{differs.get(policy, [])[:3]}")

# ---- Ahead ----

AHEAD = (*COUNTS, "prefetched", "prefetch_useful", "precopied", "precopy_useful")
wrong = {}
for number in range(TRACES):
    steps = trace(draw)
    frames, depths = draw.choice((5, 6, 10, 40)), draw.choice(((1, 0), (3, 0), (0, 1), (2, 4)))
    for row in whatif.rows("-", "-P", ",".join(SIMPLE), "-n", frames, "-r", depths[0],
                           "-y", depths[1], "-j1", stdin=text(steps)):
        twin = whatif_twins.memory(row["policy"], steps, frames, prefetch=depths[0],
                                   precopy=depths[1])
        for name in AHEAD:
            if int(row[name]) != twin[name]:
                wrong.setdefault(name, []).append((number, row["policy"], frames, depths,
                                                   row[name], twin[name]))
for name in AHEAD:
    tap.check(name not in wrong, f"{name} is what the twin counts where some is read or copied "
              f"ahead {wrong.get(name, [])[:3]}")

FILE = [(1, "M", 0, 8, "file", 1, 0)]
PRICES = "minor:1,major:100,cow:10,copy:3,read:20"
row = whatif.rows("-", "-n", "9", "-r", "0,3", "-C", PRICES,
                  stdin=text(FILE + [(1, "R", page) for page in (0, 1, 2, 5)]))
tap.check([(one["major"], one["minor"], one["prefetched"], one["prefetch_useful"],
            one["prefetch_wasted"], one["prefetch_net_ns"], one["time_ns"]) for one in row] ==
          [("4", "0", "0", "0", "0", "0", "400"), ("2", "2", "5", "2", "3", "98", "302")],
          "what is read ahead and used saves a major fault for a minor one; time tells the net "
          f"{[one['time_ns'] for one in row]}")
row = whatif.rows("-", "-n", "20", "-y", "0,2", "-C", PRICES,
                  stdin=text([(1, "W", page) for page in range(4)] + [(1, "F", 2)] +
                             [(2, "W", page) for page in (0, 1, 3)]))
tap.check([(one["cow"], one["precopied"], one["precopy_useful"], one["precopy_wasted"],
            one["precopy_net_ns"], one["time_ns"]) for one in row] ==
          [("3", "0", "0", "0", "0", "34"), ("2", "2", "1", "1", "4", "30")],
          "what is copied ahead and written saves a fault that copies; time tells the net "
          f"{[one['time_ns'] for one in row]}")
row = whatif.rows("-", "-n", "50", "-y", "16",
                  stdin=text([(1, "W", page) for page in range(508, 520)] + [(1, "F", 2)] +
                             [(1, "W", page) for page in range(508, 520)]))[0]
tap.check((row["cow"], row["precopied"]) == ("2", "10"),
          f"what is copied ahead ends with the page table {row['cow'], row['precopied']}")
row = whatif.rows("-", "-n", "50", "-r", "3",
                  stdin=text([step for page in range(40) for step in
                              ((1, "M", 0, 4, "file", 1, page), (1, "R", 0))]))[0]
tap.check((row["prefetched"], row["major"]) == ("30", "10"),
          f"a page may be one of a file after the other {row['prefetched']}")

# ---- Nodes ----

SHAPES = {"1": (1, False, 0), "2": (2, False, 0), "3:interleave": (3, True, 0),
          "2:first:1": (2, False, 1), "2:first:3": (2, False, 3), "3:interleave:2": (3, True, 2)}
wrong = {}
for number in range(TRACES):
    steps = []
    for step in trace(draw):
        steps.append(step)
        if draw.random() < 0.04:
            steps.append((step[0], "N", draw.randrange(4)))
        while draw.random() < 0.3 and step[1] in "RW":
            steps.append(step)
    frames = draw.choice((2, 5, 9, 40))
    for shape, nodes in SHAPES.items():
        row = whatif.rows("-", "-n", frames, "-N", shape, "-r", "1", "-j1", stdin=text(steps))[0]
        twin = whatif_twins.memory("lru", steps, frames, prefetch=1, nodes=nodes)
        for name in (*COUNTS, "remote", "migrations"):
            if int(row[name]) != twin[name]:
                wrong.setdefault(name, []).append((number, frames, shape, row[name], twin[name]))
for name in (*COUNTS, "remote", "migrations"):
    tap.check(name not in wrong, f"with {len(SHAPES)} shapes of nodes, {name} is what the twin "
              f"counts {wrong.get(name, [])[:3]}")
TWO = [(1, "W", 0), (1, "W", 1), (2, "R", 9), (1, "N", 1), (1, "R", 0), (1, "R", 1), (1, "R", 0)]
row = whatif.rows("-", "-n", "20", "-N", "2,2:interleave,2:first:2", stdin=text(TWO))
tap.check([(one["nodes"], one["remote"], one["remote_share"], one["migrations"]) for one in row] ==
          [("2:first", "3", "0.500000", "0"), ("2:interleave", "4", "0.666667", "0"),
           ("2:first:2", "3", "0.500000", "1")],
          "who moves to another node leaves its frames behind, until they follow "
          f"{[(one['remote'], one['migrations']) for one in row]}")

# ---- What anybody can count ----

SHARED = [(1, "W", 0), (1, "F", 2)]
ONE = dict(zip(COUNTS, [0] * 7))


def expect(claim, steps, frames, **counted):
    got = dict(zip(COUNTS, counts(steps, "-n", frames)["lru", frames]))
    tap.check(got == {**ONE, **counted}, f"{claim} {got}")


expect("a child that reads has no fault: fork has filled its page table",
       SHARED + [(2, "R", 0)], 4, minor=1)
expect("who writes first copies, who writes then is alone and does not",
       SHARED + [(2, "W", 0), (1, "W", 0), (1, "W", 0)], 4, minor=3, cow=1, reuses=1)
expect("once the child has left, nothing is copied",
       SHARED + [(2, "X"), (1, "W", 0)], 4, minor=2, reuses=1)
expect("a page that two processes share is in one frame",
       SHARED + [(1, "W", 1), (2, "R", 0), (1, "R", 1), (2, "R", 0)], 2, minor=2)
expect("a shared page that went comes back once, and is mapped by who uses it then",
       SHARED + [(1, "W", 1), (1, "R", 0), (2, "R", 0)], 1, minor=3, major=1, swap_ins=1,
       swap_outs=2)
expect("what comes from swap and is not written again is not written to it again",
       [(1, "W", 0), (1, "R", 1), (1, "R", 0), (1, "R", 1)], 1, minor=3, major=1, swap_ins=1,
       swap_outs=1)
expect("a clean page of a file is dropped, a dirty one is written back",
       [(1, "M", 0, 2, "file", 1, 0), (1, "R", 0), (1, "W", 1), (1, "R", 0)], 1, major=3,
       write_backs=1)
expect("two processes map the same page of a file: one reads it",
       [(1, "M", 0, 1, "file", 1, 0), (2, "M", 8, 1, "file", 1, 0), (1, "R", 0), (2, "R", 8)], 4,
       minor=1, major=1)
expect("what is written to shared memory needs no copy after a fork",
       [(1, "M", 0, 1, "shared", 1, 0), *SHARED, (2, "W", 0), (1, "R", 0)], 4, minor=2)
expect("a private mapping is copied at its first write, and its file stays clean",
       [(1, "M", 0, 1, "private", 1, 0), (1, "W", 0), (1, "W", 0), (1, "R", 1), (1, "R", 2)], 1,
       minor=2, major=1, cow=1, swap_outs=1)
expect("what an exit leaves is no longer written to swap",
       [(1, "W", 0), (1, "X"), (2, "W", 0), (2, "R", 0)], 1, minor=2)

# So often that the mapped pages are 2^64, of which 64 bits see none.
everything = b"1 M 0 18446744073709551615 shared 1\n" * 4096
done = whatif.run("-", "-m", "-n", "16", "-F", "csv",
                  stdin=everything + text([(1, "W", page) for page in range(64)]))
row = next(csv.DictReader(done.stdout.decode().splitlines()), {})
tap.check((row.get("minor"), row.get("swap_outs")) == ("64", "48"),
          f"mappings of all that can be addressed, more than 64 bits count {done.stderr[-100:]}")

# Without events, what was not written needs no swap; what was has as many faults as ever.
same = []
for number in range(100):
    steps = [(1, "W", int(20 * draw.random() ** 2)) for _ in range(300)]
    for row, plain in zip(*(whatif.rows("-", *how, "-n", "3,10", "-P", "all", stdin=text(steps))
                            for how in (("-m",), ()))):
        if (row["faults"], row["minor"], row["major"]) != \
                (plain["faults"], plain["minor"], plain["major"]):
            same.append((number, row["policy"]))
tap.check(not same, f"one process that writes has the faults of each policy alone {same[:3]}")

row = whatif.rows("-", "-m", "-n", "4", "-C", "minor:1,major:100,cow:10,copy:1000",
                  stdin=text(SHARED + [(2, "W", 0), (1, "W", 0)]))[0]
tap.check(row["time_ns"] == "12",
          f"a fault that copies costs what it was timed to {row['time_ns']}")

# A TLB whose entries are all there misses where a page was not mapped, or is not what it was.
missed = []
for number in range(100):
    steps = [(pid, letter, *rest) for pid, letter, *rest in trace(draw) if letter != "M"]
    row = whatif.rows("-", "-m", "-n", "6", "-t", "512x512", "-T", "inverted",
                      stdin=text(steps))[0]
    twin = whatif_twins.Memory("lru", 6)
    misses, entries = 0, {}
    for pid, letter, *rest in steps:
        if letter in "RW":
            twin.access(pid, rest[0], letter == "W")
            entry = twin.pages[pid, rest[0]]
            misses += entries.get((pid, rest[0])) != (entry, entry.content)
        else:
            {"F": twin.fork, "X": twin.exit}[letter](pid, *rest)
        if letter == "F":
            entries = {where: entry for where, entry in entries.items() if where[0] != pid}
        if letter in "RW":
            entries[pid, rest[0]] = entry, entry.content
        entries = {where: held for where, held in entries.items()
                   if where in twin.pages and twin.pages[where].present}
    if int(row["tlb_misses"]) != misses:
        missed.append((number, row["tlb_misses"], misses))
tap.check(not missed, f"the TLB forgets what is unmapped, copied or protected {missed[:3]}")

# ---- Huge pages ----


def whole(twin, sizes):
    """By size, number and process, regions all of whose pages are mapped and may be written."""
    regions = {}
    for (pid, number), page in twin.pages.items():
        for size in sizes:
            if page.present and not page.protected:
                regions.setdefault((size, pid, number >> size), []).append((page, page.content))
    return {region: pages for region, pages in regions.items() if len(pages) == 1 << region[0]}


def tag_of(regions, sizes, pid, number):
    """What has the entry of a page: the largest region that is whole, or the page."""
    tags = [(size, pid, number >> size) for size in sizes]
    return max((tag for tag in tags if tag in regions), default=(0, pid, number))


class MixedTlb:
    def __init__(self, entries, ways):
        self.sets, self.ways, self.misses = [[] for _ in range(entries // ways)], ways, 0

    def look_up(self, tag, number):
        mine = self.sets[number % len(self.sets)]
        if tag in mine:
            mine.remove(tag)
        else:
            self.misses += 1
            del mine[:max(0, len(mine) - self.ways + 1)]
        mine.append(tag)

    def keep(self, stays):
        self.sets = [[tag for tag in mine if stays(tag)] for mine in self.sets]


def mixed_misses(steps, frames, entries, ways, sizes):
    """An entry is good as long as what it was filled from is, and nothing larger."""
    twin, tlb = whatif_twins.Memory("lru", frames), MixedTlb(entries, ways)
    regions, held = {}, {}
    for pid, letter, *rest in steps:
        before, left = regions, pid if letter == "F" else None
        if letter in "RW":
            twin.access(pid, rest[0], letter == "W")
        else:
            {"F": twin.fork, "X": twin.exit, "M": twin.map}[letter](pid, *rest)
        regions = whole(twin, sizes)

        def stays(tag):
            size, owner, number = tag
            if tag_of(regions, sizes, owner, number << size) != tag or \
                    tag_of(before, sizes, owner, number << size) != tag:
                return False
            if size:
                return before[tag] == regions[tag]
            page = twin.pages.get((owner, number))
            return page and page.present and held.get((owner, number)) == (page, page.content) \
                and (owner != left or page.content in twin.files.values())

        tlb.keep(stays)
        held = {where: (page, page.content) for where, page in twin.pages.items()}
        if letter in "RW":
            tag = tag_of(regions, sizes, pid, rest[0])
            tlb.look_up(tag, tag[2])
    return tlb.misses


SIZES = {"16k": (2,), "8k+32k": (1, 3), "8k+16k+32k": (1, 2, 3)}
mixed, made = {}, dict.fromkeys(SIZES, 0)
for number in range(TRACES):
    steps, frames = trace(draw), draw.choice((9, 15, 60))
    # Neighbours, as programs have them.
    steps = [step for one in steps for step in
             ([(one[0], "W", page) for page in range(one[2] & ~7, (one[2] & ~7) + 8)]
              if one[1] in "RW" and draw.random() < 0.15 else [one])]
    for names, sizes in SIZES.items():
        for row in whatif.rows("-", "-n", frames, "-H", names.replace("+", ","), "-t",
                               "4x4,8x2,64x64", "-j1", stdin=text(steps)):
            entries, ways = map(int, row["tlb"].split("x"))
            made[row["huge"]] += int(row["huge_made"])
            misses = mixed_misses(steps, frames, entries, ways, sizes)
            if int(row["tlb_misses"]) != misses:
                mixed.setdefault(names, []).append((number, frames, row["tlb"], row["tlb_misses"],
                                                    misses))
for names in SIZES:
    tap.check(names not in mixed and made[names] > TRACES, f"pages of 4k and {names} share a TLB "
              f"as in a slow one; {made[names]} became huge {mixed.get(names, [])[:3]}")
HUGE = [(1, "W", page) for page in range(1024)] * 2
rows = [whatif.rows("-", "-n", frames, *how, "-t", "16x4", "-T", "4", stdin=text(HUGE))[0]
        for frames, how in ((2000, ("-m",)), (2000, ("-H", "2m")))]
tap.check([(row["tlb_misses"], row["walk_references"], row["huge_made"]) for row in rows] ==
          [("2048", "8192", ""), ("1025", "4097", "2")],
          "two huge pages of 2 MB spare misses, and each walk to them a level")
GIGA = 1 << 18
row = whatif.rows("-", "-n", GIGA, "-H", "2m,1g", "-t", "1024x4", "-T", "4", stdin=text(
    [(1, "W", page) for page in range(GIGA)] + [(1, "R", page) for page in range(0, GIGA, 512)] +
    [(1, "M", 5, 1, "anonymous")] + [(1, "R", page) for page in range(0, GIGA, 512)]))[0]
tap.check((row["tlb_misses"], row["walk_references"], row["huge"], row["huge_made"],
           row["huge_split"]) ==
          (str(GIGA + 512), str((GIGA - 512) * 4 + 511 * 3 + 2 + 4 + 511 * 3), "2m+1g", "513", "2"),
          "pages of 4 KB, 2 MB and 1 GB share table and TLB; a walk to each spares its levels "
          f"{row['tlb_misses'], row['walk_references']}")

# ---- What is not simulated ----

FORKED = SHARED + [(2, "W", 0)]
plain = whatif.rows("-", "-n", "4", stdin=text(FORKED))[0]
tap.check((plain["faults"], plain["cow"]) == ("2", ""),
          "without --memory, each process's pages are its own")
done = whatif.run("-", "-m", "-n", "4", "-P", "opt", stdin=text(FORKED))
tap.check(done.returncode == 1 and b"opt: expected a trace without forks" in done.stderr,
          "opt is refused where contents change")
done = whatif.run("-", "-m", "-n", "4", "-p", "2m",
                  stdin=text([(1, "M", 1, 1, "file", 1, 0), (1, "R", 1)]))
tap.check(done.returncode == 1 and b"the mapping at 0x1000 is not of whole pages of 2097152" in
          done.stderr, "a page of two mappings is refused")
small, large = whatif.rows("-", "-m", "-n", "4", "-p", "4k,2m", stdin=text(
    [(1, "W", 0), (1, "F", 2), (1, "M", 512, 512, "file", 1, 512), (1, "R", 512), (2, "W", 1),
     (2, "W", 2)]))
tap.check((small["minor"], small["major"], small["cow"]) == ("3", "1", "0") and
          (large["minor"], large["major"], large["cow"]) == ("2", "1", "1"),
          "events are those of larger pages, too")
tap.finish()
