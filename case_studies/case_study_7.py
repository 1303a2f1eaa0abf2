#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Case study 7: how far are predicted faults from those that the kernel has?

What is run (record_7.sh): two programs that were recorded, themselves, in less memory; and
processes that repeat what they did to their data, and accesses of a zipf distribution: in less
memory, with huge pages off and on, and after a fork with pages copied ahead.  Less memory has swap
on a disk, and then in memory.

    faultline-whatif verify TRACE -- COMMAND
    faultline-whatif verify TRACE           all recorded as RESULTS

What is drawn: case_study_7.png, what was predicted and what the kernel counted, with the error
at each; and case_study_7.txt, the same as tables.

The error is that of the prediction, in percent of what the kernel counted.
"""

import textwrap
from dataclasses import dataclass

import numpy as np

import results
import style
import study
from profile_dat import caption

# By workload: its name, and what it is.
WORKLOADS = {
    "xz": ("xz", "xz -6 compresses a text of 18 KB"),
    "perl": ("perl", "Perl fills a hash of 6,000 and reads it"),
    "zipf": ("zipf", "60,000 accesses to 6,000 pages, the n-th popular 1/n as often"),
}
# Those that are there to be run.
PROGRAMS = ("xz", "perl")
# By question: what is predicted, and what varies.
QUESTIONS = {
    "program": ("major faults of\nthe program itself", "memory, of the pages that it writes (%)"),
    "frames": ("major faults of\nrepeated accesses", "memory, of the pages used (%)"),
    "huge": ("minor faults of\nrepeated accesses", "transparent huge pages"),
    "precopy": ("copies of\nrepeated accesses", "pages copied behind each"),
}
# Those that have less and less memory.
IN_LESS_MEMORY = ("program", "frames")
# Major faults are predicted by several policies; this one is the kernel's.
POLICY = "mglru"
OTHERS = ("lru",)
# Where swap is, for major faults.
SWAPS = ("memory", "disk")


@dataclass(frozen=True)
class Row:
    """What was predicted and what was real, of one setting.

    setting: as faultline-whatif has it
    swap: where it is, or n/a
    policy: that predicted, or n/a
    accesses, pages: of the trace; for a program, to pages that it has written
    predicted, real: faults
    minor: minor faults that there were in all
    """

    workload: str
    question: str
    setting: str
    swap: str
    policy: str
    accesses: int
    pages: int
    predicted: int
    real: int
    minor: int

    @property
    def error(self):
        """Percent of what was real; NaN if there was nothing, and something was predicted."""
        if self.real:
            return 100 * (self.predicted - self.real) / self.real
        return np.nan if self.predicted else 0.0


COLUMNS = {
    "workload": results.one_of(*WORKLOADS),
    "question": results.one_of(*QUESTIONS),
    "setting": str,
    "swap": results.one_of("n/a", *SWAPS),
    "policy": results.one_of("n/a", POLICY, *OTHERS),
    **dict.fromkeys(("accesses", "pages", "predicted"), results.whole),
    **dict.fromkeys(("real", "minor"), results.counted),
}


def read(path):
    """Return (Results, Rows) of the file at path.

    Raises ResultsError if it cannot be used.
    """
    read_results = results.read(path, 7, COLUMNS)
    rows = [Row(**{name: row[name] for name in COLUMNS}) for row in read_results.rows]
    for workload in WORKLOADS:
        for question in QUESTIONS:
            for swap in SWAPS:
                if is_run(workload, question) and not select(rows, workload, question, swap):
                    raise results.ResultsError(
                        f"{path}: expected rows of {workload} {question}, swap {swap}")
    for row in rows:
        if not row.pages:
            raise results.ResultsError(f"{path}: expected pages of {row.workload}, found none")
    return read_results, rows


def is_run(workload, question):
    """Tell whether there are rows of it: zipf is no program."""
    return question != "program" or workload in PROGRAMS


def select(rows, workload=None, question=None, swap="memory", policy=POLICY):
    """Return the rows of a workload, a question or both.

    Of major faults, those with swap there, as one policy has it.
    """
    return [row for row in rows if workload in (None, row.workload)
            and question in (None, row.question) and row.swap in ("n/a", swap)
            and row.policy in ("n/a", policy)]


def errors(rows):
    """Return how far predictions are from what was real, in percent, without sign."""
    return np.array([abs(row.error) for row in rows if not np.isnan(row.error)])


def headline(rows):
    """Return what there is to say in one sentence."""
    parts = []
    for question, swap, what in (
            ("program", "memory", "major faults of the program itself with swap in memory"),
            ("program", "disk", "with swap on a disk"),
            ("frames", "memory", "of repeated accesses with swap in memory"),
            ("frames", "disk", "on a disk"),
            ("huge", "memory", "their minor faults with huge pages off and on"),
            ("precopy", "memory", "their copies after a fork")):
        wrong = errors(select(rows, question=question, swap=swap))
        parts.append(f"{np.median(wrong):.1f}% (worst {wrong.max():.0f}%) {what}")
    return f"Predicted against real, median error: {', '.join(parts)}"


# ---- Figure ----

PREDICTED = {"color": style.BLUE, "linewidth": 1.5, "marker": "o", "markersize": 8,
             "markerfacecolor": "none", "label": "predicted"}
REAL = {"color": style.VERMILION, "linestyle": "none", "marker": "x", "markersize": 6,
        "markeredgewidth": 1.5, "label": "counted"}
ON_DISK = {"color": style.BLACK, "linestyle": "none", "marker": "^", "markersize": 5,
           "markerfacecolor": "none", "label": "swap on a disk"}


def _percent(error):
    """Return an error as text: "+4%"."""
    if np.isnan(error):
        return "n/a"
    return f"{error:+.0f}%" if round(error) else "0%"


def _panel(axes, rows, places, line):
    """Draw rows at these places, predictions joined by a line or not, each with its error."""
    axes.plot(places, [row.predicted for row in rows], **PREDICTED, linestyle=line)
    axes.plot(places, [row.real for row in rows], **REAL)
    for number, (place, row) in enumerate(zip(places, rows)):
        # Beside a curve that falls, and above its neighbours where it is flat.
        axes.annotate(_percent(row.error), (place, max(row.predicted, row.real)),
                      (1, 7 + 8 * (number % 2)), textcoords="offset points", fontsize=7)
    axes.set_ylim(0, 1.2 * max(max(row.predicted, row.real) for row in rows) + 1)
    style.whole_numbers(axes.yaxis)
    axes.tick_params(labelsize=9)


def draw(read_results, rows):
    """Return the figure: a row of panels for each question, a column for each workload."""
    figure, panels = style.figure_in_columns(
        headline(rows),
        f"At each mark: the error, in percent of what the kernel counted.  "
        f"{'; '.join(f'{name}: {what}' for name, what in WORKLOADS.values())}.  xz and perl: "
        f"data accesses recorded by Valgrind's lackey; the program itself is run again, with so "
        f"much memory for what it writes, and a process of its own repeats them all; zipf is "
        f"generated.  Major faults as {POLICY} predicts them; errors are those with swap in "
        f"memory.  "
        f"{caption([read_results])}",
        len(QUESTIONS), len(WORKLOADS), share=False)
    for line, (question, (kind, varies)) in zip(panels, QUESTIONS.items()):
        for axes, workload in zip(line, WORKLOADS):
            chosen = select(rows, workload, question)
            if not chosen:
                axes.axis("off")
            elif question in IN_LESS_MEMORY:
                _panel(axes, chosen, [100 * int(row.setting) / row.pages for row in chosen],
                       "dashed")
                on_disk = select(rows, workload, question, "disk")
                axes.plot([100 * int(row.setting) / row.pages for row in on_disk],
                          [row.real for row in on_disk], **ON_DISK)
                axes.set_xlim(24, 104)
                axes.set_xticks((30, 45, 60, 75, 90))
            else:
                _panel(axes, chosen, range(len(chosen)),
                       "none" if question == "huge" else "dashed")
                axes.set_xlim(-0.5, len(chosen) - 0.3)
                axes.set_xticks(range(len(chosen)), [row.setting.replace("2m", "2 MB")
                                                     for row in chosen])
        line[0].set_ylabel(kind)
        line[len(line) // 2].set_xlabel(varies, fontsize=10)
        for axes, workload in zip(line, WORKLOADS):
            if question in IN_LESS_MEMORY and is_run(workload, question):
                pages = select(rows, workload, question)[0].pages
                axes.set_title(f"{WORKLOADS[workload][0]}: {pages:,} pages", loc="left",
                               fontsize=10, fontweight="bold")
    # Where there is more memory there are fewer faults.
    panels[0, 1].legend(loc="upper right", fontsize=8, handlelength=1.5)
    return figure


# ---- Tables ----

CAN_SAY = """\
"program" is the recorded program itself, with so many frames besides what the kernel needs for
it; pages that it never writes are files' or zeros and not counted.  Elsewhere a process does what
the trace says, page by page, and nothing else: what a program's code, files and other processes do
to memory is not in it, and all pages are its own.  The kernel looks at 64 pages when one has to go,
and so does mglru here; lru is the textbook's, a page at a time.  A page on its way to a disk still
has its frame, and who uses it then has a minor fault; with swap in memory there is none.  While
major faults are counted another process runs thousands of times a second: most likely the emulator
keeps all translations until then, and does not mark pages as accessed meanwhile, of which the
kernel learns who is used.  Without it zipf with 30, 60 and 90% of its memory and swap in memory had
9,171, 3,183 and 514 major faults, and with it in the same guest 8,031, 2,547 and 306; limits left
up to 64 pages more then.
"""


def table(read_results, rows):
    """Return the tables as text."""
    lines = [*textwrap.wrap(headline(rows), 98), ""]
    for workload, (name, what) in WORKLOADS.items():
        first = select(rows, workload, "huge")[0]
        written = select(rows, workload, "program")
        lines += [f"{name}: {what}; {first.accesses:,} accesses to {first.pages:,} pages" +
                  (f", of which it writes {written[0].pages:,}" if written else ""), "",
                  f"  {'':<10}{'':>8}{'swap':>8}{'policy':>8}{'predicted':>12}{'real':>10}"
                  f"{'error':>9}{'minor':>10}"]
        for row in rows:
            if row.workload == workload:
                error = "n/a" if np.isnan(row.error) else f"{row.error:+.1f}%"
                lines.append(f"  {row.question:<10}{row.setting:>8}{row.swap:>8}{row.policy:>8}"
                             f"{row.predicted:>12,}{row.real:>10,}{error:>9}{row.minor:>10,}")
        lines.append("")
    lines += ["Major faults, median and worst error", ""]
    for question in IN_LESS_MEMORY:
        for swap in SWAPS:
            for policy in (POLICY, *OTHERS):
                wrong = errors(select(rows, question=question, swap=swap, policy=policy))
                lines.append(f"  {question:<10}swap: {swap:<8}{policy:<8}{np.median(wrong):>6.1f}%"
                             f"{wrong.max():>6.0f}%")
    lines += ["", CAN_SAY, *textwrap.wrap(caption([read_results]), 98)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def draw_all(arguments):
    """Return (figures, table) as study.write() wants them."""
    read_results, rows = read(arguments.results)
    return {"": draw(read_results, rows)}, table(read_results, rows)


def main():
    parser = study.parser("Draw predicted faults beside those that the kernel had.")
    study.write(parser.parse_args(), draw_all)


if __name__ == "__main__":
    main()
