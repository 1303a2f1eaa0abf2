#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Case study 5: what does it cost Redis to save its data while it serves?

What is run (record_5.sh): a redis-server full of data, registered with its
children, is written to at a steady rate and told to BGSAVE, once with
transparent huge pages (THP) off and once on.  DIRECTORY holds of each

    profile_thp_*.dat       what the module recorded
    latency_thp_*.dat       what each request took, on the same clock
    redis_thp_*.dat         what Redis says of its copies; and both at one time

What is drawn: case_study_5.png, with pages copied per second by the server and
by its child, the memory that went into copies so far, as the module and as
Redis have it, and the latency of each request, over the time since the fork.
case_study_5.txt says what Redis's own figure has more or less than the
module's.
"""

import argparse
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import style
from profile_dat import FLAG_EXITED, Profile, ProfileError, caption, read_to_draw, series

PAGE_BYTES = 4096
PAGE_KB = 4
MB = 1e6
LOGGED_MB = 2**20
RATE_BIN_S = 0.5
LATENCY_BIN_S = 1

# What redis_thp_*.dat gives once, as whole numbers or, times, as seconds.
_FIGURES = ("keys", "value_bytes", "requests_per_s", "save_delay_us", "huge_kb", "free_before_kb",
            "free_after_kb", "collapsed", "used_memory", "latest_fork_usec", "rdb_last_cow_size",
            "measured_s")
# What it gives any number of times, and how many numbers each.
_TABLES = {"logged_mb": 2, "given_back": 2, "frozen": 4}


@dataclass(frozen=True)
class Requests:
    """What the requests of one run took.

    due, latency: in seconds, shape (requests,); due in CLOCK_MONOTONIC's time
    realtime_offset: CLOCK_REALTIME minus CLOCK_MONOTONIC, in seconds
    """

    due: np.ndarray
    latency: np.ndarray
    realtime_offset: float


@dataclass(frozen=True)
class Save:
    """One BGSAVE under writes; all times are in seconds since the fork.

    server, child: rows of the profile
    birth: when the fork was, in CLOCK_MONOTONIC's time
    end: when the child had gone
    measured: when Redis took the figure that it reports
    figures: numbers of redis_thp_*.dat by name
    logged: Redis's own figures over time, shape (n, 2): when, and whole MB
    given_back: pages that the server gave back to the kernel during the save
    frozen: server's and child's copies, the child's Private_Dirty, and what the
        server had given back, in pages, when both stood still, shape (n, 4)
    """

    profile: Profile
    requests: Requests
    server: np.ndarray
    child: np.ndarray
    birth: float
    end: float
    measured: float
    figures: dict[str, float]
    logged: np.ndarray
    given_back: int
    frozen: np.ndarray


# ---- Reading ----


def read_requests(path):
    """Return the Requests in the file at path; ProfileError if it is none."""
    rows, offset = [], None
    for number, line in enumerate(_lines(path), 1):
        match = re.fullmatch(r"# realtime_minus_monotonic_s: ([0-9]+\.[0-9]+)", line)
        if match:
            offset = float(match[1])
        elif not line.startswith("#"):
            rows.append(_numbers(path, number, line.split(), 2))
    if offset is None or not rows:
        raise ProfileError(f"{path}: expected requests, and '# realtime_minus_monotonic_s: S'")
    due, latency = np.array(rows).T
    return Requests(due, latency, offset)


def read_figures(path):
    """Return (figures, tables) of what Redis says: numbers by name, and rows by name.

    Raises ProfileError if one is not there, or is no number.
    """
    figures, tables = {}, {name: [] for name in _TABLES}
    for number, line in enumerate(_lines(path), 1):
        name, *values = line.split()
        if name in _TABLES:
            tables[name].append(_numbers(path, number, values, _TABLES[name]))
        elif name in _FIGURES:
            figures[name], = _numbers(path, number, values, 1)
    for name in _FIGURES:
        if name not in figures:
            raise ProfileError(f"{path}: expected a line '{name} N'")
    for name in ("logged_mb", "frozen"):
        if not tables[name]:
            raise ProfileError(f"{path}: expected at least one line '{name} ...'")
    return figures, {name: np.array(rows).reshape(-1, _TABLES[name])
                     for name, rows in tables.items()}


def read_save(directory, thp):
    """Return the Save that was recorded with THP "off" or "on".

    Raises ProfileError if a file cannot be read, or they do not tell of one save.
    """
    profile = read_to_draw(directory / f"profile_thp_{thp}.dat")
    requests = read_requests(directory / f"latency_thp_{thp}.dat")
    figures, tables = read_figures(directory / f"redis_thp_{thp}.dat")
    server, child = server_and_child(profile)
    birth, end = child["time_s"][0], child["time_s"][-1]
    logged = tables["logged_mb"] - (requests.realtime_offset + birth, 0)
    measured = figures["measured_s"] - requests.realtime_offset - birth
    if not 0 < measured <= end - birth:
        raise ProfileError(f"{profile.path}: expected Redis to measure while its child lives, "
                           f"found {measured:.3f} s after the fork")
    given_back = tables["given_back"]
    during = (given_back[:, 0] >= birth) & (given_back[:, 0] <= birth + measured)
    return Save(profile, requests, server, child, birth, end - birth, measured, figures, logged,
                int(given_back[during, 1].sum()) // PAGE_KB,
                tables["frozen"] // (1, 1, PAGE_KB, PAGE_KB))


def server_and_child(profile):
    """Return the rows of a registered process and of the one child it had, which has gone.

    Raises ProfileError if the profile is of anything else, or copies were not counted.
    """
    runs = list(series(profile).values())
    if len(runs) != 2 or runs[1]["parent_id"][0] != runs[0]["id"][0]:
        raise ProfileError(f"{profile.path}: expected a process and one child of it")
    if not runs[1]["flags"][-1] & FLAG_EXITED:
        raise ProfileError(f"{profile.path}: expected the child's last record")
    if any(np.isnan(rows["cow_anon"]).any() for rows in runs):
        raise ProfileError(f"{profile.path}: expected copies to be counted")
    return runs


def _lines(path):
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise ProfileError(f"{path}: {error.strerror}") from None


def _numbers(path, number, words, count):
    """Return words as so many numbers; ProfileError if they are not."""
    if len(words) != count or not all(re.fullmatch(r"[0-9]+(\.[0-9]+)?", word) for word in words):
        raise ProfileError(f"{path}:{number}: expected {count} number{'s' * (count > 1)}, "
                           f"found {' '.join(words)!r}")
    return [float(word) for word in words]


# ---- Measuring ----


def copied(rows, time, birth):
    """Return how many anonymous pages a process copied from birth to a time, or to several.

    Only these make a page the child's own: a page that the server copies is its
    child's alone from then on.  Between two samples it is a straight line, but
    no copy that a fork caused was before the fork.
    """
    times, pages = rows["time_s"], rows["cow_anon"]
    before = np.searchsorted(times, birth, side="right")
    at_birth = pages[max(before - 1, 0)]
    return np.interp(time, np.insert(times, before, birth),
                     np.insert(pages, before, at_birth)) - at_birth


def rates(rows, edges, birth):
    """Return copies per second between edges, shape (edges - 1,)."""
    return np.diff(copied(rows, edges, birth)) / np.diff(edges)


@dataclass(frozen=True)
class Account:
    """The module's count and Redis's figure at the moment of the latter, in pages.

    server, child: pages that each had copied; the child's last count, all kinds
    redis: rdb_last_cow_size
    given_back: pages that the server gave back, at most so many of them shared
    frozen: what Private_Dirty had more than the module, each time all stood still
    frozen_given_back: what of it the server had given back, at most
    """

    server: int
    child: int
    redis: int
    given_back: int
    frozen: tuple[int, ...]
    frozen_given_back: tuple[int, ...]

    @property
    def more(self):
        """What Redis's figure has more than the module's count."""
        return self.redis - self.server - self.child


def account(save):
    """Return the Account of a save."""
    server = copied(save.server, save.birth + save.measured, save.birth)
    frozen = save.frozen[:, 2] - save.frozen[:, 0] - save.frozen[:, 1]
    return Account(round(server), int(save.child["cow"][-1]),
                   round(save.figures["rdb_last_cow_size"] / PAGE_BYTES), save.given_back,
                   tuple(int(pages) for pages in frozen),
                   tuple(int(pages) for pages in save.frozen[:, 3]))


def latencies(save):
    """Return median, 99% and longest latency in ms before, during and after, shape (3, 3).

    A request that waits while the server forks is of the time during the save.
    NaN where there was none.
    """
    due = save.requests.due - save.birth
    before, after = due + save.requests.latency < 0, due >= save.end
    measured = []
    for part in (before, ~before & ~after, after):
        taken = 1e3 * save.requests.latency[part]
        measured.append(np.percentile(taken, (50, 99, 100)) if len(taken) else [np.nan] * 3)
    return np.array(measured)


def table(saves):
    """Return the figures of saves by the state of THP, as text."""
    accounts = [account(save) for save in saves.values()]
    taken = [latencies(save) for save in saves.values()]

    def row(what, values, form="{:,}"):
        return f"{what:<48}" + "".join(f"{form.format(value):>23}" for value in values)

    def of(name, scale=1):
        return [save.figures[name] / scale for save in saves.values()]

    lines = [
        row("transparent huge pages", saves, "{}"),
        row("memory that Redis uses, MB", of("used_memory", MB), "{:.1f}"),
        row("  of the process, in huge pages before the fork, MB",
            of("huge_kb", MB / 1024), "{:.1f}"),
        row("the fork, as Redis timed it, ms", of("latest_fork_usec", 1e3), "{:.1f}"),
        row("the child lived, s", [save.end for save in saves.values()], "{:.1f}"),
        "When Redis took its figure:",
        row("  pages copied by the server", [one.server for one in accounts]),
        row("  pages copied by the child", [one.child for one in accounts]),
        row("  both x 4096, MB",
            [(one.server + one.child) * PAGE_BYTES / MB for one in accounts], "{:.2f}"),
        row("  rdb_last_cow_size, MB", of("rdb_last_cow_size", MB), "{:.2f}"),
        row("  Redis has more, pages", [one.more for one in accounts], "{:+,}"),
        row("  pages that the server gave back, at most", [one.given_back for one in accounts]),
        "While all stood still, in another save:",
        row("  Private_Dirty has more, pages",
            [" ".join(f"{pages:+}" for pages in one.frozen) for one in accounts], "{}"),
        row("  pages that the server gave back, at most",
            [" ".join(map(str, one.frozen_given_back)) for one in accounts], "{}"),
        "After the child had gone:",
        row("  pages copied by the server, per second",
            [_rate_after(save) for save in saves.values()], "{:,.0f}"),
        row("  less memory free than before the save, MB",
            [_kept(save) for save in saves.values()], "{:.1f}"),
        row("  huge pages put together meanwhile", of("collapsed"), "{:.0f}"),
        "Latency: median, 99%, longest, ms:",
    ]
    for number, part in enumerate(("before the fork", "from fork to exit", "after the exit")):
        lines.append(row(f"  {part}", [" ".join(f"{value:.2f}" for value in one[number])
                                       for one in taken], "{}"))
    return "\n".join(lines) + "\n"


def _kept(save):
    """Return the memory in MB that is free no more, some seconds after the child's end."""
    return (save.figures["free_before_kb"] - save.figures["free_after_kb"]) * 1024 / MB


def _rate_after(save):
    """Return copies per second from the child's end to the server's last record."""
    gone, last = save.birth + save.end, save.server["time_s"][-1]
    if gone == last:
        return np.nan
    return rates(save.server, [gone, last], save.birth)[0]


# ---- Drawing ----


def draw(saves):
    """Return the figure of saves by the state of THP."""
    figure, panels = style.figure_in_columns("Redis saves while it serves: copy-on-write and "
                                             "latency around a BGSAVE", _caption(saves), 3,
                                             len(saves))
    for (thp, save), (rate, memory, latency) in zip(saves.items(), panels.T):
        for axes in (rate, memory, latency):
            axes.axvspan(0, save.end, color=style.GREY, linewidth=0)
        _draw_rates(rate, save)
        _draw_memory(memory, save)
        _draw_latency(latency, save)
        rate.set_title(f"THP {thp}", loc="left", fontsize=12, fontweight="bold", pad=42)
        latency.set_xlabel("time since the fork (s)")
        latency.set_xlim(left=save.requests.due[0] - save.birth - 0.5)
    panels[0, 0].set_ylabel("pages copied\nper second")
    panels[1, 0].set_ylabel("memory in copies\nso far (MB)")
    panels[2, 0].set_ylabel("latency of a SET (ms)")
    panels[0, 0].set_ylim(bottom=0)
    panels[1, 0].set_ylim(bottom=0)
    panels[2, 0].set_ylim(top=3e3 * max(save.requests.latency.max() for save in saves.values()))
    style.whole_numbers(panels[0, 0].yaxis)
    panels[0, 0].locator_params(axis="y", nbins=6)
    return figure


def _edges(save, width):
    """Return the edges of bins, one of them at the fork, in seconds since the fork."""
    first, last = save.server["time_s"][[0, -1]] - save.birth
    return width * np.arange(np.ceil(first / width), np.floor(last / width) + 1)


def _draw_rates(axes, save):
    edges = _edges(save, RATE_BIN_S)
    for name, rows, color, line in (("server", save.server, style.BLUE, "solid"),
                                    ("child", save.child, style.VERMILION, "dashed")):
        axes.stairs(rates(rows, save.birth + edges, save.birth), edges, baseline=None,
                    color=color, linestyle=line, linewidth=2,
                    label=f"{name}: {rows['cow_anon'][-1]:,.0f} pages")
    style.legend_above(axes)


def _draw_memory(axes, save):
    time = save.server["time_s"]
    pages = sum(copied(rows, time, save.birth) for rows in (save.server, save.child))
    axes.plot(time - save.birth, pages * PAGE_BYTES / MB, color=style.BLACK,
              label="module: pages x 4096")
    # The log gives whole MB, cut off.
    axes.plot(save.logged[:, 0], (save.logged[:, 1] + 0.5) * LOGGED_MB / MB, color=style.VERMILION,
              marker="o", markersize=5, markerfacecolor="none", linestyle="none",
              label="Redis's own log")
    style.legend_above(axes)


def _draw_latency(axes, save):
    time, taken = save.requests.due - save.birth, 1e3 * save.requests.latency
    axes.scatter(time, taken, s=4, color=style.SKY_BLUE, linewidth=0, rasterized=True,
                 label="one request")
    edges = _edges(save, LATENCY_BIN_S)
    parts = [(start, end, taken[(time >= start) & (time < end)])
             for start, end in zip(edges, edges[1:])]
    parts = [((start + end) / 2, *np.percentile(part, (50, 99)))
             for start, end, part in parts if len(part)]
    middles, medians, slow = np.array(parts).T.reshape(3, -1)
    axes.plot(middles, slow, color=style.VERMILION, linestyle="dashed", linewidth=1.5,
              label="99%")
    axes.plot(middles, medians, color=style.BLACK, linewidth=1.5, label="median")
    axes.plot(save.logged[:, 0], np.full(len(save.logged), 0.02), color=style.BLUE, marker="|",
              markersize=7, linestyle="none", transform=axes.get_xaxis_transform(),
              label="Redis measures")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    _name_fork(axes, save)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0, ncols=2,
                columnspacing=2, handlelength=1.5, handletextpad=0.5)


def _name_fork(axes, save):
    """Write what the longest of the requests took that waited for the fork."""
    due, latency = save.requests.due - save.birth, save.requests.latency
    waited = np.flatnonzero((due <= 0) & (due + latency >= 0))
    if len(waited):
        longest = waited[np.argmax(latency[waited])]
        axes.annotate(f"the fork: {1e3 * latency[longest]:.1f} ms",
                      (due[longest], 1e3 * latency[longest]), (4, 4),
                      textcoords="offset points", fontsize=10)


def _caption(saves):
    """Return the caption, with what was asked of Redis."""
    save, *others = saves.values()
    for other in others:
        for name in ("keys", "value_bytes", "requests_per_s", "save_delay_us"):
            if other.figures[name] != save.figures[name]:
                raise ProfileError(f"{other.profile.path}: expected {name} as in "
                                   f"{save.profile.path}")
    asked = "{keys:,.0f} keys of {value_bytes:,.0f} bytes, {requests_per_s:,.0f} SETs of random " \
            "keys per second; the child pauses {save_delay_us:.0f} us after each key it saves " \
            "(rdb-key-save-delay); grey: from its birth to its exit".format(**save.figures)
    return f"{asked}; {caption([save.profile for save in saves.values()])}"


def parse_arguments():
    """Return the command line; exit with status 2 if it is not understood."""
    parser = argparse.ArgumentParser(description="Draw copies and latency of a Redis that saves, "
                                                 "and tell what it says of its copies itself.")
    parser.add_argument("directory", metavar="DIRECTORY", type=Path)
    parser.add_argument("-o", dest="out", metavar="DIR", type=Path, default=Path(),
                        help="where to write figure and table (default: here)")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    try:
        saves = {thp: read_save(arguments.directory, thp) for thp in ("off", "on")}
        text = table(saves)
        style.save(draw(saves), arguments.out / "case_study_5.png")
        (arguments.out / "case_study_5.txt").write_text(text, encoding="utf-8")
        print(arguments.out / "case_study_5.png")
        print(arguments.out / "case_study_5.txt")
    except (ProfileError, OSError) as error:
        sys.exit(f"{Path(__file__).name}: {error}")


if __name__ == "__main__":
    main()
