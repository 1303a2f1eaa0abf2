#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What is read back is what was written; what is damaged is said in one line, with its place."""

import os
import resource
import signal
from pathlib import Path

import rings
from rings import COW, EXITED, record

PLOTS = rings.TOP / "plots"
OLDER = sorted(PLOTS.glob("profile*.dat")) + sorted(PLOTS.glob("case_study_5/profile*.dat"))

SMALL = [
    record(seq=1, time_ns=5_000_000_009, id=3, pid=100, ppid=1, comm=b"a b", flags=COW,
           minor=4, cow=2, anon=2),
    record(seq=2, time_ns=5_050_000_000, id=3, pid=100, ppid=1, comm=b"a b",
           flags=COW | EXITED, minor=1234, cow=2, anon=2),
]


def rows_of(text):
    return [line for line in text.splitlines() if not line.startswith(b"#")]


class Recordings(rings.InFolder):

    def setUp(self):
        super().setUp()
        self.whole = self.record_ring(SMALL, "whole.dat", latency=1, copy_cost=44)

    def put(self, text, name="p.dat"):
        (self.folder / name).write_bytes(text)
        return text

    def change(self, old, new, count=1):
        self.assertIn(old, self.whole)
        return self.put(self.whole.replace(old, new, count))

    def line_of(self, text, part):
        return text[:text.index(part)].count(b"\n") + 1

    def test_what_is_read_back_is_what_was_written(self):
        self.assertEqual(self.report("-F", "dat", "whole.dat"), self.whole)
        self.assertEqual(self.report("-F", "dat", "-", input=self.whole),
                         self.whole)

    def test_whatever_was_cut_off_is_noticed_wherever(self):
        head = self.whole.index(b"# process")
        for cut in range(len(self.whole)):
            text = self.put(self.whole[:cut])
            line = text.count(b"\n") + (not text.endswith(b"\n"))
            self.refuses(f"p.dat:{max(line, 1) if cut else 0}: ", "-F", "csv", "p.dat")
            done = self.run_faultline("report", "--salvage", "-F", "dat", "p.dat")
            kept = text[:text.rfind(b"\n") + 1]
            self.assertEqual(done.returncode, 0 if len(kept) >= head else 1, (cut, done.stderr))
            self.assertEqual(done.stderr.count(b"\n"), 1)
            self.assertEqual(rows_of(done.stdout), rows_of(kept), cut)

    def test_no_byte_that_is_another_is_a_crash_or_two_lines(self):
        for place in range(len(self.whole)):
            for other in (b"\0", b"\n", b"x", b" ", b"9", b"\xff", b"%"):
                self.put(self.whole[:place] + other + self.whole[place + 1:])
                done = self.run_faultline("report", "-F", "json", "p.dat")
                self.assertEqual((done.returncode, done.stderr.count(b"\n")),
                                 (1, 1) if done.stderr else (0, 0), (place, other, done.stderr))

    def refuses_change(self, old, new, expected, place=None):
        text = self.change(old, new)
        line = self.line_of(text, place or new)
        self.refuses(f"p.dat:{line}: {expected}\n", "-F", "csv", "p.dat")

    def test_what_is_no_row_is_refused(self):
        self.refuses_change(b" 1234 0 ", b" 1234 ", "expected 32 columns, found 31")
        self.refuses_change(b" 1234 0 ", b" 1234 0 0 ", "expected 32 columns, found 33")
        for number in (b"-1", b"+1", b"1.5", b"1e3", b"0x1", b"x", b"18446744073709551616",
                       b"99999999999999999999999", b"nan"):
            self.refuses_change(b" 1234 ", b" " + number + b" ",
                                f"expected a number, found '{number.decode()}'", b" 100 1 3 2 ")
        for number in (b"5.0500000000", b"5.x", b"5.", b".5", b"18446744073.709551616",
                       b"18446744074.0", b"5..1"):
            self.refuses_change(b"5.050000000", number,
                                f"expected a number, found '{number.decode()}'", b" 100 1 3 2 ")
        self.refuses_change(b" 100 1 3 2 ", b" 2147483648 1 3 2 ",
                            "expected a number, found '2147483648'")
        self.refuses_change(b" 100 1 3 2 ", b" 100  1 3 2 ", "expected 32 columns, found 33")
        self.refuses_change(b"\n5.05", b"\n\n5.05", "expected 32 columns, found 1", b"\n5.05")

    def test_flags_and_what_is_not_known_tell_the_same(self):
        self.refuses_change(b" 3 2 10 ", b" 3 2 2 ", "expected cow n/a with flags 2")
        self.refuses_change(b" 1234 0 2 ", b" 1234 0 n/a ",
                            "expected cow to be a number with flags 10")
        self.refuses_change(b" 1234 0 2 ", b" n/a 0 2 ",
                            "expected minor to be a number with flags 10")

    def test_records_never_go_back(self):
        for seq in (b"1", b"0"):
            self.refuses_change(b" 3 2 10 ", b" 3 " + seq + b" 10 ",
                                f"expected a seq above 1, found {seq.decode()}")

    def test_settings_that_are_none_are_refused(self):
        for old, new, expected in (
                (b"# hz: 20", b"# hz: fast", "expected '# hz: N'"),
                (b"copy=44", b"copy=", "expected '# latency_cost_ns: copy=N|n/a fault=N|n/a'"),
                (b"# process: id=3", b"# process: 3",
                 "expected '# process: id=N pid=N ppid=N comm=NAME'"),
                (b"comm=a\\x20b", b"comm=a b",
                 "expected '# process: id=N pid=N ppid=N comm=NAME'"),
                (b"comm=a\\x20b", b"comm=a\\20b",
                 "expected '# process: id=N pid=N ppid=N comm=NAME'"),
                (b"# lost: 0 records", b"# lost: some records",
                 "expected '# lost: N records in total' or '... before seq N'"),
                (b"# lost: 0", b"# histogram: copy 15-16\n# lost: 0",
                 "expected '# histogram: copy|fault FROM-TO:COUNT,...'")):
            self.refuses_change(old, new, expected)

    def test_columns_must_be_there_and_once(self):
        for name in ("time_s", "pid", "id", "seq", "flags"):
            self.refuses_change(f" {name} ".encode(), b" other ", f"expected a column {name}",
                                b"# columns")
        self.refuses_change(b" minor ", b" major ", "expected one column major, found two",
                            b"# columns")
        self.refuses_change(b"# columns", b"# colours",
                            "expected a line '# columns: ...' before the first row", b"5.000000")

    def test_one_file_is_one_profile(self):
        self.put(self.whole + self.whole)
        line = self.whole.count(b"\n") + self.line_of(self.whole, b"# columns")
        self.refuses(f"p.dat:{line}: expected one profile in one file, found a second one\n",
                     "-F", "csv", "p.dat")
        row = rows_of(self.whole)[1].replace(b" 3 2 ", b" 3 3 ")
        self.put(self.whole + row + b"\n")
        self.refuses(f"p.dat:{self.whole.count(bytes([10])) + 1}: expected nothing behind the end",
                     "-F", "csv", "p.dat")

    def test_what_is_no_profile_is_refused_salvaged_or_not(self):
        expected = "expected '# faultline profile, format 1', found '"
        for salvage in ((), ("--salvage",)):
            for text in (b"hello\n", b"\n", b"# faultline profile\n", b"\x7fELF\0\0\n",
                         b"# faultline profile, format one\n", b"# faultline profile, format \n"):
                self.put(text)
                self.refuses(f"p.dat:1: {expected}", *salvage, "p.dat")
            self.put(b"x" * 300000)
            self.refuses("p.dat:1: expected a line, found 262144 bytes without an end\n",
                         *salvage, "p.dat")
            self.put(b"")
            self.refuses("p.dat:0: expected a profile, found nothing\n", *salvage, "p.dat")
            self.change(b"format 1", b"format 2")
            self.refuses("p.dat:1: a profile of format 2, this program reads format 1\n",
                         *salvage, "p.dat")
            self.refuses("missing: No such file or directory\n", *salvage, "missing")
            self.refuses(".:1: Is a directory\n", *salvage, ".")

    def test_lines_and_columns_that_are_not_known_are_left_out(self):
        text = self.whole.replace(b"# hz", b"# weather: fine\n#\n# x\n# hz")
        text = text.replace(b" precopy_refused\n", b" precopy_refused mood\n")
        for row in rows_of(self.whole):
            text = text.replace(row, row + b" good")
        self.put(text)
        self.assertEqual(self.report("-F", "dat", "p.dat"), self.whole)

    def test_older_profiles_are_read_and_lack_what_they_lack(self):
        for path in OLDER:
            text = path.read_bytes()
            names = next(line for line in text.splitlines() if line.startswith(b"# columns"))
            count = len(names.split()) - 2
            read = rows_of(self.report("-F", "dat", path))
            self.assertEqual([row.split()[:count] for row in read],
                             [row.split() for row in rows_of(text)], path)
            self.assertTrue(all(field == b"n/a" for row in read for field in row.split()[count:]))
            self.assertEqual({len(row.split()) for row in read}, {32})

    def test_the_summary_tells_totals(self):
        text = self.report(PLOTS / "profile1.dat").decode()
        self.assertRegex(text, r"run +7\.07 s, 2 processes, 267 records, 0 lost\n")
        self.assertRegex(text, r"\n  work +143 +7\.07 +64151 +0 +1 +1\.86 +26\.3 +262\.2\n")
        self.assertRegex(text, r"\n  total +7\.07 +99219 +0 +2 +2\.82 +39\.9 *\n")
        self.assertIn("Times: not measured: latency=off\n", text)

    def test_the_summary_is_a_tree_with_means_and_percentiles(self):
        run = rings.small_run()
        text = self.record_ring(run, latency=1).replace(
            b"# lost: 0", b"# histogram: copy 896-928:8,928-960:1\n"
            b"# histogram: copy 1024-1088:1\n# lost: 0")
        self.put(text)
        said = self.report("p.dat").decode()
        self.assertRegex(said, r"\n  worker +100 +0\.45 +63 +2 +9 ")
        self.assertRegex(said, r"\n    child +101 +0\.22 +44 +0 +n/a ")
        self.assertRegex(said, r"\n  total +0\.45 +107 +2 +n/a ")
        self.assertRegex(said, r"\n  worker +9 +0 +0\.9 +n/a +n/a +n/a\n")
        self.assertIn("copy: 10 timed while this was recorded; ns: p50 912 p90 944 p99 1056 "
                      "p99.9 1056\n", said)
        self.assertEqual(self.report("-F", "dat", "p.dat").count(b"# histogram: copy"), 1)

    def test_children_stand_behind_their_parents(self):
        tree = {1: 0, 2: 1, 3: 0, 4: 2, 5: 1, 6: 3, 7: 99, 8: 8}
        run = [record(seq=i, id=i, parent_id=tree[i], pid=i, comm=b"p%d" % i, flags=EXITED)
               for i in tree]
        self.record_ring(run)
        lines = self.report("profile.dat").decode().splitlines()
        first = next(i for i, line in enumerate(lines) if line == "Faults") + 2
        found = [(len(line) - len(line.lstrip()), line.split()[0])
                 for line in lines[first:first + 8]]
        self.assertEqual(found, [(2, "p1"), (4, "p2"), (6, "p4"), (4, "p5"), (2, "p3"),
                                 (4, "p6"), (2, "p7"), (2, "p8")])

    def test_what_cannot_be_written_leaves_nothing(self):
        for arguments in (("-F", "json"), ("-F", "dat"), ()):
            self.refuses("/dev/full: No space left on device\n", *arguments, "-o", "/dev/full",
                         "whole.dat")
            self.refuses("missing/file: No such file or directory\n", *arguments,
                         "-o", "missing/file", "whole.dat")
        self.assertTrue(Path("/dev/full").is_char_device())
        self.assertEqual(sorted(os.listdir(self.folder)), ["ring", "whole.dat"])

    def test_a_full_disk_leaves_the_old_file(self):
        def small_disk():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

        self.put(b"old", "out")
        for arguments in (("-F", "json"), ("-F", "chrome-trace"), ()):
            self.refuses("out: File too large\n", *arguments, "-o", "out", "whole.dat",
                         preexec_fn=small_disk)
            self.assertEqual((self.folder / "out").read_bytes(), b"old")
        self.change(b" 1234 ", b" x ")
        self.refuses("p.dat:", "-F", "csv", "-o", "out", "p.dat")
        self.assertEqual((self.folder / "out").read_bytes(), b"old")
        self.assertEqual(sorted(os.listdir(self.folder)), ["out", "p.dat", "ring", "whole.dat"])

    def test_memory_does_not_grow_with_the_recording(self):
        def peak(records):
            self.record_ring([record(seq=i + 1, id=1, time_ns=i * 50_000_000, comm=b"x")
                              for i in range(records)], "long.dat")
            script = ("import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True);"
                      "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
            done = rings.subprocess.run(
                ["/usr/bin/python3", "-c", script, rings.FAULTLINE, "report", "-o",
                 "page.html", "long.dat"], cwd=self.folder, capture_output=True, check=True)
            return int(done.stdout), (self.folder / "page.html").stat().st_size

        few, many = peak(2000), peak(100000)
        self.assertLess(many[0], 1.5 * few[0] + 1000)
        self.assertLess(many[1], 1.5 * few[1])


if __name__ == "__main__":
    rings.main()
