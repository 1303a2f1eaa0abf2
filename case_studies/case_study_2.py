#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Case study 2: how many processes at once does a machine bear before it thrashes?

What is run: N equal work processes at once while the monitor records, one
profile for each degree of multiprogramming N, from one to more than the memory
holds; any of them more than once to see how far runs differ.

    for i in $(seq N); do work 200 R 10000 & done      recorded as one PROFILE

What is drawn: case_study_2.png, with CPU utilisation, completion time and major
faults per second over N.  A machine that thrashes takes longer while its CPUs
idle, because its processes wait for pages.  N is the number of processes in the
profile; each run is a point and the line joins the means.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import style
from profile_dat import (ProfileError, caption, completion_time, cpu_utilisation, cpus,
                         final, read_to_draw, series, unended)


@dataclass(frozen=True)
class Run:
    """What one profile says about its degree of multiprogramming.

    degree: number of processes
    utilisation: CPU time used, in % of what was there
    seconds: from the first record to the last
    major_rate: major faults per second of that
    """

    degree: int
    utilisation: float
    seconds: float
    major_rate: float


def measure(profile):
    """Return the Run that a profile recorded; ProfileError if it took no time."""
    seconds = completion_time(profile)
    return Run(len(series(profile)), cpu_utilisation(profile), seconds,
               final(profile, "major") / seconds)


def common_cpus(profiles):
    """Return cpus() of all profiles.

    Raises ProfileError if they differ: their utilisations share no scale.
    """
    first = cpus(profiles[0])
    for profile in profiles:
        if cpus(profile) != first:
            raise ProfileError(f"{profile.path}: expected {first or 'n/a'} CPUs as in "
                               f"{profiles[0].path}, found {cpus(profile) or 'n/a'}")
    return first


def draw(profiles):
    """Return the figure of all profiles; ProfileError if one cannot be measured."""
    runs = [measure(profile) for profile in profiles]
    cpu_count = common_cpus(profiles)
    figure, panels = style.figure("CPU utilisation, completion time and major faults over N",
                                  _caption(profiles), panels=3)

    plot(panels[0], runs, "utilisation", style.BLUE, "o")
    panels[0].set_ylabel(f"CPU utilisation\n(% of {cpu_count or 'one'} "
                         f"CPU{'s' if (cpu_count or 1) > 1 else ''})")
    plot(panels[1], runs, "seconds", style.BLACK, "s")
    panels[1].set_ylabel("completion time (s)")
    plot(panels[2], runs, "major_rate", style.VERMILION, "^")
    panels[2].set_ylabel("major faults per second")
    panels[2].set_xlabel("degree of multiprogramming N (processes)")
    panels[2].set_xticks(sorted({run.degree for run in runs}))
    style.legend_above(panels[0])
    return figure


def plot(axes, runs, quantity, color, marker):
    """Draw one quantity over the degree: a point for each run, a line through the means."""
    degrees = np.array([run.degree for run in runs])
    values = np.array([getattr(run, quantity) for run in runs])
    distinct = np.unique(degrees)
    means = [values[degrees == degree].mean() for degree in distinct]
    axes.plot(distinct, means, color=color, label="mean")
    axes.plot(degrees, values, color=color, linestyle="none", marker=marker, markersize=8,
              markerfacecolor="none", clip_on=False, label="one run")
    axes.set_ylim(bottom=0)


def _caption(profiles):
    """Return the caption, which owns up to runs that did not complete."""
    cut = sum(unended(profile) > 0 for profile in profiles)
    if not cut:
        return caption(profiles)
    return (f"{caption(profiles)}; {cut} of {len(profiles)} profiles end before their processes: "
            "those completion times are too short")


def parse_arguments():
    """Return the command line; exit with status 2 if it is not understood."""
    parser = argparse.ArgumentParser(description="Draw CPU utilisation, completion time and major "
                                                 "faults over the number of processes.")
    parser.add_argument("profiles", metavar="PROFILE", nargs="+")
    parser.add_argument("-o", dest="directory", metavar="DIR", type=Path, default=Path(),
                        help="where to write the figure (default: here)")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    path = arguments.directory / "case_study_2.png"
    try:
        style.save(draw([read_to_draw(profile) for profile in arguments.profiles]), path)
        print(path)
    except (ProfileError, OSError) as error:
        sys.exit(f"{Path(__file__).name}: {error}")


if __name__ == "__main__":
    main()
