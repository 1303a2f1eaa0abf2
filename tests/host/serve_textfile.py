#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""faultline serve --textfile replaces its file as a whole: who reads it never sees a part of
it, another file beside it that ends in .prom, or none."""

import os
import stat
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ring_file import RingFile
from serving import PROGRAM, Server, promtool_says
from tap import check, finish

FOLDER = tempfile.TemporaryDirectory()
RING = Path(FOLDER.name, "ring")
FILE = Path(FOLDER.name, "collector", "faultline.prom")
GROUPS = 1000
WRITES = 4


def fill():
    """A ring whose page is about a megabyte."""
    ring = RingFile(RING)
    for number in range(1, GROUPS + 1):
        ring.add(number, b"name%d" % number, minor=1000)
    return ring


def appears():
    """Wait until the file is there."""
    end = time.monotonic() + 20
    while not FILE.exists() and time.monotonic() < end:
        time.sleep(0.01)


def seen():
    """What somebody sees who looks all the time: pages, and files there beside."""
    pages, beside, end = set(), set(), time.monotonic() + 30
    while len({page[0] for page in pages}) < WRITES and time.monotonic() < end:
        with open(FILE, "rb") as file:
            number = os.fstat(file.fileno()).st_ino, os.fstat(file.fileno()).st_mtime_ns
            text = file.read()
        pages.add((number, text.count(b"\nfaultline_swap_bytes{"), text[-40:].endswith(b"\"} 1\n")))
        beside |= {path.name for path in FILE.parent.glob("*.prom")}
    return pages, beside


def files_are_whole():
    ring = fill()
    FILE.parent.mkdir()
    with Server(RING, "--textfile", FILE, "--interval", "1", where=None) as server:
        appears()
        more = threading.Event()

        def grow():
            number = 1000
            while not more.wait(0.01):
                number += 1
                ring.add(1, b"name1", minor=number)
        thread = threading.Thread(target=grow)
        thread.start()
        pages, beside = seen()
        more.set()
        thread.join()
        check(len({page[0] for page in pages}) == WRITES,
              f"it is written anew, {WRITES} times by now")
        check({page[1:] for page in pages} == {(GROUPS, True)}, "and is whole whenever it is read")
        check(beside == {FILE.name}, "nothing else there looks like a file for the collector")
        check(stat.S_IMODE(FILE.stat().st_mode) == 0o644, "the collector may read it")
        check(promtool_says(FILE.read_bytes()) == "", "and promtool finds it good")
        ring.add(2, b"name2", minor=1077)
        time.sleep(0.2)
        check(server.end() == 0 and b'faultline_minor_faults_total{groupname="name2"} 77\n' in
              FILE.read_bytes(), "when it ends it writes what has come since")
        check(os.listdir(FILE.parent) == [FILE.name], "and leaves nothing beside it")


def trouble_is_told():
    for path, why in ((Path(FOLDER.name, "none", "x.prom"), "No such file or directory"),
                      (FILE.parent, "Is a directory")):
        end = subprocess.run([PROGRAM, "serve", "--device", RING, "--textfile", path], text=True,
                             stderr=subprocess.PIPE, timeout=20)
        check(end.returncode == 1 and end.stderr == f"faultline serve: {path}: {why}\n",
              f"one line and exit status 1 where it cannot be written: {why}")
    check(sorted(os.listdir(FOLDER.name)) == ["collector", "ring"], "and nothing stays behind")
    FILE.unlink()
    with Server(RING, "--textfile", FILE, "--interval", "1", where=None) as server:
        appears()
        FILE.unlink()
        FILE.parent.rmdir()
        said = server.process.stderr.readline()
        FILE.parent.mkdir()
        appears()
        check(said == f"faultline serve: {FILE}: No such file or directory\n" and FILE.exists(),
              "trouble that comes later is told, and the file is there when it has gone")


files_are_whole()
trouble_is_told()
finish()
