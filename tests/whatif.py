# SPDX-License-Identifier: GPL-2.0
"""faultline-whatif as its tests call it."""

import csv
import os
import subprocess

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                       "../build/whatif/faultline-whatif")


def text(accesses):
    """Pairs of a page and whether it writes, as `pid R|W address`."""
    return "".join(f"1 {'W' if write else 'R'} {hex(page << 12)}\n"
                   for page, write in accesses).encode()


def run(*arguments, stdin=b""):
    """The finished process."""
    return subprocess.run([PROGRAM, *map(str, arguments)], input=stdin, capture_output=True)


def rows(*arguments, stdin=b""):
    """Rows of results, by names of columns."""
    done = run(*arguments, "-F", "csv", stdin=stdin)
    if done.returncode:
        raise RuntimeError(done.stderr.decode())
    return list(csv.DictReader(done.stdout.decode().splitlines()))


def faults(*arguments, stdin=b""):
    """Faults by policy and frames."""
    return {(row["policy"], int(row["frames"])): int(row["faults"])
            for row in rows(*arguments, stdin=stdin)}
