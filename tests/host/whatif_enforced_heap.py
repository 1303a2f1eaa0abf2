#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The heap of a real program that is ruled by a policy, by userfaultfd, has the faults that are
simulated, and the program the output that it has without."""

import csv
import os
import random
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))

import tap  # noqa: E402
import whatif  # noqa: E402

POLICIES = "fifo", "lru", "clock", "2q", "mglru"
FOLDER = tempfile.TemporaryDirectory()
WORDS, SORTED = (os.path.join(FOLDER.name, name) for name in ("words", "sorted"))


def enforced(*arguments):
    """Rows by policy and frames, and the finished process."""
    done = whatif.run("enforce", "-F", "csv", *arguments)
    rows = csv.DictReader(done.stdout.decode().splitlines())
    return {(row["policy"], int(row["setting"])): row for row in rows}, done


def holds(claim, frames, policies, *command):
    """All of its rows are as they should be; faults by policy and frames."""
    rows, done = enforced("-n", ",".join(map(str, frames)), "-P", ",".join(policies), "--",
                          *command)
    # Nothing, where the command failed.
    faults = {key: int(row["real"] or 0) for key, row in rows.items()}
    pages = int(rows[policies[0], frames[0]]["pages"]) if rows else 0
    tap.check(done.returncode == 0 and len(rows) == len(frames) * len(policies) and
              all(row["real"] == row["predicted"] for row in rows.values()),
              f"{claim}: the kernel has the faults that are simulated, {faults} "
              f"{done.stderr.decode()}")
    tap.check(rows and all(int(row["in_memory"] or 0) == min(count, pages)
                           for (_, count), row in rows.items()),
              f"{claim}: as many of {pages} pages are in memory as there are frames")
    tap.check(rows and all(row["damaged"] == "0" for row in rows.values()),
              f"{claim}: its output is as without")
    for policy in policies:
        few_to_many = [faults.get((policy, count), 0) for count in frames]
        tap.check(few_to_many == sorted(few_to_many, reverse=True) and
                  few_to_many[0] > few_to_many[-1] == pages,
                  f"{claim}, {policy}: more faults in fewer frames, and each page's first at least")


draw = random.Random(6)
words = ["".join(draw.choices("abcdefgh", k=draw.randint(3, 60))) for _ in range(400)]
with open(WORDS, "w", encoding="ascii") as file:
    file.write("".join(f"{word}\n" for word in words))
os.environ["LC_ALL"] = "C"

_, tried = enforced("-n", 9, "--", "sort", "--parallel=1", WORDS)
if b"userfaultfd: this kernel does not let" in tried.stderr:
    tap.skip(f"faults may be handled here: {tried.stderr.decode().strip()}")
    tap.finish()

holds("sort", (6, 12, 1000), POLICIES, "sort", "--parallel=1", "-S1M", WORDS)
_, done = enforced("-n6", "-P", "lru", "--", "sort", "--parallel=1", "-S1M", "-o", SORTED, WORDS)
with open(SORTED, encoding="ascii") as file:
    tap.check(done.returncode == 0 and file.read().split() == sorted(words),
              "and has sorted what it should")
holds("awk", (4, 1000), ("lru",), "awk", "NR < 60 { n[$1]++ } END { for (w in n) print w, n[w] }",
      WORDS)

for claim, least, command in (
        ("large blocks are in the heap", 256,
         ("dd", "if=/dev/zero", "of=/dev/null", "bs=1M", "count=1", "status=none")),
        ("its environment is that which it has without", 1, ("env",)),
        ("its addresses are the same each time", 1, ("grep", "stack", "/proc/self/maps"))):
    rows, done = enforced("-n1000", "-P", "lru", "--", *command)
    pages = [int(row["pages"]) for row in rows.values()]
    tap.check(done.returncode == 0 and len(pages) == 1 and pages[0] >= least,
              f"{claim}: {pages} pages {done.stderr.decode()}")

for arguments, status, expected in (
        (("-n9", "--", "sh", "-c", "(true); true"), 1, "forks: expected"),
        (("-n9", "--", "xz", "-T2", "-kc", WORDS), 1, "starts a thread: expected"),
        (("-n9", "--", "/sbin/ldconfig", "-p"), 1, "no heap was seen"),
        # Which is found out once dd has closed its standard error.
        (("-n9", "--", "dd", "if=/dev/null", "of=/dev/null", "bs=1100M", "count=1", "status=none"),
         1, "heap is larger than 1 GB"),
        (("-n9", "--", "false"), 1, "false: exit status 1"),
        (("-n9", "--", "./nothing"), 1, "./nothing: No such file"),
        (("-n1", "-P", "lru", "--", "sort", "--parallel=1", WORDS), 1, "more pages at once"),
        (("--", "true"), 2, "frames: expected how many"),
        (("-n9", "-f", "lackey", "--", "true"), 2, "from: expected no COMMAND"),
        (("-n9", "--"), 2, "expected faultline-whatif enforce"),
        (("-n9", WORDS, "--", "true"), 2, "expected faultline-whatif enforce")):
    _, done = enforced(*arguments)
    tap.check(done.returncode == status and expected in done.stderr.decode(),
              f"refused: {expected} {done.stderr.decode() if done.returncode != status else ''}")
_, done = enforced("-n9", "-P", "lru", "--", "sh", "-c", "echo $$")
tap.check(done.returncode == 1 and b"something else each time" in done.stderr,
          "output that differs is found")
tap.finish()
