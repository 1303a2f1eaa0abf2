# SPDX-License-Identifier: GPL-2.0
"""Results: what a record_N.sh wrote that is no profile, but one row for each measurement.

Lines that start with `#` describe the run, as in a profile.  The first other line
names the columns, every further one is a row; blanks stand between columns, and the
last column may have some in it.
"""

import re
from dataclasses import dataclass

FORMAT = 1


class ResultsError(Exception):
    """Results cannot be used; the message is one line that starts with their path."""


@dataclass(frozen=True)
class Results:
    """What was recorded for one study.

    path: where it was read from
    header: text of each `# name: value` line by name
    rows: a dict for each row, by the names of the columns, as converted
    """

    path: str
    header: dict[str, str]
    rows: list[dict]
    # For captions, which ask that of a profile.
    lost = 0


def read(path, study, columns):
    """Return the Results of a study in the file at path.

    columns: a converter for each column that there must be, by name; it raises
    ValueError, "expected ...", for a text that it does not take.
    Raises ResultsError ("path:line: what was expected") if the file cannot be read, or
    is something else.
    """
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            # A file that was cut short ends in the middle of a line.
            lines = file.read().split("\n")[:-1]
    except OSError as error:
        raise ResultsError(f"{path}: {error.strerror}") from None

    header, names, rows = {}, None, []
    number = 1
    try:
        if not lines or lines[0] != f"# faultline results, format {FORMAT}":
            raise ValueError(f"expected '# faultline results, format {FORMAT}'")
        for number, line in enumerate(lines[1:], 2):
            if line.startswith("#"):
                name, _, value = line[1:].strip().partition(": ")
                header[name] = value
            elif names is None:
                names = _names(line, header, study, columns)
            else:
                rows.append(_row(line, names, columns))
        if not rows:
            raise ValueError("expected at least one row")
    except ValueError as error:
        raise ResultsError(f"{path}:{number}: {error}") from None
    return Results(path, header, rows)


def _names(line, header, study, columns):
    if header.get("study") != str(study):
        raise ValueError(f"expected '# study: {study}' above, found {header.get('study', 'none')}")
    names = line.split()
    for name in columns:
        if names.count(name) != 1:
            raise ValueError(f"expected one column {name}, found {names.count(name)}")
    return names


def _row(line, names, columns):
    fields = line.split(maxsplit=len(names) - 1)
    if len(fields) != len(names):
        raise ValueError(f"expected {len(names)} fields, found {len(fields)}")
    return {name: columns.get(name, str)(field) for name, field in zip(names, fields)}


def whole(text):
    """Convert a column of whole numbers."""
    # int() alone would take 1_000 and -1.
    if not re.fullmatch("[0-9]{1,18}", text):
        raise ValueError(f"expected a whole number, found {text!r}")
    return int(text)


def counted(text):
    """Convert a column of what was counted, which must have been."""
    if text == "n/a":
        raise ValueError("expected what was counted, found n/a: the module could not")
    return whole(text)


def one_of(*choices):
    """Return the converter of a column that holds one of these."""
    def convert(text):
        if text not in choices:
            raise ValueError(f"expected {' or '.join(choices)}, found {text!r}")
        return text
    return convert
