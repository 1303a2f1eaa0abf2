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

# From the palette of Okabe and Ito.  No two lines of a figure differ by colour
# alone: give them different line styles or markers.
BLACK = "#000000"
BLUE = "#0072B2"
SKY_BLUE = "#56B4E9"
VERMILION = "#D55E00"

WIDTH_INCHES = 8
PANEL_INCHES = 2.8
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
    drawn = Figure((WIDTH_INCHES, TEXT_INCHES + PANEL_INCHES * panels), layout="constrained")
    drawn.suptitle(textwrap.fill(title, TITLE_CHARACTERS), x=0.01, ha="left", fontsize=12)
    drawn.supxlabel(textwrap.fill(caption, CAPTION_CHARACTERS), x=0.01, ha="left", fontsize=9)
    return drawn, drawn.subplots(panels, sharex=True, squeeze=False)[:, 0]


def legend_above(axes):
    """Put the legend of axes above them, where it hides no line."""
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0)


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
