#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Case study 6: when does it pay to copy pages ahead of their writes?

What is run (record_6.sh): the patterns of cow_bench and a Redis server that saves, each
without pre-copy, with 1, 4, 16 and 64 pages after each fault, and with as many as the
module's forecast says (auto).

    cow_bench -p POLICY PATTERN             all recorded as RESULTS
    redis-server, redis_writer              also recorded over time as SERVER

What is drawn: case_study_6.png, run time, faults and hits of each workload and policy;
case_study_6_hits.png, what a page copied ahead saves over how many of them are hits;
case_study_6_server.png, the hits of the Redis server over time; and case_study_6.txt, all
of it as tables, beside figures from elsewhere.

A hit is a fault that was avoided: the share of hits is faults avoided / pages copied ahead,
which is exact.  The module, which cannot know what would have happened without it, goes by
the accessed bit: its share, used / (used + wasted), is in the tables.
"""

import textwrap
from dataclasses import dataclass

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

import results
import style
import study
from profile_dat import caption

# By workload: its name, and what of its pages is written by whom.
WORKLOADS = {
    "sequential": "all pages, in order",
    "reverse": "all, in reverse",
    "every_other": "every other page",
    "random": "all, at random",
    "random_25": "25%, at random",
    "random_5": "5%, at random",
    "single": "a single page",
    "parent": "the parent writes all",
    "prefork": "8 at once, 25% each",
    "redis": "Redis saves (BGSAVE)",
    "populate": "all, populated first",
}
DEPTHS = ("1", "4", "16", "64")
POLICIES = ("off", *DEPTHS, "auto")
# Of the run time; what is beyond is drawn as this.
CHANGE_SHOWN = 0.30
# A share of fewer pages says nothing: a process that forks copies some of its own.
JUDGED_LEAST = 100
# The same of a server, whose pages are few.
SERVER_LEAST = 20
# The published study's: by its own totals, and as it says.
BREAK_EVEN_TOTALS = 0.66
BREAK_EVEN_CLAIMED = 0.085


@dataclass(frozen=True)
class Run:
    """One workload under one policy, all of its generations of children.

    runs: how many generations, or saves
    pages: that were written, or requests, in all runs
    first, later: run time, of the first and of the others
    faults: the kernel's minor faults, those of pages that it was asked to populate, too; of
        Redis, which has others, those that copied
    precopied, used, wasted: pages that were copied ahead, and what became of them
    """

    runs: int
    pages: int
    first: int
    later: int
    faults: int
    precopied: int
    used: int
    wasted: int

    @property
    def time(self):
        return self.first + self.later

    @property
    def accessed(self):
        """The share of pages that the module found used, or NaN of too few."""
        judged = self.used + self.wasted
        return self.used / judged if judged >= JUDGED_LEAST else np.nan


# ---- Reading ----


def _seconds(text):
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"expected seconds, found {text!r}") from None


COLUMNS = {
    "workload": results.one_of(*WORKLOADS),
    "policy": results.one_of(*POLICIES),
    **dict.fromkeys(("runs", "pages", "first_ns", "later_ns", "minor_faults"), results.whole),
    **dict.fromkeys(("precopied", "used", "wasted"), results.counted),
}
SERVER_COLUMNS = {
    "policy": results.one_of(*POLICIES),
    "save": results.whole,
    "time_s": _seconds,
    **dict.fromkeys(("precopied", "used", "wasted"), results.counted),
}


def read(path):
    """Return (Results, Runs by workload and policy) of the file at path.

    Raises ResultsError if it cannot be used.
    """
    read_results = results.read(path, 6, COLUMNS)
    runs = {}
    for row in read_results.rows:
        what = (row["workload"], row["policy"])
        if what in runs:
            raise results.ResultsError(f"{path}: expected one row of {' '.join(what)}")
        if not row["runs"] or not row["pages"] or not row["first_ns"]:
            raise results.ResultsError(f"{path}: expected runs of {' '.join(what)}, found none")
        runs[what] = Run(row["runs"], row["pages"], row["first_ns"], row["later_ns"],
                         row["minor_faults"], row["precopied"], row["used"], row["wasted"])
    for workload in WORKLOADS:
        for policy in POLICIES:
            if (workload, policy) not in runs:
                raise results.ResultsError(f"{path}: expected a row of {workload} {policy}")
    return read_results, runs


def read_server(path):
    """Return (Results, {policy: rows of time since the first, save and the counts}).

    Raises ResultsError if the file at path cannot be used.
    """
    read_results = results.read(path, 6, SERVER_COLUMNS)
    series = {}
    for row in read_results.rows:
        series.setdefault(row["policy"], []).append(
            [row[name] for name in ("time_s", "save", "precopied", "used", "wasted")])
    for policy, rows in series.items():
        rows = series[policy] = np.array(rows)
        if (np.diff(rows, axis=0) < 0).any():
            raise results.ResultsError(f"{path}: expected counts of {policy} that never go back")
        rows[:, 0] -= rows[0, 0]
    for policy in POLICIES:
        if policy not in series:
            raise results.ResultsError(f"{path}: expected rows of {policy}")
    return read_results, series


def unit(read_results):
    """Return the unit of all times."""
    return read_results.header.get("time", "ns")


# ---- Measuring ----


def change(runs, workload, policy, measure):
    """Return by what part a measure differs from the same without pre-copy; NaN if that is 0."""
    before, after = (measure(runs[workload, which]) for which in ("off", policy))
    return after / before - 1 if before else np.nan


def avoided(runs, workload, policy):
    """Return how many faults there were fewer than without pre-copy."""
    return runs[workload, "off"].faults - runs[workload, policy].faults


def hits(runs, workload, policy):
    """Return the share of pages copied ahead that avoided a fault, or NaN of too few."""
    copied = runs[workload, policy].precopied
    return avoided(runs, workload, policy) / copied if copied >= JUDGED_LEAST else np.nan


def saved(runs, workload, policy):
    """Return the run time that pre-copy has saved."""
    return runs[workload, "off"].time - runs[workload, policy].time


def break_even(runs):
    """Return (gain, loss, share): of a page that is used, that is wasted, and the share of
    hits at which they cancel out.

    By the two extremes: windows of 64 pages in front of who writes all, and of who writes a
    single page.
    """
    gain = saved(runs, "sequential", "64") / avoided(runs, "sequential", "64")
    loss = -saved(runs, "single", "64") / (64 * runs["single", "64"].runs)
    return gain, loss, loss / (gain + loss)


# ---- Figures ----

_FASTER_SLOWER = LinearSegmentedColormap.from_list(
    "faster-slower", (style.BLUE, "#FFFFFF", style.VERMILION))
_HITS = LinearSegmentedColormap.from_list("hits", ("#FFFFFF", style.SKY_BLUE))


def _percent(value):
    """Return a change as text: "-25%", or beyond +100% "x 3"."""
    if np.isnan(value):
        return "n/a"
    if value >= 1:
        return f"x{1 + value:.0f}"
    return f"{100 * value:+.0f}%" if round(100 * value) else "0%"


def draw(read_results, runs):
    """Return the figure of all workloads and policies."""
    policies = POLICIES[1:]
    best = change(runs, "sequential", "auto", lambda run: run.time)
    blind = change(runs, "random_5", "64", lambda run: run.time)
    worst = max(change(runs, workload, "auto", lambda run: run.time) for workload in WORKLOADS)
    figure, panels = style.rows(
        f"Copying ahead by forecast (auto) takes {-best:.0%} off writing all pages in order and "
        f"adds {worst:.1%} at most; 64 pages after each fault make random writes to 5% "
        f"{1 + blind:.0f} times as long",
        f"{', '.join(POLICIES[1:5])}: so many pages after each fault; auto: as many as the "
        f"forecast says; compared with no pre-copy (x3: three times as much).  Hits: of the pages "
        f"copied ahead, those that avoided a fault; n/a: fewer than {JUDGED_LEAST} were copied.  "
        f"Emulated: run time is in "
        f"{unit(read_results)}, where a trap costs nothing; {caption([read_results])}",
        list(WORKLOADS.values()), (1, 1, 1))
    kinds = (("run time", _FASTER_SLOWER, CHANGE_SHOWN,
              lambda *what: change(runs, *what, lambda run: run.time)),
             ("faults taken", _FASTER_SLOWER, 1.0,
              lambda *what: change(runs, *what, lambda run: run.faults)),
             ("hits", _HITS, 1.0, lambda *what: hits(runs, *what)))
    for axes, (name, colours, most, measure) in zip(panels, kinds):
        values = np.array([[measure(workload, policy) for policy in policies]
                           for workload in WORKLOADS])
        least = 0 if name == "hits" else -most
        axes.set_facecolor(style.GREY)
        axes.imshow(np.clip(values, least, most), cmap=colours, vmin=least, vmax=most,
                    aspect="auto", interpolation="none")
        for (row, column), value in np.ndenumerate(values):
            text = f"{value:.0%}" if name == "hits" and not np.isnan(value) else _percent(value)
            dark = name != "hits" and abs(value) > 0.7 * most
            axes.text(column, row, text, ha="center", va="center", fontsize=8,
                      color="white" if dark else style.BLACK)
        axes.set_title(name, loc="left", fontsize=11, fontweight="bold")
        axes.set_xticks(range(len(policies)), policies, fontsize=9)
        axes.grid(False)
        axes.tick_params(length=0)
        axes.set_ylim(len(WORKLOADS) - 0.5, -0.5)
    panels[0].set_xlabel("change, blue: faster", fontsize=10)
    panels[1].set_xlabel("change, blue: fewer", fontsize=10)
    panels[2].set_xlabel("avoided a fault", fontsize=10)
    figure.get_layout_engine().set(w_pad=0.05)
    return figure


def draw_hits(read_results, runs):
    """Return the figure of what a page copied ahead saves, over the share of hits."""
    gain, loss, share = break_even(runs)
    figure, (axes,) = style.figure(
        f"Copying ahead pays where more than {share:.0%} of the pages avoid a fault: one that does "
        f"saves {gain:,.0f}, one that does not costs {loss:,.0f}",
        f"Each mark is a workload, without Redis and the single page; windows of at least a tenth "
        f"of its pages.  {unit(read_results)}, emulated: a trap costs nothing, so that hardware "
        f"breaks even sooner.  66% is what the published study's own totals give, 8.5% "
        f"what it claims; {caption([read_results])}")
    figure.set_figheight(style.TEXT_INCHES + 1.5 * style.PANEL_INCHES)
    axes.axhspan(0, 1.5 * gain, color=style.GREY, linewidth=0)
    axes.plot([0, 100], [-loss, gain], color=style.BLACK, linewidth=1,
              label="between all in order and a single page")
    for policy, colour, marker in (("1", style.SKY_BLUE, "o"), ("4", style.BLUE, "s"),
                                   ("16", style.VERMILION, "^"), ("64", style.BLACK, "D"),
                                   ("auto", style.BLACK, "*")):
        points = [(100 * hits(runs, workload, policy),
                   saved(runs, workload, policy) / runs[workload, policy].precopied)
                  for workload in WORKLOADS if workload not in ("redis", "single")
                  and runs[workload, policy].precopied > runs[workload, policy].pages / 10]
        axes.plot(*zip(*points), linestyle="none", marker=marker, color=colour, markersize=8,
                  markerfacecolor="none", label="auto" if policy == "auto" else f"{policy} ahead")
    for where, text in ((share, f"here\n{share:.0%}"), (BREAK_EVEN_TOTALS, "its totals\n66%"),
                        (BREAK_EVEN_CLAIMED, "its claim\n8.5%")):
        axes.axvline(100 * where, color=style.VERMILION, linewidth=1, linestyle="dotted")
        axes.annotate(text, (100 * where, 1), (3, -2), xycoords=axes.get_xaxis_transform(),
                      textcoords="offset points", va="top", fontsize=9)
    axes.set_xlim(-2, 102)
    axes.set_ylim(-1.15 * loss, 1.5 * gain)
    axes.set_xlabel("hits: pages that avoided a fault, of those copied ahead (%)")
    axes.set_ylabel("saved per page copied ahead\n(instructions, emulated)")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.legend(loc="lower right", fontsize=10, frameon=True, framealpha=1, edgecolor="none")
    return figure


def used_so_far(rows):
    """Return the share of pages found used, of those looked at, up to each of a server's rows.

    NaN while these are too few.
    """
    used, judged = rows[:, 3], rows[:, 3] + rows[:, 4]
    return np.divide(used, judged, out=np.full(len(rows), np.nan), where=judged >= SERVER_LEAST)


def draw_server(read_results, series):
    """Return the figure of a Redis server over time."""
    copied = {policy: rows[-1, 2] for policy, rows in series.items()}
    figure, (pages, used) = style.figure(
        f"A Redis server writes at random while it saves: the forecast sees no pattern and copies "
        f"{copied['auto']:,.0f} pages ahead, 64 after each fault are {copied['64']:,.0f}",
        f"Grey: two saves.  Used is what the module finds so when it looks at a window again, "
        f"from {SERVER_LEAST} pages on.  Emulated, {unit(read_results)}; "
        f"{caption([read_results])}", 2)
    for save in np.unique(series["auto"][:, 1]):
        during = series["auto"][series["auto"][:, 1] == save, 0]
        for axes in (pages, used):
            axes.axvspan(during[0], during[-1], color=style.GREY, linewidth=0)
    for policy, colour, line, marker in (("4", style.SKY_BLUE, "dashed", "s"),
                                         ("64", style.VERMILION, "dotted", "^"),
                                         ("auto", style.BLUE, "solid", "o")):
        look = {"color": colour, "linestyle": line, "marker": marker, "markersize": 4}
        name = policy if policy == "auto" else f"{policy} pages after each fault"
        rows = series[policy]
        pages.plot(rows[:, 0], rows[:, 2], label=name, **look)
        used.plot(rows[:, 0], 100 * used_so_far(rows), **look)
    pages.set_ylabel("pages copied ahead\nso far")
    style.whole_numbers(pages.yaxis)
    used.set_ylabel("of these used\nso far (%)")
    used.set_ylim(0, 102)
    used.set_xlabel("time (s)")
    style.legend_of_all(pages)
    return figure


# ---- Tables ----

ELSEWHERE = """\
Elsewhere: the study that this descends from, on its machine

  run time in order -17.0% and -17.8%, at random -14.9% and -14.6%, a single page +17%;
  faults -49.7% and -36.3%.  It says that 8.5% of hits break even, taking a fault for 6.8 us; its
  own totals give 2.19 us for each, and so about 66%.
"""

CAN_SAY = """\
What instructions of an emulator can say: faults and hits, which are exact; what the kernel's own
work for a fault is, and how much of it a window saves.  What they cannot: the trap, which counts as
nothing, and of which a window saves most (a real CPU: some 0.5 of 2 us); cache misses of what was
copied in vain.  The CPU has no fast string instructions here, as the emulator counts those by the
byte.  precopy_max_us is 0: by default no window may take more than 50 us, which by the emulator's
clock are a few pages.
"""


def table(read_results, runs):
    """Return the tables as text."""
    lines = []
    for name, measure in (("Run time", lambda run: run.time), ("Faults", lambda run: run.faults)):
        what = (unit(read_results) if name == "Run time" else
                "minor; of Redis, copies; of populate, in madvise()")
        lines += [f"{name}: without pre-copy, and what that changes ({what})", "",
                  f"{'':<24}{'per page':>10}{'off':>14}" +
                  "".join(f"{policy:>10}" for policy in POLICIES[1:])]
        for workload, label in WORKLOADS.items():
            off = runs[workload, "off"]
            value = measure(off)
            changes = "".join(_changed(change(runs, workload, policy, measure))
                              for policy in POLICIES[1:])
            lines.append(f"{label:<24}{value / off.pages:>10,.{0 if name == 'Run time' else 2}f}"
                         f"{value:>14,}{changes}")
        lines.append("")
    lines += ["Redis: per request, and CPU time of the server alone.", "",
              "Run time with auto, of the first run, which has no history, and of those after it",
              "", f"{'':<24}{'first':>10}{'later':>10}"]
    for workload, label in WORKLOADS.items():
        first, later = (change(runs, workload, "auto", measure)
                        for measure in (lambda run: run.first, lambda run: run.later))
        lines.append(f"{label:<24}{_changed(first)}{_changed(later)}")
    for title, measure in (
            ("Pages copied ahead, for each that was written",
             lambda *what: f"{runs[what].precopied / runs[what].pages:.2f}"),
            ("Hits: faults avoided, of the pages copied ahead",
             lambda *what: _share_text(hits(runs, *what))),
            ("Used / (used + wasted), as the module finds it",
             lambda *what: _share_text(runs[what].accessed))):
        lines += ["", title, "", f"{'':<24}" + "".join(f"{policy:>10}" for policy in POLICIES[1:])]
        lines += [f"{label:<24}" + "".join(f"{measure(workload, policy):>10}"
                                           for policy in POLICIES[1:])
                  for workload, label in WORKLOADS.items()]
    lines += [
        "",
        "The module goes by the accessed bit, which reading sets, too: cow_bench reads all of its",
        "pages when it has written, and what is judged after that was used.",
    ]
    gain, loss, share = break_even(runs)
    populated, off, auto = (runs[what].time / runs[what].pages for what in
                            (("populate", "off"), ("sequential", "off"), ("sequential", "auto")))
    lines += [
        "",
        f"A page that is used saves {gain:,.0f} (all pages in order, 64), one that is wasted costs "
        f"{loss:,.0f}",
        f"(a single page, 64): {share:.0%} of hits break even.",
        f"An application that knows MADV_POPULATE_WRITE needs {populated:,.0f} a page where faults "
        f"need {off:,.0f}",
        f"and pre-copy by forecast {auto:,.0f}.",
        "",
        ELSEWHERE,
        CAN_SAY,
        *textwrap.wrap(caption([read_results]), 98),
    ]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _share_text(value):
    return "n/a" if np.isnan(value) else f"{value:.1%}"


def _changed(value):
    return f"{'n/a':>10}" if np.isnan(value) else f"{100 * value:>+9,.1f}%"


def draw_all(arguments):
    """Return (figures, table) as study.write() wants them."""
    read_results, runs = read(arguments.results)
    server_results, series = read_server(arguments.server)
    return ({"": draw(read_results, runs), "_hits": draw_hits(read_results, runs),
             "_server": draw_server(server_results, series)}, table(read_results, runs))


def main():
    parser = study.parser("Draw what copying pages ahead of their writes saves and costs.")
    parser.add_argument("server", metavar="SERVER", help="the same of a Redis server over time")
    study.write(parser.parse_args(), draw_all)


if __name__ == "__main__":
    main()
