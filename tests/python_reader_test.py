#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""case_studies/ring.py reads a ring as faultline does, and profile_dat.py what that wrote."""

import math
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

import rings
from rings import COW, record

sys.path.insert(0, str(Path(__file__).parent.parent / "case_studies"))
import profile_dat
import ring


class Live(rings.InFolder):

    def live(self, records, **settings):
        rings.write(self.folder / "ring", records, **settings)
        live = ring.live(self.folder / "ring")
        self.addCleanup(lambda: live.header is None or live.close())
        return live

    def publish(self, records, head):
        """Put records into their slots of the ring that is mapped, then tell of them."""
        with open(self.folder / "ring", "r+b") as file:
            capacity = int(np.fromfile(file, "u8", 1, offset=24)[0])
            for one in records:
                seq = int.from_bytes(one[:8], "little")
                file.seek(rings.PAGE + (seq - 1) % capacity * 256)
                file.write(one)
            file.seek(128)
            file.write(head.to_bytes(8, "little"))

    def assert_same(self, rows, profile):
        """Rows of a ring are those of the profile that faultline records of it."""
        self.assertEqual(len(rows), len(profile.rows))
        for name in profile.rows.dtype.names:
            np.testing.assert_allclose(rows[name], profile.rows[name], rtol=1e-14)
            self.assertEqual(rows.dtype[name], profile.rows.dtype[name], name)

    def test_a_ring_is_read_as_faultline_reads_it(self):
        run = rings.small_run(b"a b\xff")
        live = self.live(run)
        rows = live.read()
        self.record_ring(run)
        profile = profile_dat.read(self.folder / "profile.dat")
        self.assert_same(rows, profile)
        self.assertEqual(live.processes, profile.processes)
        self.assertEqual((live.lost, live.over(), int(live.header["hz"])), (0, True, 20))
        self.assertEqual(live.read().shape, (0,))

    def test_what_is_new_is_read_once(self):
        live = self.live([record(seq=i, id=1, minor=i) for i in range(1, 4)], capacity=8)
        self.assertEqual(live.read()["minor"].tolist(), [1, 2, 3])
        self.publish([record(seq=i, id=1, minor=i) for i in range(4, 7)], 6)
        live.wait(0)
        self.assertEqual(live.read()["minor"].tolist(), [4, 5, 6])

    def test_what_was_overwritten_is_lost_as_faultline_has_it(self):
        run = [record(seq=i, id=1, minor=i) for i in range(1, 10)]
        live = self.live(run[5:] + [], capacity=4)
        self.publish(run[5:], 9)
        rows = live.read()
        self.assertEqual((rows["seq"].tolist(), live.lost), ([7, 8, 9], 6))
        done = self.run_faultline("record", "--dump", "--device", "ring", "-o", "profile.dat")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(profile_dat.read(self.folder / "profile.dat").lost, 6)

    def test_what_is_being_written_is_not_read(self):
        run = [record(seq=i, id=1, minor=i) for i in range(1, 6)]
        live = self.live(run)
        with open(self.folder / "ring", "r+b") as file:
            file.seek(rings.PAGE + 2 * 256)
            file.write(bytes(8))
        self.assertEqual((live.read()["seq"].tolist(), live.lost), ([1, 2, 4, 5], 1))

    def test_no_row_is_a_mixture_while_it_is_written(self):
        # A writer that follows the protocol laps the reader over and over.
        self.live([bytes(256)] * 64)
        writer = subprocess.Popen([sys.executable, "-c", """
import mmap, struct, sys
file = open(sys.argv[1], "r+b")
ring = mmap.mmap(file.fileno(), 0)
for seq in range(1, 400000):
    at = 4096 + (seq - 1) % 64 * 256
    struct.pack_into("<Q", ring, at, 0)
    struct.pack_into("<2Q", ring, at + 8, seq, seq)
    struct.pack_into("<25Q", ring, at + 56, *[seq] * 25)
    struct.pack_into("<Q", ring, at, seq)
    struct.pack_into("<Q", ring, 128, seq)
""", self.folder / "ring"])
        self.publish([], 0)
        live = ring.live(self.folder / "ring")
        self.addCleanup(live.close)
        read = lapped = last = 0
        deadline = time.monotonic() + 60
        while last < 399999 and time.monotonic() < deadline:
            before = live.lost
            rows = live.read()
            for name in ("id", "minor", "rss_bytes"):
                self.assertTrue((rows[name] == rows["seq"]).all(), name)
            self.assertTrue((np.diff(rows["seq"]) > 0).all())
            read += len(rows)
            lapped += live.lost > before
            last = int(live._next) - 1
        self.assertEqual(writer.wait(60), 0)
        self.assertEqual(read + live.lost, 399999)
        self.assertGreater(lapped, 0)

    def test_what_is_no_ring_is_refused(self):
        rings.write(self.folder / "ring", [record(seq=1)])
        good = (self.folder / "ring").read_bytes()
        for text, expected in ((b"", "not a Faultline ring"), (bytes(8192), "magic is 00000000"),
                               (good[:4] + b"\2" + good[5:], "ring of version 2"),
                               (good[:12] + b"\x80\0" + good[14:], "contradicts itself"),
                               (good[:-1], "not a Faultline ring")):
            (self.folder / "ring").write_bytes(text)
            with self.assertRaisesRegex(ring.RingError, f"ring: .*{expected}"):
                ring.live(self.folder / "ring")
        with self.assertRaisesRegex(ring.RingError, "none: No such file or directory"):
            ring.live("none")


class Histograms(rings.InFolder):

    def test_histograms_are_arrays(self):
        text = self.record_ring([record(seq=1, id=1, flags=COW, comm=b"x")])
        (self.folder / "p.dat").write_bytes(text.replace(
            b"# lost", b"# histogram: copy 896-928:8,928-960:1\n# histogram: copy 16-17:2\n# lost"))
        profile = profile_dat.read(self.folder / "p.dat")
        np.testing.assert_allclose(profile.histograms["copy"], [
            [896e-9, 928e-9, 8], [928e-9, 960e-9, 1], [16e-9, 17e-9, 2]])
        self.assertEqual(profile_dat.read(self.folder / "profile.dat").histograms, {})
        self.assertTrue(math.isnan(profile.rows["copy_s"][0]))
        (self.folder / "p.dat").write_bytes(text.replace(b"# lost", b"# histogram: copy 8\n# lost"))
        with self.assertRaisesRegex(profile_dat.ProfileError, "p.dat:.*expected '# histogram"):
            profile_dat.read(self.folder / "p.dat")


class Figure(rings.InFolder):

    def test_report_draws_by_matplotlib(self):
        self.record_ring(rings.small_run())
        self.assertEqual(self.report("--png", "out.png", "profile.dat"), b"")
        self.assertEqual((self.folder / "out.png").read_bytes()[:8], b"\x89PNG\r\n\x1a\n")

    def test_what_cannot_be_drawn_is_one_line(self):
        (self.folder / "bad.dat").write_text("hello\n")
        for arguments, expected in (
                (("--png", "out.png", "bad.dat"), "timelines.py: bad.dat:1: expected "),
                (("--png", "out.png", "none"), "timelines.py: none: No such file"),
                (("--png", "missing/out.png", "profile.dat"), "timelines.py: ")):
            self.record_ring(rings.small_run())
            done = self.run_faultline("report", *arguments)
            self.assertEqual((done.returncode, done.stderr.count(b"\n")), (1, 1), done.stderr)
            self.assertTrue(done.stderr.decode().startswith(expected), done.stderr)
        self.assertFalse((self.folder / "out.png").exists())

    def test_without_matplotlib_it_says_what_to_install(self):
        self.record_ring(rings.small_run())
        (self.folder / "matplotlib.py").write_text("raise ImportError('none')\n")
        done = self.run_faultline("report", "--png", "out.png", "profile.dat",
                                  env={"PYTHONPATH": str(self.folder), "PATH": "/usr/bin"})
        self.assertEqual((done.returncode, done.stderr.decode()),
                         (1, "timelines.py: python3-matplotlib is missing: "
                             "sudo apt-get install python3-matplotlib\n"))


if __name__ == "__main__":
    rings.main()
