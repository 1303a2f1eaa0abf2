#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""How even samples are.  Reads their times, in seconds; prints `NAME_p50`, `_p99` and `_max`, by
how much two are not a period apart, in percent of one, and `NAME_lost`, the percentage of
periods without a sample.

usage: evenness.py NAME HZ
"""

import sys


def off(times, period):
    """By how much each distance is not a period, in percent, in order."""
    return sorted(100 * abs(later - earlier - period) / period
                  for earlier, later in zip(times, times[1:]))


def lost(times, period):
    """The percentage of periods from the first time to the last that none is in."""
    taken = {round((time - times[0]) / period) for time in times}
    return 100 * (1 - len(taken) / (max(taken) + 1))


def main(name, hertz):
    """Say it of what is read."""
    period = 1 / int(hertz)
    times = [float(line) for line in sys.stdin]
    if len(times) < 2:
        print(f"{name}_reason it wrote {len(times)} rows")
        return
    gaps = off(times, period)
    for share in 50, 99:
        print(f"{name}_p{share} {gaps[len(gaps) * share // 100]:.2f}")
    print(f"{name}_max {gaps[-1]:.2f}")
    print(f"{name}_lost {lost(times, period):.2f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
