# SPDX-License-Identifier: GPL-2.0
"""The look of the figures: legible at 800 pixels, in grey, and to the colour-blind.

A figure is 8 inches wide, so that a point is 1.4 pixels where a README shows
it 800 pixels wide; it is drawn with twice as many.
"""

import os
import textwrap
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter
from matplotlib.transforms import blended_transform_factory

# From the palette of Okabe and Ito.  No two lines of a figure differ by colour
# alone: give them different line styles or markers.
BLACK = "#000000"
BLUE = "#0072B2"
SKY_BLUE = "#56B4E9"
VERMILION = "#D55E00"
# For areas behind lines.
GREY = "#EEEEEE"

WIDTH_INCHES = 8
PANEL_INCHES = 2.8
ROW_INCHES = 0.36
ROWS_MIN = 5
TEXT_INCHES = 2
DOTS_PER_INCH = 200
TITLE_CHARACTERS = 80
CAPTION_CHARACTERS = 108

matplotlib.use("Agg")
matplotlib.rcParams.update({
    "savefig.dpi": DOTS_PER_INCH,
    "font.size": 11,
    "legend.frameon": False,
    "legend.handlelength": 3,
    "lines.linewidth": 2,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": "#DDDDDD",
    # A label is what a person typed: a $ in it is a $.
    "text.parse_math": False,
})


def figure(title, caption, panels=1):
    """Return (figure, axes): panels above each other on one horizontal axis.

    axes has shape (panels,), the topmost first.  The title stands above the
    panels and the caption under them, both wrapped.
    """
    drawn, axes = figure_in_columns(title, caption, panels, 1)
    return drawn, axes[:, 0]


def figure_in_columns(title, caption, panels, columns, share=True):
    """Return (figure, axes) as figure() does, for what is to be compared side by side.

    axes has shape (panels, columns); panels beside each other share their vertical
    axis, too, unless share says that each has axes of its own.
    """
    drawn = Figure((WIDTH_INCHES, TEXT_INCHES + PANEL_INCHES * panels), layout="constrained")
    _label(drawn, title, caption)
    return drawn, drawn.subplots(panels, columns, sharex=share, sharey="row" if share else False,
                                 squeeze=False)


def rows(title, caption, names, widths=(1,)):
    """Return (figure, axes): panels of these relative widths, side by side on named rows.

    axes has shape (panels,), the leftmost first; row 0 is the topmost.  Title and
    caption as in figure().
    """
    height = TEXT_INCHES + ROW_INCHES * max(len(names), ROWS_MIN)
    drawn = Figure((WIDTH_INCHES, height), layout="constrained")
    drawn.get_layout_engine().set(w_pad=0.1)
    _label(drawn, title, caption)
    axes = drawn.subplots(1, len(widths), sharey=True, squeeze=False, width_ratios=widths)[0]
    axes[0].set_yticks(range(len(names)), names, fontsize=10)
    axes[0].set_ylim(len(names) - 0.5, -0.5)
    for panel in axes:
        panel.grid(axis="y", visible=False)
        panel.tick_params(axis="y", length=0)
    return drawn, axes


def _label(drawn, title, caption):
    drawn.suptitle(textwrap.fill(title, TITLE_CHARACTERS), x=0.01, ha="left", fontsize=12)
    drawn.supxlabel(textwrap.fill(caption, CAPTION_CHARACTERS), x=0.01, ha="left", fontsize=9)


def legend_above(axes):
    """Put the legend of axes above them, where it hides no line."""
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0)


def legend_of_all(axes):
    """Put the legend of axes between the title and all panels, in one line."""
    drawn = axes.figure
    legend = axes.legend(loc="lower left", bbox_to_anchor=(0.01, 1), ncols=4, handlelength=1.5,
                         columnspacing=1.5, borderaxespad=0.2, borderpad=0,
                         bbox_transform=blended_transform_factory(drawn.transFigure,
                                                                  axes.transAxes))
    # Wider than its panel, which the layout would make room for: a line of the title does.
    legend.set_in_layout(False)
    drawn.suptitle(f"{drawn._suptitle.get_text()}\n ", x=0.01, ha="left", fontsize=12)


def whole_numbers(axis):
    """Have an axis count: ticks at whole numbers only, thousands set apart."""
    axis.set_major_locator(MaxNLocator(integer=True))
    axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def save(drawn, path):
    """Write a figure to path as PNG: all of it, or nothing.

    Raises OSError if it cannot be written.
    """
    path = Path(path)
    # Not by tempfile, whose files nobody but their owner may read.
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        drawn.savefig(unfinished, format="png")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
