#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""A ring in a file, to which each of so many processes adds a record 20 times a second.

usage: growing_ring.py GROUPS FILE
"""

import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from ring_file import RingFile
from rings import TICKS

TICK_S = 0.05


def main(groups, path):
    """For ever."""
    ring = RingFile(path)
    start = time.monotonic()
    tick = 0
    while True:
        tick += 1
        for number in range(1, groups + 1):
            ring.add(number, b"service-%d" % number, pid=number, minor=tick * 12345, major=tick,
                     cow=tick * 678, user_ns=tick * 10 ** 7, system_ns=tick * 10 ** 6,
                     rss=12345 * 4096, kinds=(tick * 678, 0, 0, 0, 0, 0, 0))
        ring.set(TICKS, tick)
        time.sleep(max(0, start + tick * TICK_S - time.monotonic()))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
