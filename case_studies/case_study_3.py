#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Case study 3: three ways to write after a fork, and what they save.

What is run: a parent fills memory and forks; child and parent then read it, write every
other page, write all, or leave it alone, in turn.

    cow --pages 4096      recorded as RESULTS, with what must be copied beside it

What is drawn: case_study_3.png, with the pages copied for child and parent, expected
and counted, and the memory saved against a fork that copies all at once; and
case_study_3.txt, the same as a table.
"""

import textwrap
from dataclasses import dataclass

import results
import style
import study
from profile_dat import caption

PAGE_BYTES = 4096
MIB = 2**20
COLUMNS = {
    "process": results.one_of("child", "parent"),
    "must": results.whole,
    "counted": results.counted,
    "from_fork": results.counted,
    "minor_faults": results.whole,
    "scenario": str,
}


@dataclass(frozen=True)
class Scenario:
    """One fork, and what became of the pages.

    child, parent: the row of each
    pages: that they share at the fork
    """

    name: str
    child: dict
    parent: dict
    pages: int

    @property
    def copied(self):
        """Pages copied for either of them."""
        return self.child["counted"] + self.parent["counted"]

    @property
    def saved(self):
        """Pages that a fork which copies all at once would have copied besides."""
        return self.pages - self.copied

    @property
    def as_expected(self):
        """Whether both counts are what they must be."""
        return all(row["counted"] == row["must"] for row in (self.child, self.parent))


def read(path):
    """Return (Results, Scenarios) of the file at path; ResultsError if it has none."""
    read_results = results.read(path, 3, COLUMNS)
    try:
        pages = results.whole(read_results.header.get("pages", "none"))
        if pages == 0:
            raise ValueError("expected a whole number, found '0'")
    except ValueError as error:
        raise results.ResultsError(f"{path}: # pages: {error}") from None
    rows = read_results.rows
    scenarios = []
    for child, parent in zip(rows[::2], rows[1::2]):
        if (child["process"], parent["process"]) != ("child", "parent") or \
                child["scenario"] != parent["scenario"]:
            raise results.ResultsError(f"{path}: expected a row of a child and one of its parent, "
                                       f"in turn, found otherwise at '{child['scenario']}'")
        scenarios.append(Scenario(child["scenario"], child, parent, pages))
    if len(rows) % 2:
        raise results.ResultsError(f"{path}: expected a row of a parent at the end")
    return read_results, scenarios


def table(read_results, scenarios):
    """Return the table as text, with lines of at most 100 characters."""
    pages = scenarios[0].pages
    lines = [
        f"Pages copied after a fork, of {pages:,} that parent and child share "
        f"({pages * PAGE_BYTES / MIB:g} MiB)",
        "",
        f"{'':<43}{'child':^20}{'parent':^20}{'saved against':>15}",
        f"{'':<43}" + f"{'must':>7}{'count':>7}{'own':>6}" * 2 + f"{'an eager copy':>15}",
    ]
    for scenario in scenarios:
        columns = ""
        for row in (scenario.child, scenario.parent):
            columns += f"{row['must']:>7,}{row['counted']:>7,}"
            columns += f"{row['from_fork'] - row['counted']:>6,}"
        share = scenario.saved / pages
        lines.append(f"{scenario.name:<43}{columns}{scenario.saved * PAGE_BYTES / MIB:>6.1f} MiB"
                     f"{share:>5.0%}" + ("" if scenario.as_expected else "  NOT EQUAL"))
    equal = sum(scenario.as_expected for scenario in scenarios)
    lines += [
        "",
        f"Expected and counted are equal in {equal} of {len(scenarios)} scenarios.",
        "must, count: while it touched the pages.  own: what it copied besides, from the fork on",
        "(stack, libc's data, and the parent's reading of counters); not part of what is saved.",
        *textwrap.wrap(caption([read_results]), 98),
    ]
    return "\n".join(lines) + "\n"


def draw(read_results, scenarios):
    """Return the figure."""
    equal = sum(scenario.as_expected for scenario in scenarios)
    pages = scenarios[0].pages
    figure, (left, right) = style.rows(
        "A page is copied once, for who writes it while the other one still has it; "
        f"counted as expected in {equal} of {len(scenarios)} scenarios",
        caption([read_results]), [scenario.name for scenario in scenarios], (5, 2))
    for offset, name, look in (
            (-0.2, "child", {"color": style.BLUE}),
            (0.2, "parent", {"facecolor": "white", "edgecolor": style.VERMILION, "hatch": "////"})):
        rows = [getattr(scenario, name) for scenario in scenarios]
        places = [place + offset for place in range(len(scenarios))]
        left.barh(places, [row["counted"] for row in rows], height=0.36, **look,
                  label=f"{name}: counted")
        left.plot([row["must"] for row in rows], places, linestyle="none", marker="d",
                  color=style.BLACK, markerfacecolor="white", clip_on=False, zorder=3,
                  label="both: expected" if name == "parent" else None)
    left.set_xlim(0, pages * 1.02)
    left.set_xticks([0, pages / 2, pages])
    left.xaxis.set_major_formatter("{x:,.0f}")
    left.set_xlabel("pages copied")
    style.legend_of_all(left)

    saved = [scenario.saved * PAGE_BYTES / MIB for scenario in scenarios]
    right.barh(range(len(scenarios)), saved, height=0.5, color=style.SKY_BLUE)
    for place, (scenario, mib) in enumerate(zip(scenarios, saved)):
        right.text(mib, place, f" {scenario.saved / pages:.0%}", va="center", fontsize=10)
    right.set_xlim(0, pages * PAGE_BYTES / MIB * 1.35)
    right.set_xticks([0, pages * PAGE_BYTES / MIB])
    right.set_xlabel("saved against an\neager copy (MiB)")
    return figure


def draw_all(arguments):
    """Return (figures, table) as study.write() wants them."""
    read_results, scenarios = read(arguments.results)
    return {"": draw(read_results, scenarios)}, table(read_results, scenarios)


def main():
    parser = study.parser("Draw which pages are copied after a fork, and what that saves.")
    study.write(parser.parse_args(), draw_all)


if __name__ == "__main__":
    main()
