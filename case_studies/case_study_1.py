#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Case study 1: what does the way a program walks its memory cost in page faults?

What is run: two pairs of work processes, each pair at once while the monitor
records, one profile per pair.  A: both touch 1024 MiB at random (R).  B: the
second one touches it with locality (L).

    work 1024 R 50000 & work 1024 R 10000      recorded as PROFILE_A
    work 1024 R 50000 & work 1024 L 10000      recorded as PROFILE_B

What is drawn: page faults that all processes took since the first record, over
time, with the final counts in the legend.  case_study_1_a.png and
case_study_1_b.png show one profile each, case_study_1_compared.png both.  With
PROFILE_A alone, which may be any profile, only the first is drawn.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import style
from profile_dat import Profile, ProfileError, caption, read_to_draw, series, total


@dataclass(frozen=True)
class Curve:
    """Faults of all processes of one profile.

    label: what was run
    time: seconds since the first record, shape (times,)
    minor, major: faults so far, shape (times,)
    """

    label: str
    profile: Profile
    time: np.ndarray
    minor: np.ndarray
    major: np.ndarray


def read_curve(path, label):
    """Return the Curve of the profile at path; the label is the file's name if None.

    Raises ProfileError if the profile cannot be drawn.
    """
    profile = read_to_draw(path)
    time, minor = total(profile, "minor")
    _, major = total(profile, "major")
    return Curve(label or Path(path).stem, profile, time, minor, major)


def draw_one(curve):
    """Return a figure of one curve: its faults by kind, and their sum."""
    processes = len(series(curve.profile))
    figure, (axes,) = style.figure(f"{curve.label}: accumulated page faults of "
                                   f"{processes} process{'es' if processes > 1 else ''}",
                                   caption([curve.profile]))
    faults = curve.minor + curve.major
    # Broad, for minor faults are often nearly all: their line must not hide it.
    axes.plot(curve.time, faults, color=style.SKY_BLUE, linewidth=6, drawstyle="steps-post",
              label=f"minor + major: {faults[-1]:,.0f}")
    axes.plot(curve.time, curve.minor, color=style.BLACK, linestyle="dashed",
              drawstyle="steps-post", label=f"minor: {curve.minor[-1]:,.0f}")
    axes.plot(curve.time, curve.major, color=style.VERMILION, linestyle="dotted", marker="o",
              markevery=0.1, clip_on=False, drawstyle="steps-post",
              label=f"major: {curve.major[-1]:,.0f}")
    _finish(axes)
    return figure


def draw_compared(a, b):
    """Return a figure of the sums of two curves, and of the major faults in them."""
    figure, (axes,) = style.figure(f"Accumulated page faults: {a.label} (A) and {b.label} (B)",
                                   caption([a.profile, b.profile]))
    for name, curve, color, marker in (("A", a, style.BLUE, "o"), ("B", b, style.VERMILION, "s")):
        faults = curve.minor + curve.major
        look = {"color": color, "marker": marker, "markevery": 0.1, "clip_on": False,
                "drawstyle": "steps-post"}
        axes.plot(curve.time, faults, **look,
                  label=f"{name}, minor + major: {faults[-1]:,.0f} "
                        f"(minor: {curve.minor[-1]:,.0f})")
        axes.plot(curve.time, curve.major, **look, linestyle="dotted", markerfacecolor="white",
                  label=f"{name}, major: {curve.major[-1]:,.0f}")
    _finish(axes)
    return figure


def _finish(axes):
    axes.set_xlabel("time since the first record (s)")
    axes.set_ylabel("page faults so far")
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    style.whole_numbers(axes.yaxis)
    style.legend_above(axes)


def parse_arguments():
    """Return the command line; exit with status 2 if it is not understood."""
    parser = argparse.ArgumentParser(description="Draw the page faults of one or two profiles "
                                                 "over time.")
    parser.add_argument("profile_a", metavar="PROFILE_A")
    parser.add_argument("profile_b", metavar="PROFILE_B", nargs="?")
    parser.add_argument("--label-a", metavar="TEXT", help="what was run for A (default: file name)")
    parser.add_argument("--label-b", metavar="TEXT", help="what was run for B (default: file name)")
    parser.add_argument("-o", dest="directory", metavar="DIR", type=Path, default=Path(),
                        help="where to write the figures (default: here)")
    arguments = parser.parse_args()
    if arguments.label_b and not arguments.profile_b:
        parser.error("--label-b needs PROFILE_B")
    return arguments


def main():
    arguments = parse_arguments()
    try:
        # Everything is read before anything is written.
        a = read_curve(arguments.profile_a, arguments.label_a)
        figures = {"case_study_1_a.png": draw_one(a)}
        if arguments.profile_b:
            b = read_curve(arguments.profile_b, arguments.label_b)
            figures["case_study_1_b.png"] = draw_one(b)
            figures["case_study_1_compared.png"] = draw_compared(a, b)
        for name, figure in figures.items():
            style.save(figure, arguments.directory / name)
            print(arguments.directory / name)
    except (ProfileError, OSError) as error:
        sys.exit(f"{Path(__file__).name}: {error}")


if __name__ == "__main__":
    main()
