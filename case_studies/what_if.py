#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What faultline-whatif answers, as a picture: how many accesses fault with how much memory.

    faultline-whatif ls.trace -n 16,32,64 -P lru,clock,opt -F csv > ls.csv
    faultline-whatif mrc ls.trace -F csv > mrc.csv
    what_if.py -o ls.png ls.csv mrc.csv

There is a line for each policy, and for each page size, TLB or whatever else differs between
rows; on it a mark for each number of frames.  What is n/a has no mark.
"""

import argparse
import csv
import sys
from collections import defaultdict
from dataclasses import dataclass

import style

# What a row is asked for, besides frames.
SETTINGS = ("policy", "page", "sample", "tlb", "table", "prefetch", "precopy", "nodes", "huge")
UNITS = {"k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
LINES_MAX = 12
COLORS = (style.BLUE, style.VERMILION, style.BLACK, style.SKY_BLUE)
DASHES = ("-", "--", ":")
MARKS = "os^Dv<>PX*hd"


class WhatIfError(Exception):
    """Nothing can be drawn; the message is one line."""


@dataclass(frozen=True)
class Answers:
    """What there is to draw.

    lines: by label, points of frames or MB and ratio of accesses that fault, in order
    in_megabytes: are they MB?
    accesses, pages: of the traces, each number once
    sampled: is one of them a sample?
    """

    lines: dict
    in_megabytes: bool
    accesses: list
    pages: list
    sampled: bool


def bytes_of(size):
    """Return what a size such as 4k means, or None for objects that have none."""
    if size[-1:] in UNITS and size[:-1].isdigit():
        return int(size[:-1]) * UNITS[size[-1]]
    return int(size) if size.isdigit() else None


def read_rows(name):
    """Return the rows of a file, or of standard input for -."""
    try:
        with (sys.stdin if name == "-" else open(name, encoding="utf-8", newline="")) as file:
            reader = csv.DictReader(file)
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise WhatIfError(f"{name}: {error}") from None
    if not rows or not {"frames", "ratio", *SETTINGS} <= set(reader.fieldnames):
        raise WhatIfError(f"{name}: expected what faultline-whatif writes with -F csv")
    return rows


def label_of(row, settings):
    """Return a row's name among those that differ in these."""
    words = [row["policy"]] if "policy" in settings else []
    words += [f"{name} {row[name] or 'none'}" for name in settings if name != "policy"]
    return ", ".join(words) or row["policy"]


def answers(rows):
    """Return what is in rows."""
    settings = [name for name in SETTINGS if len({row[name] for row in rows}) > 1]
    in_megabytes = "page" in settings and all(bytes_of(row["page"]) for row in rows)
    points = defaultdict(set)
    for row in rows:
        try:
            amount = int(row["frames"])
            if in_megabytes:
                amount *= bytes_of(row["page"]) / UNITS["m"]
            if row["ratio"]:
                points[label_of(row, settings)].add((amount, float(row["ratio"])))
        except (TypeError, ValueError):
            raise WhatIfError(f"expected numbers, not {row}") from None
    if not points:
        raise WhatIfError("all of it is n/a")
    if len(points) > LINES_MAX:
        raise WhatIfError(f"expected {LINES_MAX} lines at most, not {len(points)}")
    return Answers({label: sorted(of) for label, of in points.items()}, in_megabytes,
                   sorted({int(row["accesses"]) for row in rows}),
                   sorted({int(row["pages"]) for row in rows}),
                   any(row["trace"] == "sampled" for row in rows))


def number(counts):
    """Return a number, or between what they are."""
    return f"{counts[0]:,}" + (f" to {counts[-1]:,}" if len(counts) > 1 else "")


def draw(drawn):
    """Return the figure."""
    caption = f"{number(drawn.accesses)} accesses to {number(drawn.pages)} pages"
    if drawn.sampled:
        caption += "; a sample of a live process: once per epoch, what it wrote"
    figure, (axes,) = style.figure("Accesses that fault, by how much memory there is", caption)
    for i, (label, points) in enumerate(drawn.lines.items()):
        axes.plot(*zip(*points), label=label, color=COLORS[i % len(COLORS)],
                  linestyle=DASHES[i % len(DASHES)], marker=MARKS[i], markersize=5)
    if drawn.in_megabytes:
        axes.set_xlabel("memory (MB)")
    else:
        style.whole_numbers(axes.xaxis)
        axes.set_xlabel("memory (frames)")
    axes.set_ylabel("faults per access")
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    axes.legend(loc="upper right", ncols=1 + len(drawn.lines) // 7)
    return figure


def main():
    """Draw what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", metavar="FILE", default="what_if.png",
                        help="where to (what_if.png)")
    parser.add_argument("csv", metavar="CSV", nargs="+",
                        help="what faultline-whatif wrote with -F csv; - is standard input")
    arguments = parser.parse_args()
    try:
        rows = [row for name in arguments.csv for row in read_rows(name)]
        style.save(draw(answers(rows)), arguments.o)
    except (WhatIfError, OSError) as error:
        sys.exit(f"what_if.py: {error}")


if __name__ == "__main__":
    main()
