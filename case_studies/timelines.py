#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What each process of a profile did over time: faultline report --png draws by this.

What is drawn, each over the seconds since the first record: minor, major and
copy-on-write faults a second, CPU time in % of one CPU, and resident memory; a line for
each of up to four processes, or on top of each other the three with the most faults and
all the others together.
"""

import argparse
import sys
from pathlib import Path

try:
    import numpy as np

    import style
except ImportError as error:
    sys.exit(f"{Path(__file__).name}: python3-{error.name or 'matplotlib'} is missing: "
             f"sudo apt-get install python3-{error.name or 'matplotlib'}")

from profile_dat import ProfileError, caption, read_to_draw, series

CELLS = 300
LINES_MAX = 4
LOOKS = [{"color": color, "linestyle": line, "hatch": hatch} for color, line, hatch in (
    (style.BLUE, "solid", None), (style.VERMILION, "dashed", "//"),
    (style.SKY_BLUE, "dashdot", "\\\\"), ("#999999", "dotted", None))]

PANELS = (("minor faults\na second", ("minor",)), ("major faults\na second", ("major",)),
          ("copied pages\na second", ("cow",)), ("CPU, % of one", ("user_s", "system_s")))


def rate(rows, columns, edges):
    """Return how fast the sum of these columns grew between edges, per second.

    Shape (len(edges) - 1,); 0 where the process does not live, NaN if it is not known.
    """
    values = sum(rows[column] for column in columns)
    return np.diff(np.interp(edges, rows["time_s"], values)) / np.diff(edges)


def memory(rows, edges):
    """Return the resident memory between edges in MB, 0 where the process does not live."""
    middles = (edges[1:] + edges[:-1]) / 2
    sampled = np.interp(middles, rows["time_s"], rows["rss_bytes"], left=0, right=0)
    return sampled / 1e6


def busiest(profile):
    """Return ids, those with the most faults first."""
    faults = {process: rows["minor"][-1] + rows["major"][-1] + np.nan_to_num(rows["cow"][-1])
              for process, rows in series(profile).items()}
    return sorted(faults, key=faults.get, reverse=True)


def draw(profile):
    """Return the figure of a profile."""
    figure, axes = style.figure(f"{Path(profile.path).name}: faults, CPU time and memory",
                                caption([profile]), len(PANELS) + 1)
    by_id, ids = series(profile), busiest(profile)
    begin, end = profile.rows["time_s"].min(), profile.rows["time_s"].max()
    edges = np.linspace(begin, max(end, begin + 1e-3), CELLS + 1)
    groups = [[process] for process in ids]
    if len(ids) > LINES_MAX:
        groups = [*groups[:LINES_MAX - 1], ids[LINES_MAX - 1:]]
    below = np.zeros((len(axes), CELLS))
    for members, look in zip(groups, LOOKS):
        values = np.array([_measures(by_id[process], edges) for process in members]).sum(axis=0)
        for panel, row, floor in zip(axes, values, below):
            _draw_one(panel, row, floor if len(ids) > LINES_MAX else None, edges - begin,
                      _label(profile, members), look)
        below += np.nan_to_num(values)
    _finish(axes, end - begin)
    return figure


def _measures(rows, edges):
    """Return a row of values between edges for each panel."""
    return [(100 if columns[0] == "user_s" else 1) * rate(rows, columns, edges)
            for _, columns in PANELS] + [memory(rows, edges)]


def _draw_one(panel, values, floor, edges, label, look):
    if floor is None:
        panel.stairs(values, edges, label=label, linewidth=1.5, color=look["color"],
                     linestyle=look["linestyle"])
    else:
        panel.stairs(floor + values, edges, baseline=floor, fill=True, label=label,
                     facecolor=look["color"], edgecolor="white", linewidth=0,
                     hatch=look["hatch"])


def _label(profile, members):
    known = profile.processes.get(members[0])
    if len(members) > 1:
        return f"{len(members)} others"
    return f"{known.comm} {known.pid}" if known else f"id {members[0]}"


def _finish(axes, seconds):
    for panel, label in zip(axes, [name for name, _ in PANELS] + ["memory, MB"]):
        panel.set_ylabel(label)
        panel.set_ylim(bottom=0)
    axes[-1].set_xlabel("time since the first record (s)")
    axes[-1].set_xlim(0, max(seconds, 1e-3))
    style.legend_of_all(axes[0])


def parse_arguments():
    """Return the command line; exit with status 2 if it is not understood."""
    parser = argparse.ArgumentParser(description="Draw what each process of a profile did.")
    parser.add_argument("profile", metavar="PROFILE")
    parser.add_argument("-o", dest="output", metavar="FILE", default="timelines.png",
                        help="the figure to write (default: timelines.png)")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    try:
        style.save(draw(read_to_draw(arguments.profile)), arguments.output)
    except (ProfileError, OSError) as error:
        sys.exit(f"{Path(__file__).name}: {error}")


if __name__ == "__main__":
    main()
