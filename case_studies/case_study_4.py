#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Case study 4: where does a copy-on-write fault go?

What is run: children that copy all of their parent's pages, with the copies and the
whole faults timed, and again with nothing timed: pages of 4 KB or those of transparent
huge pages, in order or at random, 16 and 64 MiB, one to eight children at once.

    copiers --pages N [--huge] [--random] [--children C]      all recorded as RESULTS

What is drawn: case_study_4_parts.png, a fault's mean split into the copy, the rest of
the fault and what is around it; case_study_4_distribution.png, how many faults take
longer than so much; case_study_4_children.png, its percentiles over the number of
children; and case_study_4.txt, all of it as tables, beside figures from elsewhere.

A time is that of the record's `# time:` line.  Nothing is subtracted: what an empty
measurement reads is shown beside it.
"""

import re
import textwrap
from dataclasses import dataclass

import results
import style
import study
from profile_dat import caption, cpus

PAGE_BYTES = 4096
MIB = 2**20
PERMILLE = {"p50_ns": 500, "p90_ns": 900, "p95_ns": 950, "p99_ns": 990, "p999_ns": 999}
PERCENTILES = {500: "p50", 900: "p90", 950: "p95", 990: "p99", 999: "p99.9"}
BACKINGS = {"4k": "4 KB pages", "thp": "THP"}
ORDERS = {"sequential": "in order", "random": "at random"}


@dataclass(frozen=True)
class Histogram:
    """Times of one measure.

    count, sum, longest: of all times
    missed: measurements that failed
    buckets: (from, to, count) of those that are not empty, in order; to is None in the
        last bucket that there is
    """

    count: int
    missed: int
    sum: int
    longest: int
    buckets: tuple[tuple[int, int | None, int], ...]

    @property
    def mean(self):
        return self.sum / self.count

    def percentile(self, permille):
        """Return the time that so many do not exceed, by the module's own rule.

        That is the nearest rank: the middle of its bucket, or the longest time if that
        is less.
        """
        rank = -(-self.count * permille // 1000)
        for start, end, count in self.buckets:
            rank -= count
            if rank <= 0:
                break
        return self.longest if end is None else min(start + (end - start) // 2, self.longest)

    def longer(self):
        """Return (times, shares): the share of times in the bucket of each time or beyond."""
        times = [self.longest if end is None else start + (end - start) // 2
                 for start, end, _ in self.buckets]
        shares, left = [], self.count
        for _, _, count in self.buckets:
            shares.append(left / self.count)
            left -= count
        return times, shares


def merged(histograms):
    """Return the Histogram of all times of several."""
    counts = {}
    for histogram in histograms:
        for start, end, count in histogram.buckets:
            counts[start, end] = counts.get((start, end), 0) + count
    return Histogram(sum(each.count for each in histograms),
                     sum(each.missed for each in histograms),
                     sum(each.sum for each in histograms),
                     max(each.longest for each in histograms),
                     tuple((*edges, counts[edges]) for edges in sorted(counts)))


@dataclass(frozen=True)
class Run:
    """All children of one run with times.

    pages: that each child copied
    elapsed: for its writes, mean over the children
    untimed: the same of the run with nothing timed, or None if there is none
    copy, fault: Histogram of all their copies and faults
    """

    pages: int
    backing: str
    order: str
    children: int
    elapsed: float
    untimed: float | None
    copy: Histogram
    fault: Histogram

    @property
    def name(self):
        """What was run, but for the number of children."""
        return (f"{BACKINGS[self.backing]}, {ORDERS[self.order]}, "
                f"{self.pages * PAGE_BYTES / MIB:g} MiB")

    @property
    def parts(self):
        """Return (copy, rest of the fault, around it), means per page of one child's."""
        return (self.copy.mean, self.fault.mean - self.copy.mean,
                self.elapsed / self.pages - self.fault.mean)


# ---- Reading ----


def _time(text):
    return None if text == "n/a" else results.whole(text)


def _buckets(text):
    """Convert from-to:count,... or n/a, which is None."""
    if text == "n/a":
        return None
    buckets = []
    for bucket in text.split(","):
        match = re.fullmatch(r"([0-9]{1,18})-([0-9]{1,18}|inf):([0-9]{1,18})", bucket)
        if not match:
            raise ValueError(f"expected from-to:count,... or n/a, found {bucket!r}")
        end = None if match[2] == "inf" else int(match[2])
        buckets.append((int(match[1]), end, int(match[3])))
    return tuple(buckets)


COLUMNS = {
    "pages": results.whole,
    "backing": results.one_of(*BACKINGS),
    "order": results.one_of(*ORDERS),
    "children": results.whole,
    "must": results.whole,
    "counted": results.counted,
    "elapsed_ns": results.whole,
    "measure": results.one_of("copy", "fault"),
    "count": _time,
    "missed": _time,
    "sum_ns": _time,
    "max_ns": _time,
    **dict.fromkeys(PERMILLE, _time),
    "from-to:count,...": _buckets,
}


def histogram(row):
    """Return the Histogram of a row, or None if it says n/a.

    Raises ValueError if the row contradicts itself, or has no time at all.
    """
    if row["count"] is None:
        return None
    if not row["count"] or None in row.values():
        raise ValueError(f"expected times, found {row['count']} measurements")
    read = Histogram(row["count"], row["missed"], row["sum_ns"], row["max_ns"],
                     row["from-to:count,..."])
    found = sum(count for _, _, count in read.buckets)
    if found != read.count:
        raise ValueError(f"expected {read.count} times in the buckets, found {found}")
    for name, permille in PERMILLE.items():
        if read.percentile(permille) != row[name]:
            raise ValueError(f"expected {name} {read.percentile(permille)} as of the buckets, "
                             f"found {row[name]}")
    return read


def read(path):
    """Return (Results, Runs) of the file at path, runs in its order.

    Raises ResultsError if it cannot be used.
    """
    read_results = results.read(path, 4, COLUMNS)
    runs = {}
    try:
        for row in read_results.rows:
            if row["must"] != row["counted"]:
                raise ValueError(f"expected {row['must']} pages copied, found {row['counted']}")
            what = (row["pages"], row["backing"], row["order"], row["children"])
            times = histogram(row)
            kept = runs.setdefault((what, times is not None), {"elapsed": [], "copy": [],
                                                               "fault": []})
            kept["elapsed"].append(row["elapsed_ns"])
            kept[row["measure"]].append(times)
    except ValueError as error:
        raise results.ResultsError(f"{path}: {error}") from None
    timed = [_run(what, kept, runs.get((what, False))) for (what, has_times), kept in runs.items()
             if has_times and len(kept["copy"]) == len(kept["fault"]) == what[3]]
    if len(timed) != sum(has_times for _, has_times in runs):
        raise results.ResultsError(f"{path}: expected times of copies and faults of each child, "
                                   "once")
    if not any(run.children == 1 for run in timed):
        raise results.ResultsError(f"{path}: expected times of a child alone, found none")
    return read_results, timed


def _run(what, kept, untimed):
    elapsed = sum(kept["elapsed"]) / len(kept["elapsed"])
    return Run(*what, elapsed, untimed and sum(untimed["elapsed"]) / len(untimed["elapsed"]),
               merged(kept["copy"]), merged(kept["fault"]))


def empty_cost(read_results):
    """Return what an empty measurement reads, by "copy" and "fault"; None if not known."""
    text = read_results.header.get("latency_cost_ns", "")
    return {name: int(found[1]) if (found := re.search(rf"\b{name}=([0-9]+)\b", text)) else None
            for name in ("copy", "fault")}


def unit(read_results):
    """Return the unit of all times."""
    return read_results.header.get("time", "ns")


# ---- Figures ----


def draw_parts(read_results, runs):
    """Return the figure of the parts of a fault, of one child alone."""
    alone = [run for run in runs if run.children == 1]
    cost = empty_cost(read_results)
    shares = [run.parts[0] / sum(run.parts) for run in alone]
    names = [run.name for run in alone] + ["an empty measurement reads"]
    totals = [sum(run.parts) for run in alone]
    spread = max(totals) / min(totals) - 1
    least, most = (f"{f(shares):.0%}" for f in (min, max))
    share = least if least == most else f"{least} to {most}"
    figure, (axes,) = style.rows(
        f"Copying the page is {share} of a copy-on-write fault, however it is reached: "
        f"all {len(alone)} ways are within {spread:.1%}",
        caption([read_results]), names)
    looks = (("copying the page", {"color": style.BLUE}, "white"),
             ("rest of the fault", {"color": style.SKY_BLUE}, "black"),
             ("around it",
              {"facecolor": "white", "edgecolor": style.VERMILION, "hatch": "////"}, None))
    starts = [0] * len(alone)
    for part, (label, look, ink) in enumerate(looks):
        widths = [run.parts[part] for run in alone]
        axes.barh(range(len(alone)), widths, left=starts, height=0.6, label=label, **look)
        for place, (start, width, total) in enumerate(zip(starts, widths, totals)):
            if ink:
                axes.text(start + width / 2, place, f"{width:,.0f}  ({width / total:.0%})",
                          ha="center", va="center", color=ink, fontsize=10)
        starts = [start + width for start, width in zip(starts, widths)]
    untimed = [(run.untimed / run.pages, place) for place, run in enumerate(alone) if run.untimed]
    axes.plot(*zip(*untimed), linestyle="none", marker="d", color=style.BLACK,
              markerfacecolor="white", label="all, with nothing timed")
    for name, look in (("fault", looks[1][1]), ("copy", looks[0][1])):
        if cost[name]:
            axes.barh(len(alone), cost[name], height=0.6, **look)
    axes.text(cost["fault"] or 0, len(alone),
              "  " + ", ".join(f"{cost[name] if cost[name] is not None else 'n/a'} of a {name}"
                               for name in ("copy", "fault"))
              + ": in the times above, not subtracted", va="center", fontsize=10
              ).set_in_layout(False)
    axes.set_xlabel(f"mean for each page: {unit(read_results)}")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    style.legend_of_all(axes)
    return figure


LOOKS = {
    ("4k", "sequential"): {"color": style.SKY_BLUE, "linewidth": 6},
    ("4k", "random"): {"color": style.BLUE, "linestyle": "dashed"},
    ("thp", "sequential"): {"color": style.VERMILION, "linewidth": 3},
    ("thp", "random"): {"color": style.BLACK, "linestyle": "dotted"},
}


def draw_distribution(read_results, runs):
    """Return the figure of the distribution, of one child alone with the most memory."""
    alone = [run for run in runs if run.children == 1]
    most = max(run.pages for run in alone)
    alone = [run for run in alone if run.pages == most]
    slow = max(1 - _share_within(run.fault, 1.5) for run in alone)
    figure, (axes,) = style.figure(
        f"At most {slow:.1%} of copy-on-write faults take more than 1.5 times the median "
        f"({most * PAGE_BYTES / MIB:g}\u00a0MiB)",
        caption([read_results]))
    figure.set_figheight(style.TEXT_INCHES + 1.5 * style.PANEL_INCHES)
    for run in alone:
        times, shares = run.fault.longer()
        axes.plot([times[0], *times], [1, *shares], drawstyle="steps-pre",
                  label=f"{run.name}: longest {run.fault.longest:,}",
                  **LOOKS[run.backing, run.order])
    axes.set_xscale("log")
    axes.set_yscale("log")
    lowest = 1 / (most * 1.3)
    axes.set_ylim(lowest, 1.3)
    axes.set_xlabel(f"time of the fault: {unit(read_results)}, log scale")
    axes.set_ylabel("share of faults that take\nthis long or longer, log scale")
    axes.minorticks_off()
    shortest = min(run.fault.buckets[0][0] for run in alone)
    longest = max(run.fault.longest for run in alone)
    steps = (1, 1.5, 2, 3, 5) if longest < 6 * shortest else (1, 3)
    steps = [step * 10 ** power for power in range(3, 12) for step in steps]
    axes.set_xticks([step for step in steps if shortest * 0.9 <= step <= longest * 1.1])
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:g}%")
    for permille, name in PERCENTILES.items():
        longer = 1 - permille / 1000
        if longer > lowest:
            axes.axhline(longer, color="#888888", linewidth=0.8, zorder=0)
            axes.text(1.01, longer, name, transform=axes.get_yaxis_transform(), va="center",
                      fontsize=10)
    style.legend_above(axes)
    return figure


def _share_within(times, factor):
    """Return the share of times in buckets that begin at or below factor times the median."""
    limit = factor * times.percentile(500)
    return sum(count for start, _, count in times.buckets if start <= limit) / times.count


def draw_children(read_results, runs):
    """Return the figure of percentiles over the number of children, or None if all are alone."""
    many = {(run.pages, run.order) for run in runs if run.children > 1}
    runs = [run for run in runs if (run.pages, run.order) in many]
    if not runs:
        return None
    fewest, most = (f(runs, key=lambda run: run.children) for f in (min, max))
    growth = {permille: max(run.fault.percentile(permille) for run in runs
                            if run.children == most.children) /
              max(run.fault.percentile(permille) for run in runs
                  if run.children == fewest.children) for permille in (500, 999)}
    figure, (axes,) = style.figure(
        f"{most.children} children at once instead of {fewest.children}: the median fault takes "
        f"{growth[500]:.1f} times as long, the slowest thousandth {growth[999]:,.0f} times",
        caption([read_results]))
    figure.set_figheight(style.TEXT_INCHES + 1.5 * style.PANEL_INCHES)
    for backing, look in (("4k", {"linestyle": "solid", "markersize": 11}),
                          ("thp", {"linestyle": "dotted", "markerfacecolor": "white"})):
        points = sorted((run.children, run.fault) for run in runs if run.backing == backing)
        for permille, color, marker in ((500, style.BLUE, "o"), (990, style.BLACK, "s"),
                                        (999, style.VERMILION, "^")):
            axes.plot([children for children, _ in points],
                      [fault.percentile(permille) for _, fault in points], color=color,
                      marker=marker, label=f"{PERCENTILES[permille]}, {BACKINGS[backing]}", **look)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.minorticks_off()
    axes.set_xticks(sorted({run.children for run in runs}))
    axes.xaxis.set_major_formatter("{x:.0f}")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel(f"children that copy {most.pages * PAGE_BYTES / MIB:g} MiB each at the same "
                    f"time (CPUs: {cpus(read_results) or 'n/a'})")
    axes.set_ylabel(f"time of a fault, log scale:\n{unit(read_results)}")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0, ncols=2)
    return figure


# ---- Tables ----

ELSEWHERE = """\
The same fault elsewhere

                                                    a fault, in all          of that, the trap
the study that this descends from, its machine      2.19 us                  not told
a real CPU, seen from user space                    1.8 to 2.1 us            some 0.5 us (without a
                                                                             trap: 1.3 to 1.6 us)
"""

CAN_SAY = """\
What instructions of an emulator can say: counts, which are exact; how the kernel's own work
divides; ratios between page sizes, orders and numbers of children, as far as they are work; where
a tail comes from.  What they cannot: nanoseconds; what a cache or TLB miss costs, so that order and
huge pages look alike here and need not elsewhere; what the trap itself costs, which counts as
nothing.  The share of the copy is the counter's: it counts each byte of `rep movsb` as one
instruction, 4096 for a page, of which a CPU copies many in each cycle.  So 2.19 us beside our
figure is no comparison of speeds.
"""


def table(read_results, runs):
    """Return the tables as text."""
    cost = empty_cost(read_results)
    named = f"{'':<32}{'chil-':>5}"
    lines = [
        f"Where a copy-on-write fault goes, mean for each page: {unit(read_results)}",
        "",
        f"{named}{'':>9}{'':>9}{'':>7}{'rest of':>9}{'around':>8}{'all':>9}{'all, not':>10}",
        f"{'':<32}{'dren':>5}{'faults':>9}{'copy':>9}{'share':>7}{'fault':>9}{'it':>8}{'':>9}"
        f"{'timed':>10}",
    ]
    for run in runs:
        # With several children a mean holds the time of the others.
        if run.children == 1:
            copy, rest, around = run.parts
            total = copy + rest + around
            untimed = f"{run.untimed / run.pages:,.0f}" if run.untimed else "n/a"
            lines.append(f"{run.name:<32}{run.children:>5}{run.fault.count:>9,}{copy:>9,.0f}"
                         f"{copy / total:>7.1%}{rest:>9,.0f}{around:>8,.0f}{total:>9,.0f}"
                         f"{untimed:>10}")
    lines += [
        "",
        "copy: the function that copies.  rest of fault: handle_mm_fault() without it.  around it:",
        "entry, finding the mapping, return, the program's own loop, and what timing adds there.",
        "An empty measurement reads " + " and ".join(
            f"{cost[name] if cost[name] is not None else 'n/a'} of a {name}"
            for name in ("copy", "fault")) + ": it is in the figures, not subtracted.",
    ]
    for measure in ("fault", "copy"):
        lines += [
            "",
            f"Distribution of {'whole faults' if measure == 'fault' else 'copies'}: "
            f"{unit(read_results)}",
            "",
            f"{named}" + "".join(f"{name:>11}" for name in (*PERCENTILES.values(), "max")),
            f"{'':<32}{'dren':>5}",
        ]
        for run in runs:
            times = getattr(run, measure)
            lines.append(f"{run.name:<32}{run.children:>5}"
                         + "".join(f"{times.percentile(permille):>11,}" for permille in PERCENTILES)
                         + f"{times.longest:>11,}"
                         + (f"  ({times.missed} not measured)" if times.missed else ""))
    alone = [run for run in runs if run.children == 1]
    least, most = (f(sum(run.parts) for run in alone) for f in (min, max))
    lines += [
        "",
        "Percentiles are the module's: the middle of a bucket, which is at most 1/16 wide.",
        "",
        ELSEWHERE.rstrip(),
        f"{'here, ' + unit(read_results):<52}{least:,.0f} to {most:,.0f}",
        "",
        CAN_SAY,
        *textwrap.wrap(caption([read_results]), 98),
    ]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def draw_all(arguments):
    """Return (figures, table) as study.write() wants them."""
    read_results, runs = read(arguments.results)
    figures = {"_parts": draw_parts(read_results, runs),
               "_distribution": draw_distribution(read_results, runs),
               "_children": draw_children(read_results, runs)}
    return ({name: figure for name, figure in figures.items() if figure},
            table(read_results, runs))


def main():
    parser = study.parser("Draw where the time of a copy-on-write fault goes.")
    study.write(parser.parse_args(), draw_all)


if __name__ == "__main__":
    main()
