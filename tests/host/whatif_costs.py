#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What faults cost comes from what Faultline has timed, or from constants that are shown as such;
what nobody knows is n/a, and no cost of 4 KB is taken for one of larger pages."""

import json
import os
import random
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))

import tap  # noqa: E402
import whatif  # noqa: E402
import whatif_twins  # noqa: E402

FOLDER = tempfile.TemporaryDirectory()
HEAD = ("# faultline profile, format 1\n"
        "# latency: fault\n"
        "# latency_cost_ns: copy=30 fault=100\n"
        "# columns: time_s pid id seq copies_timed copy_s faults_timed fault_s more\n")
# Registration 7 ends with 10 faults of 30 us in all, 8 with 30 of 90: 3000 ns each.
PROFILE = HEAD + ("1.0 50 7 1 2 0.000000800 2 0.000009000 x\n"
                  "# process: id=8 pid=51 ppid=1 comm=a\n"
                  "1.0 51 8 2 n/a n/a n/a n/a n/a\n"
                  "2.0 50 7 3 10 0.000004000 10 0.000030000 n/a\n"
                  "2.0 51 8 4 30 0.000012000 30 0.000090000 n/a\n"
                  "# lost: 0 records in total\n").replace(" x\n", " 0\n")
HISTOGRAM = ("pid id measure count missed sum_ns max_ns p50_ns from-to:count,...\n"
             "50 7 copy 10 0 99999 1 1 1-2:10\n"
             "total 0 copy 20 0 10000 1 1 1-2:10\n"
             "total 0 fault 40 0 120000 1 1 1-2:10\n"
             "# copies: timed by a direct call, an empty measurement reads 30 ns\n"
             "# faults: timed by kretprobe handle_mm_fault, an empty measurement reads n/a\n")
MINE = "minor_ns: 512.5\nmajor_ns: n/a\ncow_ns: 900\n"
TRACE = b"1 W 0\n1 R 0x1000\n1 R 0x2000\n1 R 0\n"


def path(name, content):
    there = os.path.join(FOLDER.name, name)
    with open(there, "w") as file:
        file.write(content)
    return there


def costs(*arguments):
    """Those of minor, major, copying faults and copies, and which are constants."""
    row = whatif.rows("-", "-n", "2", *arguments, stdin=TRACE)[0]
    return [row[name] for name in ("minor_ns", "major_ns", "cow_ns", "copy_ns", "constants")]


profile, histogram, mine = (path("profile.dat", PROFILE), path("histogram", HISTOGRAM),
                            path("costs", MINE))
tap.check(costs() == ["", "", "", "", ""], "without costs, all read n/a")
tap.check(costs("-c", profile) == ["", "", "2900", "370", ""],
          "a profile tells of copies: the last line of each process, without what an empty "
          f"measurement reads {costs('-c', profile)}")
tap.check(costs("-c", histogram) == ["", "", "3000", "470", ""],
          f"so does a histogram, of all processes {costs('-c', histogram)}")
tap.check(costs("-c", mine) == ["512.5", "", "900", "", ""], "and lines by name")
tap.check(costs("-c", f"{mine},{profile}") == ["512.5", "", "2900", "370", ""],
          "several files each add what they have")
tap.check(costs("-C", "cow:7,major:8", "-c", profile) == ["", "8", "7", "370", "major+cow"],
          "a constant takes the place of what was measured, and is shown as one")

row = whatif.rows("-", "-n", "2", "-c", mine, stdin=TRACE)[0]
tap.check((row["minor"], row["major"], row["time_ns"]) == ("3", "1", ""),
          "without a cost for what there was, the time is n/a")
row = whatif.rows("-", "-n", "3", "-c", mine, stdin=TRACE)[0]
tap.check((row["minor"], row["major"], row["time_ns"]) == ("3", "0", "1538"),
          f"what there was not need not have one {row['time_ns']}")
row = whatif.rows("-", "-n", "2", "-C", "minor:5,major:7", stdin=TRACE)[0]
tap.check(row["time_ns"] == "22", "time is the sum of what all faults cost")
measured, constant = (whatif.rows("-", "-n", "3", "-p", "2m", *how, stdin=TRACE)[0]
                      for how in (("-c", mine), ("-C", "minor:512.5")))
tap.check((measured["minor_ns"], measured["time_ns"]) == ("", "") and
          constant["time_ns"] == "512", "what 4 KB cost is not taken for what 2 MB do")

draw = random.Random(7)
wrong = []
for number in range(50):
    accesses = [(int(20 * draw.random() ** 2), draw.random() < 0.3) for _ in range(200)]
    pages = len({page for page, _ in accesses})
    for row in whatif.rows("-", "-n", "3,9", "-P", "lru,clock,opt", "-C", "minor:3,major:1000",
                           stdin=whatif.text(accesses)):
        faults = whatif_twins.faults(row["policy"], accesses, int(row["frames"]), None)
        if int(row["time_ns"]) != 3 * pages + 1000 * (faults - pages):
            wrong.append((number, row["policy"]))
    curve = whatif.rows("mrc", "-", "-n", "3", "-C", "minor:3,major:1000",
                        stdin=whatif.text(accesses))[0]
    faults = whatif_twins.faults("lru", accesses, 3, None)
    if int(curve["time_ns"]) != 3 * pages + 1000 * (faults - pages):
        wrong.append((number, "mrc"))
tap.check(not wrong, f"the first fault of a page is minor, others are major {wrong[:3]}")
done = whatif.run("-", "-n", "9", "-C", "minor:1e15", "-F", "json",
                  stdin=whatif.text([(page, False) for page in range(20000)]))
tap.check(json.loads(done.stdout).get("time_ns") == 2e19,
          "a time of more digits than readers of JSON take is told all the same")


def refused(claim, content, line, expected):
    bad = path("bad", content)
    done = whatif.run("-", "-n", "2", "-c", bad, stdin=TRACE)
    said = done.stderr.decode()
    tap.check(done.returncode == 1 and not done.stdout and said.count("\n") == 1 and
              f"{bad}{line}: {expected}" in said, f"{claim}: {said.strip()[-70:]}")


refused("a profile of which nothing was timed", HEAD, "", "no costs in it: nothing was timed")
refused("what is neither", "1 R 0\n", "", "no costs in it")
refused("a line that is cut", PROFILE + "3.0 50 7 5\n", ":11", "expected a number or n/a for each")
refused("a line with a word", HEAD + "1.0 50 7 1 many 0 0 0 0\n", ":5", "expected a number or n/a")
refused("a line with one more", HEAD + "1.0 50 7 1 0 0 0 0 0 0\n", ":5", "expected a number or n/a")
refused("another cost of measuring", "# latency_cost_ns: none\n", ":1", "expected copy=N|n/a")
refused("a histogram without a count", "total 0 copy\n", ":1", "expected id, measure, count")
refused("a cost that is no number", "minor_ns: -1\n", ":1", "expected ns or n/a")
refused("a cost of a fortnight", "minor_ns: 2e15\n", "", "minor: expected at most 1e+15 ns")
done = whatif.run("-", "-n", "2", "-c", os.path.join(FOLDER.name, "none"), stdin=TRACE)
tap.check(done.returncode == 1 and done.stderr.decode().count("\n") == 1, "no file: one line")

done = whatif.run("costs")
here = path("here", done.stdout.decode())
minor, major, cow, copy, constants = costs("-c", here)
tap.check(done.returncode == 0 and float(minor) > 0 and float(cow) > float(copy) > 0 and
          constants == "", "`costs` measures this machine, and is read back")
tap.finish()
