# SPDX-License-Identifier: GPL-2.0
"""Rings as files, laid out as module/uapi/faultline.h tells, for tests without a module."""

import mmap
import os
import struct
import subprocess
import tempfile
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
FAULTLINE = TOP / "build" / "programs" / "faultline"

FIRST, EXITED, UNREGISTERED, COW, FILE_FIRST, HUGETLB, COPIES, FAULTS, PRECOPY = (
    1 << bit for bit in range(9))

MAGIC = 0x544c4146
PAGE = 4096
# Offsets in the header.
HEAD, TICKS, TICKS_MISSED, REGISTERED = 128, 144, 152, 160
_HEADER = struct.Struct("<6IQ2I64s3Q4Q2I")
_RECORD = struct.Struct("<3Q2i2I16s25Q")
_FIELDS = (
    "seq", "time_ns", "id", "pid", "ppid", "threads", "flags", "comm", "minor", "major", "cow",
    "user_ns", "system_ns", "rss_bytes", "swap_bytes", "parent_id", "anon", "zero", "file",
    "file_first", "ksm", "hugetlb", "remote", "copies_timed", "copies_missed", "copy_ns",
    "faults_timed", "faults_missed", "fault_ns", "precopied", "used", "wasted", "refused")


def record(**fields):
    """Return the 256 bytes of a record; fields that are not given are 0."""
    unknown = set(fields) - set(_FIELDS)
    assert not unknown, unknown
    packed = _RECORD.pack(*(fields.get(name, b"" if name == "comm" else 0) for name in _FIELDS))
    assert len(packed) == 256
    return packed


def header(records, hz=20, latency=0, cow=b"ftrace", copy_cost=0, fault_cost=0, run=1,
           capacity=None, registered=0):
    """Return the page above so many records."""
    return _HEADER.pack(MAGIC, 1, _HEADER.size, 256, PAGE, 1, capacity or max(records, 1), hz,
                        latency, cow, copy_cost, fault_cost, 0, records, run, records, 0,
                        registered, 0).ljust(PAGE, b"\0")


def write(path, records, **settings):
    """Write a ring of these records, which are as many as it holds, or its first ones."""
    with open(path, "wb") as file:
        file.write(header(len(records), **settings))
        file.writelines(records)
        file.truncate(PAGE + 256 * (settings.get("capacity") or max(len(records), 1)))


class Growing:
    """A ring in a file that readers take for the module's: it grows as they read."""

    def __init__(self, path, capacity, **settings):
        self.path, self.capacity, self.head = str(path), capacity, 0
        write(path, [], capacity=capacity, **settings)
        with open(path, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), 0)

    def set(self, offset, number):
        """Change a number of the header: HEAD, TICKS, ..."""
        self.memory[offset:offset + 8] = number.to_bytes(8, "little")

    def put(self, **fields):
        """Write the next record, which HEAD will show; its number comes last."""
        at = PAGE + self.head % self.capacity * 256
        self.head += 1
        self.memory[at:at + 256] = record(**fields)
        self.memory[at:at + 8] = self.head.to_bytes(8, "little")


def small_run(comm=b"worker"):
    """Return the records of a run of two processes, the second forked by the first.

    Ten ticks of 50 ms, at which the first has 7 minor faults, 1 COW and 5 ms of CPU time
    more each; the second is born in the fourth and exits in the eighth.
    """
    records, seq = [], 0
    for tick in range(10):
        time = 5_000_000_000 + tick * 50_000_000
        seq += 1
        records.append(record(
            seq=seq, time_ns=time, id=3, pid=100, ppid=1, threads=2, comm=comm,
            flags=COW | COPIES | (FIRST if tick == 0 else 0) | (EXITED if tick == 9 else 0),
            minor=7 * tick, major=tick // 4, cow=tick, user_ns=3_000_000 * tick,
            system_ns=2_000_000 * tick, rss_bytes=4096 * (10 + tick), anon=tick,
            copies_timed=tick, copy_ns=900 * tick))
        if 3 <= tick <= 7:
            seq += 1
            records.append(record(
                seq=seq, time_ns=time + 1000 - 20_000_000 * (tick == 3), id=4, pid=101,
                ppid=100, parent_id=3, threads=1, comm=b"child",
                flags=(FIRST if tick == 3 else 0) | (EXITED if tick == 7 else 0),
                minor=11 * (tick - 3), rss_bytes=4096))
    return records


class InFolder(unittest.TestCase):
    """Runs faultline in a folder of its own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def run_faultline(self, *arguments, **options):
        """Return how faultline ended, with what it wrote, as bytes."""
        return subprocess.run([FAULTLINE, *arguments], cwd=self.folder, capture_output=True,
                              timeout=60, **options)

    def record_ring(self, records, name="profile.dat", form="dat", **settings):
        """Return the bytes that faultline records of a ring of these records."""
        write(self.folder / "ring", records, **settings)
        done = self.run_faultline("record", "--dump", "--all", "--device", "ring", "-F", form,
                                  "-o", name)
        self.assertEqual(done.returncode, 0, done.stderr)
        return (self.folder / name).read_bytes()

    def report(self, *arguments, **options):
        """Return what faultline report wrote, which must succeed in silence."""
        done = self.run_faultline("report", *arguments, **options)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        return done.stdout

    def refuses(self, expected, *arguments, **options):
        """faultline report ends with one line that starts like this, and status 1."""
        done = self.run_faultline("report", *arguments, **options)
        said = done.stderr.decode()
        self.assertEqual(done.returncode, 1, said)
        self.assertTrue(said.startswith("faultline report: " + expected), said)
        self.assertEqual((said.count("\n"), said[-1]), (1, "\n"), said)
        return done


def main():
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    unittest.main()
