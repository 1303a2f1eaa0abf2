# SPDX-License-Identifier: GPL-2.0
"""A case study of results as a script: its command line, and the figures and the table it writes.

    arguments = study.parser("Draw what was measured.").parse_args()
    study.write(arguments, draw_all)
"""

import argparse
import sys
from pathlib import Path

import results
import style


def parser(description):
    """Return the parser of a command line; parse_args() exits with status 2 if it is wrong."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("results", metavar="RESULTS")
    made.add_argument("-o", dest="directory", metavar="DIR", type=Path, default=Path(),
                      help="where to write figures and table (default: here)")
    return made


def write(arguments, draw_all):
    """Write figures and table beside each other, named as the script, and print the table.

    draw_all: called with the arguments; returns (figures, text of the table), figures by
        what stands behind the script's name in theirs
    Exits with one line if the results cannot be used, or nothing can be written.
    """
    script = Path(sys.argv[0])
    try:
        # Everything is read before anything is written.
        figures, table = draw_all(arguments)
        for name, figure in figures.items():
            style.save(figure, arguments.directory / f"{script.stem}{name}.png")
        (arguments.directory / f"{script.stem}.txt").write_text(table)
        print(table, end="")
    except (results.ResultsError, OSError) as error:
        sys.exit(f"{script.name}: {error}")
