#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Counters by command name: nothing is lost or counted twice, whoever ends, comes again or
changes its name; names are told apart as text, and there are no more than was agreed on."""

import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ring_file import ALL_KNOWN, KINDS, RingFile
from rings import COW, EXITED, FILE_FIRST, FIRST, PRECOPY, UNREGISTERED
from serving import PROGRAM, Server, promtool_says, read_openmetrics, sample
from tap import check, finish

FOLDER = tempfile.TemporaryDirectory()
RING = Path(FOLDER.name, "ring")
MINOR = "minor_faults_total"


def recorded(*options):
    """The page that `record -F openmetrics` writes of the ring."""
    return subprocess.run([PROGRAM, "record", "--dump", "-F", "openmetrics", "-o", "-", "--device",
                           RING, *options], check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL).stdout.decode()


def of(samples, name, **labels):
    """A sample's value, or None."""
    return samples.get(sample(name, **labels))


def everything_is_told():
    ring = RingFile(RING)
    ring.add(1, b"work", flags=ALL_KNOWN | FIRST)
    ring.add(1, b"work", minor=1, major=2, cow=28, user_ns=3_000000004, system_ns=5, rss=6 << 12,
             swap=7 << 12, kinds=(1, 2, 3, 4, 5, 6, 7), precopy=(11, 12, 13, 14))
    page = recorded()
    samples = read_openmetrics(page)
    expected = {sample(f"{name}_total", groupname="work"): value for name, value in
                (("minor_faults", 1), ("major_faults", 2), ("cow_faults", 28),
                 ("precopied_pages", 11), ("precopy_used_pages", 12),
                 ("precopy_wasted_pages", 13), ("precopy_refused_pages", 14))}
    expected |= {sample("cow_pages_total", groupname="work", kind=kind): number + 1
                 for number, kind in enumerate(KINDS)}
    expected |= {sample("cpu_seconds_total", groupname="work", mode="user"): 3.000000004,
                 sample("cpu_seconds_total", groupname="work", mode="system"): 0.000000005,
                 sample("processes", groupname="work"): 1,
                 sample("resident_bytes", groupname="work"): 6 << 12,
                 sample("swap_bytes", groupname="work"): 7 << 12,
                 sample("folded_processes_total"): 0, sample("samples_lost_total"): 0,
                 sample("ticks_missed_total"): 0}
    builds = {key for key in samples if key[0] == "faultline_build_info"}
    check(len(builds) == 1 and {key: samples[key] for key in samples if key not in builds} ==
          expected, "each figure of a record has its sample, and there are no others")
    check(page.endswith("\n# EOF\n"), "the page says where it ends")


def nobody_is_forgotten():
    ring = RingFile(RING)
    ring.add(1, b"work", pid=7, flags=ALL_KNOWN | FIRST)
    ring.add(1, b"work", pid=7, minor=100, rss=4096)
    ring.add(1, b"work", pid=7, minor=110, flags=ALL_KNOWN | EXITED)
    ring.add(2, b"work", pid=7, flags=ALL_KNOWN | FIRST)
    ring.add(2, b"work", pid=7, minor=1000, rss=8192)
    samples = read_openmetrics(recorded())
    check(of(samples, MINOR, groupname="work") == 1110,
          "a process that ended stays counted, and one with the same pid adds its own")
    check(of(samples, "processes", groupname="work") == 1 and
          of(samples, "resident_bytes", groupname="work") == 8192,
          "but memory is that of who is there")
    ring.add(2, b"work", pid=7, minor=1001, flags=ALL_KNOWN | UNREGISTERED)
    ring.add(3, b"work", pid=7, flags=ALL_KNOWN | FIRST)
    ring.add(3, b"work", pid=7, minor=20000)
    samples = read_openmetrics(recorded())
    check(of(samples, MINOR, groupname="work") == 21111, "one registered anew adds on")
    ring.add(3, b"redis", pid=7, minor=20007, rss=4096)
    samples = read_openmetrics(recorded())
    check(of(samples, MINOR, groupname="work") == 21111 and
          of(samples, MINOR, groupname="redis") == 7 and
          of(samples, "processes", groupname="work") == 0 and
          of(samples, "processes", groupname="redis") == 1,
          "after an exec what comes is counted under the new name, what was under the old")


def unknown_is_not_zero():
    ring = RingFile(RING)
    ring.add(1, b"a", flags=0, cow=5)
    ring.add(2, b"b", flags=COW, cow=6, kinds=(6, 0, 0, 9, 0, 9, 0))
    ring.add(3, b"c", flags=COW | FILE_FIRST | PRECOPY, kinds=(0, 0, 0, 4, 0, 9, 0))
    ring.add(4, b"d", flags=COW, cow=70)
    ring.add(5, b"d", flags=0, cow=8)
    samples = read_openmetrics(recorded())
    check(not [key for key in samples if ("groupname", "a") in key and
               ("cow" in key[0] or "precop" in key[0])] and
          of(samples, MINOR, groupname="a") == 0,
          "what was not counted has no sample, and what was counted and is none reads 0")
    check({key[2][1] for key in samples if key[:2] == ("faultline_cow_pages_total",
                                                       ("groupname", "b"))} ==
          set(KINDS) - {"file_first", "hugetlb"} and
          of(samples, "cow_pages_total", groupname="c", kind="file_first") == 4 and
          of(samples, "cow_pages_total", groupname="c", kind="hugetlb") is None and
          of(samples, "precopied_pages_total", groupname="c") == 0 and
          of(samples, "precopied_pages_total", groupname="b") is None,
          "kind by kind, and pre-copy by itself")
    check(of(samples, "cow_faults_total", groupname="d") is None,
          "a sum that lacks one of the group's processes is left out")
    ring.add(5, b"d", flags=EXITED, cow=9)
    check(of(read_openmetrics(recorded()), "cow_faults_total", groupname="d") == 70,
          "until that one has ended")


def names_are_text():
    names = {b"plain": "plain", b'q"u\\o\nte': 'q"u\\o\nte', "añ日🙂".encode(): "añ日🙂",
             b"\xff\xfe": "\\xff\\xfe", b"cut \xe6\x97": "cut \\xe6\\x97", b"": "\\x00",
             b"\xc0\xaf": "\\xc0\\xaf", b"\xed\xa0\x80": "\\xed\\xa0\\x80",
             b"\xe0\x80\x80": "\\xe0\\x80\\x80", b"\xf4\x90\x80\x80": "\\xf4\\x90\\x80\\x80",
             b"\xf0\x80\x80\x80": "\\xf0\\x80\\x80\\x80", b"\xed\x9f\xbf": "\ud7ff",
             b"\x80" * 16: "\\x80" * 16, b"0123456789abcdef": "0123456789abcdef",
             b"tab\t\x01": "tab\t\x01", b"{},=\"": "{},=\""}
    ring = RingFile(RING)
    for number, name in enumerate(names):
        ring.add(number + 1, name, minor=number + 1)
    samples = read_openmetrics(recorded())
    for number, (name, text) in enumerate(names.items()):
        if not check(of(samples, MINOR, groupname=text) == number + 1,
                     f"the name {name!r} is a label of valid text"):
            print("#", [key for key in samples if "minor" in key[0]])
    with Server(RING) as server:
        page = server.ask()[2]
        check(len(page) > 1000 and promtool_says(page) == "",
              "promtool has nothing to say of a page with all these")


def names_are_bounded():
    ring = RingFile(RING)
    for number in range(1, 1501):
        ring.add(number, b"name%d" % number, minor=1)
    ring.add(7, b"name7", minor=2)
    ring.add(1400, b"name1400", minor=5)
    samples = read_openmetrics(recorded())
    groups = {key[1][1] for key in samples if key[0] == "faultline_minor_faults_total"}
    others = "(all other names)"
    check(len(groups) == 1001 and others in groups, "1500 names become 1000 and one for the rest")
    check(of(samples, MINOR, groupname="name7") == 2 and
          of(samples, MINOR, groupname=others) == 504 and
          of(samples, "processes", groupname=others) == 500,
          "which together have all that was counted")
    check(of(samples, "folded_processes_total") == 500, "and it is told how many went there")
    with Server(RING, "--groups", "3") as server:
        samples = server.samples()
        check({key[1][1] for key in samples if key[0] == "faultline_processes"} ==
              {"name1", "name2", "name3", others} and
              of(samples, "processes", groupname=others) == 1497, "--groups 3 leaves three")


everything_is_told()
nobody_is_forgotten()
unknown_is_not_zero()
names_are_text()
names_are_bounded()
finish()
