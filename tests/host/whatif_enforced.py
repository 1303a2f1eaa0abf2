#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Real memory that is ruled by a policy, by userfaultfd, has the faults that are simulated, never
more pages than frames, and in each page what was written there last."""

import csv
import os
import random
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))

import tap  # noqa: E402
import whatif  # noqa: E402
import whatif_twins  # noqa: E402

POLICIES = "fifo", "lru", "clock", "2q", "mglru"
FOLDER = tempfile.TemporaryDirectory()


def enforced(*arguments, stdin=b""):
    """Rows by policy and frames, and the finished process."""
    done = whatif.run("enforce", *arguments, "-F", "csv", stdin=stdin)
    rows = csv.DictReader(done.stdout.decode().splitlines())
    return {(row["policy"], int(row["setting"])): row for row in rows}, done


def holds(claim, frames, *source, stdin=b""):
    """Compare with the program's simulation, run by itself."""
    question = "-n", ",".join(map(str, frames)), "-P", ",".join(POLICIES)
    rows, done = enforced(*source, *question, stdin=stdin)
    simulated = whatif.rows(*source, *question, stdin=stdin)
    expected = {(row["policy"], int(row["frames"])): int(row["faults"]) for row in simulated}
    pages = int(simulated[0]["pages"])
    tap.check(done.returncode == 0 and
              {key: int(row["real"]) for key, row in rows.items()} == expected,
              f"{claim}: the kernel has the faults that are simulated, from "
              f"{min(expected.values())} to {max(expected.values())} {done.stderr.decode()}")
    tap.check(all(int(row["in_memory"]) == min(frames, pages) and row["damaged"] == "0"
                  for (_, frames), row in rows.items()),
              f"{claim}: as many of {pages} pages are in memory as there are frames, and none has "
              "lost what was written")
    return rows


_, tried = enforced("-", "-n1", stdin=b"1 W 0\n")
if tried.stderr.startswith(b"faultline-whatif enforce: userfaultfd: "):
    tap.skip(f"faults may be handled here: {tried.stderr.decode().strip()}")
    tap.finish()

draw = random.Random(6)
ACCESSES = [(int(30 * draw.random() ** 2), draw.random() < 0.4) for _ in range(1500)]
rows = holds("a small trace", (1, 2, 7, 29, 40), "-", stdin=whatif.text(ACCESSES))
twins = {(name, frames): whatif_twins.faults(name, ACCESSES, frames, None)
         for name in POLICIES for frames in (1, 2, 7, 29, 40)}
tap.check({key: int(row["real"]) for key, row in rows.items()} == twins,
          "and the faults of slow twins")
holds("two processes", (5, 30), "-", stdin=whatif.run("gen", "fork", "-n20", "-a600").stdout)
recording = os.path.join(FOLDER.name, "lackey.txt")
subprocess.run(["valgrind", "--tool=lackey", "--trace-mem=yes", f"--log-file={recording}", "true"],
               capture_output=True)
holds("a recording by Valgrind", (40,), recording)

for policy in whatif_twins.TWINS:
    if policy not in POLICIES:
        _, done = enforced("-", "-n4", "-P", policy, stdin=b"1 W 0\n")
        tap.check(done.returncode == 2 and done.stderr.count(b"\n") == 1 and
                  b": expected a policy that faults tell all it knows" in done.stderr,
                  f"{policy} is refused, as faults do not tell it all it knows")
for arguments, expected in ((("-",), "frames: expected how many"),
                            ((), "expected faultline-whatif"),
                            (("-", "-n4", "-P", "best"),
                             "policy: expected some of fifo, lru")):
    _, done = enforced(*arguments, stdin=b"1 W 0\n")
    tap.check(done.returncode == 2 and expected in done.stderr.decode(), f"refused: {expected}")
tap.finish()
