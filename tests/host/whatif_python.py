#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""faultline_whatif, the module of Python, says what the program says, and why it cannot; and so
do several threads at once."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.join(HERE, "../..")
sys.path.insert(0, os.path.join(HERE, ".."))

import tap  # noqa: E402
import whatif  # noqa: E402

FOLDER = tempfile.TemporaryDirectory()
# It looks beside itself first, and so finds the library that the tests built.
shutil.copy(os.path.join(TOP, "case_studies/faultline_whatif.py"), FOLDER.name)
shutil.copy(os.path.join(os.path.dirname(whatif.PROGRAM), "libfaultline-whatif.so"), FOLDER.name)
sys.path.insert(0, FOLDER.name)

import faultline_whatif  # noqa: E402

FRAMES = [2, 30, 100, 450]
TEXT, TRACE = os.path.join(FOLDER.name, "a trace"), os.path.join(FOLDER.name, "compiled")


def words(text):
    """Declarations without comments and how they are broken into lines."""
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    return re.sub(r"\s+", " ", text).replace("( ", "(").strip()


def refused(claim, expected, call):
    try:
        call()
        said = None
    except faultline_whatif.WhatifError as error:
        said = str(error)
    tap.check(said and "\n" not in said and expected in said, f"{claim} is refused: {said!r}")


with open(os.path.join(TOP, "whatif/faultline_whatif.h"), encoding="utf-8") as file:
    header = file.read()
api = header[header.index("/* API { */"):header.index("/* } */")]
tap.check(words(api) == words(faultline_whatif._DECLARATIONS),
          "the module declares what is in the header, and nothing else")
symbols = subprocess.run(["nm", "-D", "--defined-only",
                          os.path.join(FOLDER.name, "libfaultline-whatif.so")],
                         capture_output=True, text=True).stdout.split()[2::3]
tap.check(sorted(symbols) == sorted(re.findall(r"\b(faultline_whatif_\w+)\(", words(api))),
          f"the library shows its functions, and no others ({len(symbols)})")

with open(TEXT, "wb") as file:
    file.write(whatif.run("gen", "zipf", "-n", "500", "-a", "20000").stdout)
whatif.run("compile", TEXT, TRACE)
frames = ",".join(map(str, FRAMES))
program = whatif.faults(TEXT, "-n", frames, "-P", "all")
curve = [int(row["faults"]) for row in whatif.rows("mrc", TEXT, "-n", frames)]
large = whatif.rows(TEXT, "-n", "30", "-p", "64k")[0]
for path in TEXT, TRACE:
    with faultline_whatif.Trace(path) as trace:
        found = {(policy, count): trace.faults(policy, count)
                 for policy in faultline_whatif.policies() for count in FRAMES}
        tap.check(found == program, f"{os.path.basename(path)}: faults of all policies are those "
                  "that the program tells")
        tap.check(trace.curve(FRAMES) == curve, "the curve, too")
        tap.check((trace.accesses, trace.pages, trace.page) == (20000, 500, 4096),
                  "and how many accesses, pages and bytes")
    with faultline_whatif.Trace(path, page=65536) as trace:
        tap.check((trace.faults("lru", 30), trace.pages, trace.page) ==
                  (int(large["faults"]), int(large["pages"]), 65536), "larger pages, too")
with faultline_whatif.Trace(TEXT, "oracleGeneral") as trace:
    tap.check(trace.page is None, "objects have no page size")

SAMPLED = os.path.join(FOLDER.name, "sampled")
with open(SAMPLED, "wb") as file:
    file.write(b"# sampled: now and then\n1 W 0\n")
tap.check(faultline_whatif.Trace(SAMPLED).sampled and not faultline_whatif.Trace(TRACE).sampled,
          "a trace that is a sample says so, and no other")

with faultline_whatif.Trace(TRACE) as trace:
    answers = []
    together = threading.Barrier(4)

    def ask():
        """What one thread finds: its own error between answers, and a trace of its own."""
        for policy in faultline_whatif.policies():
            together.wait()
            with faultline_whatif.Trace(TEXT) as own:
                right = own.faults(policy, 30) == program[policy, 30]
            right &= trace.faults(policy, 100) == program[policy, 100]
            try:
                trace.faults(f"no {threading.get_ident()}", 4)
            except faultline_whatif.WhatifError as error:
                answers.append(right and f"no {threading.get_ident()}" in str(error))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tap.check(len(answers) == 4 * len(faultline_whatif.policies()) and all(answers),
              f"threads that share a trace are each told what they asked ({len(answers)} times)")
    refused("an unknown policy", "policy: there is none called 'best'",
            lambda: trace.faults("best", 4))
    for number in -1, 2 ** 64:
        refused(f"{number} frames", f"not {number}", lambda n=number: trace.faults("lru", n))
        refused(f"{number} in a curve", f"not {number}", lambda n=number: trace.curve([4, n]))
    refused("a path with a NUL in it", "without NUL",
            lambda: faultline_whatif.Trace(TEXT + "\0x"))
    refused("no frame", "lru: expected at least 1 frames, not 0", lambda: trace.faults("lru", 0))
    refused("too few for lirs", "lirs: expected at least 2 frames, not 1",
            lambda: trace.faults("lirs", 1))
    refused("a curve without a frame", "frames: expected at least 1", lambda: trace.curve([4, 0]))
refused("a closed trace", "the trace is closed", lambda: trace.faults("lru", 4))
refused("a missing file", "No such file", lambda: faultline_whatif.Trace("/none"))
refused("an unknown format", "from: there is no format 'perf'",
        lambda: faultline_whatif.Trace(TEXT, "perf"))
refused("an odd page size", "page: expected a power of two from 64 to 1t, not 3000",
        lambda: faultline_whatif.Trace(TEXT, page=3000))
refused("a page smaller than compiled", "cannot become smaller",
        lambda: faultline_whatif.Trace(TRACE, page=1024))
with open(TRACE, "r+b") as file:
    file.truncate(5000)
refused("a trace that is cut", "byte 5000: cut short", lambda: faultline_whatif.Trace(TRACE))
with open(TEXT, "ab") as file:
    file.write(b"1 R\n")
ours, theirs = os.pipe()
kept = os.dup(2)
os.dup2(theirs, 2)
refused("a damaged text", "expected an address", lambda: faultline_whatif.Trace(TEXT))
os.dup2(kept, 2)
os.close(theirs)
tap.check(os.read(ours, 1) == b"", "and the library says nothing by itself")
tap.finish()
