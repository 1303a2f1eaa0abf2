#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The command line of faultline-whatif: what makes no sense is refused by name, formats say the
same, threads change nothing, and progress is for terminals."""

import json
import os
import pty
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))

import tap  # noqa: E402
import whatif  # noqa: E402

FOLDER = tempfile.TemporaryDirectory()
TRACE = os.path.join(FOLDER.name, "a,b trace")
PATTERNS = "sequential", "random", "working_set", "locality", "thrashing", "zipf", "fork"


def refused(expected, *arguments, status=2):
    done = whatif.run(*arguments, stdin=b"1 R 0\n")
    said = done.stderr.decode()
    tap.check(done.returncode == status and said.count("\n") == 1 and expected in said and
              not done.stdout, f"{' '.join(arguments)} is refused with '{expected}'")


whatif.run("gen", "zipf", "-n", "500", "-a", "20000", "-o", TRACE)
for arguments, expected in (
        ((), "expected faultline-whatif [OPTION...] FILE"),
        (("-", "-"), "expected faultline-whatif [OPTION...] FILE"),
        (("-",), "frames: expected how many there are"),
        (("-", "-n", "0"), "frames: expected a whole number from 1"),
        (("-", "-n", "4,"), "frames: expected a list like A,B, without empty places"),
        (("-", "-n", "4x"), "frames: expected a whole number"),
        (("-", "-n", "99999999999999t"), "frames: expected a whole number"),
        (("-", "-n", "4", "-P", "lru,best"), "policy: expected some of all, fifo, lru"),
        (("-", "-n", "4,1", "-P", "fifo,lirs"), "lirs: expected at least 2 frames, not 1"),
        (("-", "-n", "4", "-p", "3k"), "page: expected a power of two from 64 to 1t, not '3k'"),
        (("-", "-n", "4", "-p", "32"), "page: expected a power of two"),
        (("-", "-n", "4", "-t", "64"), "tlb: expected ENTRIESxWAYS, such as 64x4, not '64'"),
        (("-", "-n", "4", "-t", "4x64"), "tlb: expected 1 to 32768 entries"),
        (("-", "-n", "4", "-t", "12x2"), "whose sets are a power of two, not '12x2'"),
        (("-", "-n", "4", "-t", "4x0"), "tlb: expected 1 to 32768 entries"),
        (("-", "-n", "4", "-s", "0"), "sample: expected more than 0 and at most 1, not '0'"),
        (("-", "-n", "4", "-s", "nan"), "sample: expected more than 0"),
        (("-", "-n", "10", "-s", "0.1"), "sample: 0.1 of 10 frames are fewer than 4"),
        (("-", "-n", "100", "-s", "0.1", "-t", "4x1"), "tlb: expected no sample"),
        (("-", "-n", "4", "-T", "4"), "table: expected a TLB, such as --tlb=64x4"),
        (("-", "-n", "4", "-t", "4x1", "-T", "6"), "table: expected some of 1, 2, 3, 4, 5, hashed"),
        (("-", "-n", "4", "-w", "0"), "window: expected a whole number from 1"),
        (("-", "-n", "4", "-F", "xml"), "format: expected one of table, csv, json, not 'xml'"),
        (("-", "-n", "4", "-f", "perf"), "from: expected one of lackey, drmemtrace, pid, oracle"),
        (("-", "-n", "4", "-j", "0"), "threads: expected a whole number from 1 to 1024"),
        (("gen", "waves"), f"PATTERN: expected one of {', '.join(PATTERNS)}, not 'waves'"),
        (("gen",), "expected faultline-whatif gen [OPTION...] PATTERN"),
        (("compile", "a"), "expected faultline-whatif compile [OPTION...] IN OUT"),
        (("compile", "a", "-"), "OUT: expected a file"),
        (("mrc",), "expected faultline-whatif mrc [OPTION...] FILE")):
    refused(expected, *arguments)
refused("compiled with pages of 4096 bytes, which cannot become smaller", TRACE, "-n", "4", "-p",
        "2k", status=1)
refused("sample: none of 500 pages is in a share of 1e-06", "mrc", TRACE, "-s", "0.000001",
        status=1)
refused("table: 1 cannot have pages of 2097152 bytes", "-", "-n", "4", "-t", "4x1", "-T", "1",
        "-p", "2m", status=1)
refused("No such file", os.path.join(FOLDER.name, "none"), "-n", "4", status=1)
refused("is no file", "compile", "-", "/dev/null", status=1)

QUESTION = (TRACE, "-n", "64,1k", "-P", "lru,arc", "-p", "4k,64k", "-t", "16x4", "-T",
            "hashed")
rows = whatif.rows(*QUESTION)
tap.check([(row["policy"], row["frames"], row["page"]) for row in rows] ==
          [(policy, frames, page) for page in ("4k", "64k") for policy in ("lru", "arc")
           for frames in ("64", "1024")], "every combination has a row, in the order asked for")
objects = [json.loads(line) for line in whatif.run(*QUESTION, "-F", "json").stdout.splitlines()]
tap.check([{name: str(value) if not isinstance(value, float) else f"{value:.6f}"
            for name, value in one.items() if name != "sample"} for one in objects] ==
          [{name: value for name, value in row.items() if name != "sample"} for row in rows],
          "json has the same names and values")
WORDS = {"policy", "page", "tlb", "table"}
tap.check(all(isinstance(value, str) == (name in WORDS) for one in objects
              for name, value in one.items()), "its numbers are numbers")
table = [line.split() for line in whatif.run(*QUESTION).stdout.decode().splitlines()]
tap.check(table == [list(rows[0])] + [list(row.values()) for row in rows],
          "so has the table")
bare = json.loads(whatif.run(TRACE, "-n", "64", "-F", "json").stdout)
tap.check(bare["tlb"] is None and bare["tlb_misses"] is None and bare["table_bytes"] is None and
          whatif.rows(TRACE, "-n", "64")[0]["tlb_misses"] == "",
          "what was not simulated is null, or an empty field, and not 0")
tap.check(all(whatif.rows(*QUESTION, "-j", str(threads)) == rows for threads in (1, 3, 50)),
          "as many threads as may be, the figures are the same")
alone = [whatif.rows(TRACE, "-n", row["frames"], "-P", row["policy"], "-p", row["page"],
                     "-t", "16x4", "-T", "hashed")[0] for row in rows]
tap.check(alone == rows, "each combination is the same alone")
done = subprocess.run(["sh", "-c", '"$0" "$@" > /dev/full', whatif.PROGRAM, TRACE, "-n", "4"],
                      capture_output=True)
tap.check(done.returncode == 1 and b"No space left" in done.stderr,
          "a full disk is told, with exit status 1")

for pattern in PATTERNS:
    lines = whatif.run("gen", pattern, "-n", "64", "-a", "3000").stdout
    again = whatif.run("gen", pattern, "-n", "64", "-a", "3000").stdout
    pages = {(line.split()[0], int(line.split()[2], 16) >> 12) for line in lines.splitlines()}
    out = os.path.join(FOLDER.name, "out")
    whatif.run("gen", pattern, "-n", "64", "-a", "3000", "-o", out)
    tap.check(lines == again and lines.count(b"\n") == 3000 and
              len({page for _, page in pages}) <= 64 and
              whatif.rows(out, "-n", "9") == whatif.rows("-", "-n", "9", stdin=lines),
              f"gen {pattern} makes the same accesses again, as text and compiled")
thrashing = whatif.run("gen", "thrashing", "-n", "64", "-a", "6400").stdout
tap.check(whatif.faults("-", "-n", "63,64", "-P", "lru", stdin=thrashing) ==
          {("lru", 63): 6400, ("lru", 64): 64}, "thrashing: every access faults but for one frame")
fork = whatif.run("gen", "fork", "-n", "10", "-a", "40").stdout.decode().split("\n")
tap.check(sum(line.startswith("2 W") for line in fork) == 5 and
          sum(line.startswith("1 R") for line in fork) == 10,
          "fork: the child writes every other page, the parent reads all")


def on_terminal(*arguments):
    """What comes on standard error, if that is a terminal."""
    ours, theirs = pty.openpty()
    program = subprocess.Popen([whatif.PROGRAM, *arguments], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    said = b""
    try:
        while more := os.read(ours, 4096):
            said += more
    except OSError:
        pass
    os.close(ours)
    return program.wait(), said


LONG = "gen", "zipf", "-n", "100k", "-a", "8m", "-o", os.path.join(FOLDER.name, "long")
status, said = on_terminal(*LONG)
tap.check(status == 0 and b" accesses, " in said and said.endswith(b"\r\x1b[K"),
          "a long run shows on a terminal how far it is, and cleans up")
done = whatif.run(*LONG)
tap.check(done.returncode == 0 and done.stderr == b"", "and nowhere else")
for command in (), ("compile",), ("gen",), ("mrc",):
    done = whatif.run(*command, "--help")
    tap.check(done.returncode == 0 and b"\n  faultline-whatif " in done.stdout,
              f"{' '.join(command)} --help shows an example")
tap.finish()
