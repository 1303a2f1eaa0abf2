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
        (("-", "-n", "4", "-C", "minor"), "cost: expected NAME:NS, such as minor:500, not 'minor'"),
        (("-", "-n", "4", "-C", "cow:2e15"), "cost: expected at most 1e+15 ns, not 'cow:2e15'"),
        (("-", "-n", "4", "-C", "cow:-1"), "cost: expected NAME:NS, such as minor:500, not 'cow"),
        (("-", "-n", "4", "-C", "best:1"), "cost: expected some of minor, major, cow, copy, read"),
        (("-", "-n", "4", "-r", "4"), "prefetch: expected fewer than the 4 frames, not 4"),
        (("-", "-n", "4", "-y", "8"), "precopy: expected fewer than the 4 frames, not 8"),
        (("-", "-n", "4", "-r", "1k"), "prefetch: expected a whole number from 0 to 512"),
        (("-", "-n", "100", "-s", "0.1", "-m"), "memory: expected no sample"),
        (("-", "-n", "4", "-N", "0"), "nodes: expected 1 to 64 nodes"),
        (("-", "-n", "4", "-N", "2:last"), "such as 2:first:4, not '2:last'"),
        (("-", "-n", "4", "-N", "2:first:0"), "nodes: expected 1 to 64 nodes"),
        (("-", "-n", "4", "-N", "2:4"), "nodes: expected 1 to 64 nodes"),
        (("costs", "now"), "expected faultline-whatif costs [OPTION...]"),
        (("gen", "waves"), f"PATTERN: expected one of {', '.join(PATTERNS)}, not 'waves'"),
        (("gen",), "expected faultline-whatif gen [OPTION...] PATTERN"),
        (("compile", "a"), "expected faultline-whatif compile [OPTION...] IN OUT"),
        (("compile", "a", "-"), "OUT: expected a file"),
        (("mrc", "-", "-S", "0"), "sample-pages: expected a whole number from 1"),
        (("mrc", "-", "-S", "9", "-s", "0.1"), "sample-pages: expected no --sample"),
        (("sample",), "pid: expected whose memory is looked at"),
        (("sample", "-p", "0"), "pid: expected a whole number from 1"),
        (("sample", "-p", "1", "-e", "0"), "epoch: expected a number from 0.001 to 3600"),
        (("sample", "-p", "1", "-c", "0"), "epochs: expected a whole number from 1"),
        (("verify", "-"), "expected what is varied, such as --frames=64,128, --huge=off,2m or"),
        (("verify", "-", "-H", "1g"), "huge: expected some of off, 2m, not '1g'"),
        (("verify", "-", "-H", "off,"), "huge: expected a list like A,B, without empty places"),
        (("verify", "-", "-y", "65"), "precopy: expected a whole number from 0 to 64"),
        (("verify", "-", "-y", "-1"), "precopy: expected a whole number from 0 to 64"),
        (("verify", "-", "-n", "1"), "frames: expected a whole number from 2"),
        (("verify", "-", "-n", "4", "-P", "best"), "policy: expected some of fifo, lru"),
        (("verify", "-", "-n", "4", "-H", "off", "--", "true"),
         "huge: expected --frames alone with a COMMAND"),
        (("verify", "-", "-n", "4", "-y", "0", "true"),
         "precopy: expected --frames alone with a COMMAND"),
        (("verify", "-", "--", "true", "-n", "4"), "expected what is varied, such as"),
        (("mrc",), "expected faultline-whatif mrc [OPTION...] FILE")):
    refused(expected, *arguments)
many = whatif.run("-", "-n", ",".join(["4"] * 4096), "-t", ",".join(["4x1"] * 64),
                  "-r", ",".join(["0"] * 64), "-y", ",".join(["0"] * 64), "-N", "1,1,1,1",
                  stdin=b"1 R 0\n")
tap.check(many.returncode == 2 and not many.stdout and
          b"expected at most 4294967295 combinations, not 4294967296" in many.stderr,
          "2^32 combinations are not none")
refused("compiled with pages of 4096 bytes, which cannot become smaller", TRACE, "-n", "4", "-p",
        "2k", status=1)
refused("sample: none of 500 pages is in a share of 1e-06", "mrc", TRACE, "-s", "0.000001",
        status=1)
refused("table: 1 cannot have pages of 2097152 bytes", "-", "-n", "4", "-t", "4x1", "-T", "1",
        "-p", "2m", status=1)
refused("huge: expected larger pages than those of the trace, of 4096 bytes", "-", "-n", "4", "-H",
        "4k", status=1)
refused("huge: a table of hashed cannot have pages of several sizes", "-", "-n", "4", "-H", "2m",
        "-t", "4x1", "-T", "hashed", status=1)
refused("huge: a table of 4 cannot have pages of several sizes", "-", "-n", "4", "-H", "64k,2m",
        "-t", "4x1", "-T", "4", status=1)
refused("huge: expected sizes from the smallest on, not '2m' behind a larger one", "-", "-n", "4",
        "-H", "1g,2m")
refused("huge: expected at most 4 sizes", "-", "-n", "4", "-H", "8k,16k,32k,64k,2m")
refused("No such file", os.path.join(FOLDER.name, "none"), "-n", "4", status=1)
refused("is no file", "compile", "-", "/dev/null", status=1)

QUESTION = (TRACE, "-n", "64,1k", "-P", "lru,arc", "-p", "4k,64k", "-t", "16x4", "-T",
            "hashed")
rows = whatif.rows(*QUESTION)
tap.check([(row["policy"], row["frames"], row["page"]) for row in rows] ==
          [(policy, frames, page) for page in ("4k", "64k") for policy in ("lru", "arc")
           for frames in ("64", "1024")], "every combination has a row, in the order asked for")
objects = [json.loads(line) for line in whatif.run(*QUESTION, "-F", "json").stdout.splitlines()]
tap.check([{name: "" if value is None else f"{value:.6f}" if isinstance(value, float) else
            str(value) for name, value in one.items() if name != "sample"} for one in objects] ==
          [{name: value for name, value in row.items() if name != "sample"} for row in rows],
          "json has the same names and values")
WORDS = {"policy", "page", "trace", "tlb", "table"}
tap.check(all(isinstance(value, str) == (name in WORDS) for one in objects
              for name, value in one.items() if value is not None), "its numbers are numbers")
table = [line.split() for line in whatif.run(*QUESTION).stdout.decode().splitlines()]
LEFT_OUT = ("cow", "reuses", "swap_ins", "swap_outs", "write_backs", "prefetch", "prefetched",
            "prefetch_useful", "prefetch_wasted", "prefetch_net_ns", "precopy", "precopied",
            "precopy_useful", "precopy_wasted", "precopy_net_ns", "nodes", "remote",
            "remote_share", "migrations", "huge", "huge_made", "huge_split", "minor", "major",
            "time_ns", "minor_ns", "major_ns", "cow_ns", "copy_ns", "read_ns", "constants")
tap.check(table == [table[0]] + [[row[name] for name in table[0]] for row in rows] and
          all(name in table[0] for name in rows[0] if name not in LEFT_OUT) and
          not set(LEFT_OUT) & set(table[0]),
          "so has the table, but for what was not asked for")
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
    accesses = [line.split() for line in lines.splitlines() if line.split()[1] in (b"R", b"W")]
    pages = {int(address, 16) >> 12 for _, _, address in accesses}
    out = os.path.join(FOLDER.name, "out")
    whatif.run("gen", pattern, "-n", "64", "-a", "3000", "-o", out)
    tap.check(lines == again and len(accesses) == 3000 and len(pages) <= 64 and
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
for command in "", "animate", "compile", "enforce", "gen", "mrc", "sample", "verify":
    done = whatif.run(*command.split(), "--help")
    tap.check(done.returncode == 0 and b"\n  faultline-whatif " in done.stdout,
              f"{command} --help shows an example")
tap.finish()
