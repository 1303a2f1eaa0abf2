#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The case studies read profiles exactly, refuse what is none, and draw what they say."""

import contextlib
import math
import os
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

CASE_STUDIES = Path(__file__).resolve().parent.parent / "case_studies"

sys.dont_write_bytecode = True
sys.path.insert(0, str(CASE_STUDIES))

import case_study_1
import case_study_2
import profile_dat as profile
import style

HEADER = """\
# faultline profile, format 1
# kernel: Linux 6.12.117+deb12-amd64 x86_64
# cpu: Fast CPU x 8 x 2
# memory_bytes: 1021812736
# recorded: 2026-11-21T02:40:00Z
# hz: 20
# clock: CLOCK_MONOTONIC
# cow: n/a: no place to attach
"""
COLUMNS = ("# columns: time_s pid ppid id seq flags threads minor major cow user_s system_s "
           "rss_bytes swap_bytes\n")
PROCESSES = """\
# process: id=1 pid=223 ppid=99 comm=work
# process: id=2 pid=124 ppid=99 comm=a\\x20b=c
"""
# Process 2 starts a second after process 1 and ends a second before it.
ROWS = """\
12.000000000 223 99 1 1 1 1 0 0 0 0.0 0.0 4096 0
13.000000000 223 99 1 2 0 1 100 1 7 0.5 0.5 8192 0
13.000000000 124 99 2 3 1 1 0 0 n/a 0.0 0.0 4096 n/a
14.500000000 124 99 2 4 0 2 30 20 n/a 0.5 0.0 n/a 0
15.000000000 124 99 2 5 2 0 40 20 n/a 0.75 0.25 0 0
16.000000000 223 99 1 6 4 1 150 5 9 1.0 1.0 8192 0
"""
LOST = "# lost: 0 records in total\n"
GOOD = HEADER + COLUMNS + PROCESSES + ROWS + LOST


def one_process(id, start, end, minor=10, major=0, cpu=1.0):
    """Return the rows of a process that ran from start to end, in seconds."""
    return (f"{start} 123 99 {id} {2 * id} 1 1 0 0 0 0.0 0.0 4096 0\n"
            f"{end} 123 99 {id} {2 * id + 1} 2 1 {minor} {major} 0 {cpu} 0.0 4096 0\n")


class InTemporaryDirectory(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)

    def write(self, text, name="profile.dat"):
        path = self.directory / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    def read(self, text):
        return profile.read(self.write(text))


class Reading(InTemporaryDirectory):
    def test_every_column_header_and_process_is_read(self):
        read = self.read(GOOD)
        self.assertEqual(read.header["kernel"], "Linux 6.12.117+deb12-amd64 x86_64")
        self.assertEqual(read.header["cow"], "n/a: no place to attach")
        self.assertEqual(read.processes[2], profile.Process(2, 124, 99, "a\\x20b=c"))
        self.assertEqual(read.rows[3].tolist()[:9], (14.5, 124, 99, 2, 4, 0, 2, 30, 20))
        self.assertEqual(read.rows["swap_bytes"].dtype, float)
        self.assertEqual(read.lost, 0)

    def test_nanoseconds_survive(self):
        read = self.read(GOOD.replace("16.000000000", "1000000.000000001"))
        self.assertAlmostEqual(read.rows["time_s"][-1] - 1e6, 1e-9, delta=2e-10)

    def test_not_available_is_nan_and_never_0(self):
        rows = self.read(GOOD).rows
        self.assertEqual(rows["cow"][:2].tolist(), [0, 7])
        self.assertTrue(math.isnan(rows["cow"][2]))
        self.assertTrue(math.isnan(rows["swap_bytes"][2]))
        self.assertTrue(math.isnan(rows["rss_bytes"][3]))

    def test_a_later_description_of_a_process_wins(self):
        read = self.read(GOOD + "# process: id=1 pid=223 ppid=1 comm=after-exec\n" + LOST)
        self.assertEqual(read.processes[1].comm, "after-exec")

    def test_columns_go_by_name_and_further_ones_are_kept(self):
        columns = COLUMNS.replace("time_s pid", "pid time_s").replace("\n", " copies\n")
        read = self.read(HEADER + columns + "123 12.5 99 1 1 1 1 0 0 0 0.0 0.0 4096 0 17\n")
        self.assertEqual((read.rows["pid"][0], read.rows["time_s"][0]), (123, 12.5))
        self.assertEqual(read.rows["copies"][0], 17)

    def test_lost_is_the_total_and_unknown_without_one(self):
        gap = "# lost: 3 records before seq 5\n"
        body = GOOD.removesuffix(LOST)
        self.assertEqual(self.read(body + gap + "# lost: 4 records in total\n").lost, 4)
        self.assertIsNone(self.read(body + gap).lost)
        self.assertIsNone(self.read(body).lost)

    def test_a_last_line_without_newline_is_left_out(self):
        cut = self.read(GOOD.removesuffix(LOST)[:-3])
        self.assertEqual(cut.rows["seq"].tolist(), [1, 2, 3, 4, 5])
        self.assertIsNone(cut.lost)
        # Even where it looks whole: "0" may have been the start of "0.25".
        self.assertIsNone(self.read(GOOD.removesuffix("\n")).lost)
        self.assertEqual(len(self.read(GOOD.removesuffix(LOST).removesuffix("\n")).rows), 5)

    def test_a_profile_without_rows_is_one_but_is_not_drawn(self):
        path = self.write(HEADER + COLUMNS + LOST)
        self.assertEqual(len(profile.read(path).rows), 0)
        with self.assertRaisesRegex(profile.ProfileError, f"^{path}: expected at least one row"):
            profile.read_to_draw(path)


class Refusing(InTemporaryDirectory):
    def assert_refused(self, text, line, expected):
        path = self.write(text)
        with self.assertRaises(profile.ProfileError) as caught:
            profile.read(path)
        self.assertEqual(str(caught.exception), f"{path}:{line}: {expected}")

    def test_what_is_no_profile(self):
        for text in ("", "\n", "time,pid\n1,2\n", "# faultline profile, format 1",
                     b"\x7fELF\xff\x00\n"):
            self.assert_refused(text, 1, "expected '# faultline profile, format 1'")

    def test_a_newer_format(self):
        self.assert_refused(GOOD.replace("format 1", "format 2"), 1,
                            "expected format 1, found format 2")

    def test_a_missing_column(self):
        self.assert_refused(GOOD.replace(" major ", " "), 9, "expected one column major, found 0")

    def test_no_columns(self):
        self.assert_refused(HEADER, 8, "expected a line '# columns: ...'")
        self.assert_refused(HEADER + ROWS, 9, "expected '# columns: ...' before the first row")

    def test_a_wrong_number_of_fields(self):
        self.assert_refused(GOOD.replace(" 4096 n/a", " 4096"), 14,
                            "expected 14 fields, found 13")
        self.assert_refused(HEADER + COLUMNS + "\n" + ROWS, 10, "expected 14 fields, found 0")

    def test_garbage_in_a_row(self):
        for column, garbage in (("99", "-99"), ("99", "1_0"), ("99", "n/a"), ("99", "9" * 19),
                                ("99", "\u0669")):
            self.assert_refused(GOOD.replace(f" {column} 2 3 ", f" {garbage} 2 3 "), 14,
                                f"expected a whole number, found '{garbage}'")
        for garbage in ("nan", "inf", "1e3", "0x1p3", "-1.0", "."):
            self.assert_refused(GOOD.replace("14.500000000", garbage), 15,
                                f"expected a decimal number, found '{garbage}'")

    def test_garbage_in_a_process_or_lost_line(self):
        self.assert_refused(GOOD.replace("id=2 ", ""), 11,
                            "expected '# process: id=N pid=N ppid=N comm=NAME'")
        self.assert_refused(GOOD.replace("0 records in", "some records in"), 18,
                            "expected '# lost: N records in total' or '... before seq M'")

    def test_two_profiles_in_one_file(self):
        self.assert_refused(GOOD + GOOD, 27, "expected one profile in one file, found a second one")

    def test_counters_that_go_back(self):
        path = self.write(GOOD.replace(" 40 20 ", " 40 19 "))
        with self.assertRaisesRegex(profile.ProfileError, f"^{path}: expected major .* seq 5$"):
            profile.read(path)

    def test_a_file_that_is_not_there(self):
        with self.assertRaisesRegex(profile.ProfileError, "^/nonexistent: No such file"):
            profile.read("/nonexistent")


class Measuring(InTemporaryDirectory):
    def test_sums_step_over_a_common_time(self):
        time, minor = profile.total(self.read(GOOD), "minor")
        self.assertEqual(time.tolist(), [0, 1, 2.5, 3, 4])
        self.assertEqual(minor.tolist(), [0, 100, 130, 140, 190])

    def test_a_sum_of_what_was_not_counted_is_nan(self):
        _, cow = profile.total(self.read(GOOD), "cow")
        self.assertEqual(cow[0], 0)
        self.assertTrue(all(math.isnan(value) for value in cow[1:]))

    def test_a_reused_pid_is_another_process(self):
        reused = self.read(HEADER + COLUMNS + one_process(1, 1.0, 2.0, minor=70) +
                           one_process(2, 3.0, 4.0, minor=5))
        self.assertEqual(list(profile.series(reused)), [1, 2])
        self.assertEqual(profile.total(reused, "minor")[1].tolist(), [0, 70, 70, 75])
        self.assertEqual(profile.final(reused, "minor"), 75)

    def test_utilisation_is_of_all_cpus(self):
        read = self.read(GOOD)
        self.assertEqual(profile.completion_time(read), 4)
        self.assertEqual(profile.cpus(read), 2)
        # 2 s and 1 s of CPU time, of 4 s on 2 CPUs
        self.assertEqual(profile.cpu_utilisation(read), 37.5)

    def test_utilisation_is_of_one_cpu_if_their_number_is_unknown(self):
        for cpu in ("n/a", "Fast CPU"):
            read = self.read(GOOD.replace("Fast CPU x 8 x 2", cpu))
            self.assertIsNone(profile.cpus(read))
            self.assertEqual(profile.cpu_utilisation(read), 75)

    def test_one_instant_has_no_utilisation(self):
        read = self.read(HEADER + COLUMNS + ROWS.splitlines()[0] + "\n")
        with self.assertRaisesRegex(profile.ProfileError, "more than one instant"):
            profile.cpu_utilisation(read)

    def test_processes_without_a_last_record_are_unended(self):
        self.assertEqual(profile.unended(self.read(GOOD)), 0)
        self.assertEqual(profile.unended(self.read("".join(GOOD.splitlines(True)[:-2]))), 1)

    def test_runs_of_case_study_2(self):
        self.assertEqual(case_study_2.measure(self.read(GOOD)), case_study_2.Run(2, 37.5, 4, 6.25))


class Captions(InTemporaryDirectory):
    def test_it_names_machine_and_date(self):
        self.assertEqual(profile.caption([self.read(GOOD)]),
                         "kernel Linux 6.12.117+deb12-amd64 x86_64, memory 0.95 GiB; "
                         "recorded 2026-11-21 02:40:00 UTC")

    def test_several_runs_on_one_machine_share_it(self):
        later = self.read(GOOD.replace("02:40", "03:10"))
        between = self.read(GOOD.replace("02:40", "02:50"))
        self.assertEqual(profile.caption([later, self.read(GOOD), between]),
                         "kernel Linux 6.12.117+deb12-amd64 x86_64, memory 0.95 GiB; "
                         "recorded 2026-11-21 02:40:00 UTC to 2026-11-21 03:10:00 UTC")

    def test_it_says_what_is_not_available(self):
        text = GOOD
        for value in ("Linux 6.12.117+deb12-amd64 x86_64", "1021812736", "2026-11-21T02:40:00Z"):
            text = text.replace(value, "n/a")
        self.assertEqual(profile.caption([self.read(text)]),
                         "kernel n/a, memory n/a; recorded n/a")

    def test_it_owns_up_to_emulation(self):
        emulated = self.read(GOOD.replace("Fast CPU", "QEMU TCG CPU version 2.5+"))
        self.assertIn("; software emulation (QEMU TCG): times are not those of hardware",
                      profile.caption([self.read(GOOD), emulated]))

    def test_it_owns_up_to_lost_records(self):
        three = self.read(GOOD.replace("0 records", "3 records"))
        unknown = self.read(GOOD.removesuffix(LOST))
        self.assertNotIn("lost", profile.caption([self.read(GOOD)]))
        self.assertTrue(profile.caption([three, three]).endswith("; 6 records lost"))
        self.assertIn("; lost unknown", profile.caption([three, unknown]))

    def test_case_study_2_owns_up_to_runs_cut_short(self):
        cut = self.read("".join(GOOD.splitlines(True)[:-2]))
        figure = case_study_2.draw([self.read(GOOD), cut])
        self.assertIn("1 of 2 profiles end before their processes",
                      " ".join(figure._supxlabel.get_text().split()))


class Figures(InTemporaryDirectory):
    """What is drawn, asked of matplotlib's own objects."""

    def test_case_study_1_draws_both_kinds_and_their_sum(self):
        curve = case_study_1.read_curve(self.write(GOOD), "two $processes$")
        axes = case_study_1.draw_one(curve).axes[0]
        drawn = {line.get_label(): line.get_ydata().tolist() for line in axes.lines}
        self.assertEqual(drawn, {"minor + major: 215": [0, 101, 151, 161, 215],
                                 "minor: 190": [0, 100, 130, 140, 190],
                                 "major: 25": [0, 1, 21, 21, 25]})

    def test_case_study_1_compares_two(self):
        a = case_study_1.read_curve(self.write(GOOD, "a.dat"), None)
        b = case_study_1.read_curve(self.write(GOOD.replace(" 150 5 ", " 1150 6 "), "b.dat"), None)
        figure = case_study_1.draw_compared(a, b)
        self.assertEqual(figure._suptitle.get_text(), "Accumulated page faults: a (A) and b (B)")
        self.assertEqual([text.get_text() for text in figure.axes[0].get_legend().texts],
                         ["A, minor + major: 215 (minor: 190)", "A, major: 25",
                          "B, minor + major: 1,216 (minor: 1,190)", "B, major: 26"])

    def test_lines_of_one_figure_differ_by_more_than_colour(self):
        curve = case_study_1.read_curve(self.write(GOOD), None)
        for figure in (case_study_1.draw_one(curve), case_study_1.draw_compared(curve, curve)):
            lines = figure.axes[0].lines
            looks = {(line.get_linestyle(), line.get_marker()) for line in lines}
            self.assertEqual(len(looks), len(lines))

    def test_case_study_2_draws_each_run_and_the_means(self):
        one = HEADER + COLUMNS + one_process(1, 1.0, 5.0, cpu=2.0)
        two = one + one_process(2, 1.0, 11.0, major=40, cpu=2.0)
        again = one + one_process(2, 1.0, 21.0, major=40, cpu=2.0)
        figure = case_study_2.draw([self.read(text) for text in (two, one, again)])
        (_, runs), *_ = drawn = [[line.get_xydata().tolist() for line in axes.lines]
                                 for axes in figure.axes]
        self.assertEqual(runs, [[2, 20], [1, 25], [2, 10]])
        self.assertEqual([means for means, _ in drawn],
                         [[[1, 25], [2, 15]], [[1, 4], [2, 15]], [[1, 0], [2, 3]]])
        self.assertEqual(figure.axes[0].get_ylabel(), "CPU utilisation\n(% of 2 CPUs)")

    def test_case_study_2_says_when_utilisation_is_of_one_cpu(self):
        unknown = self.read(GOOD.replace("Fast CPU x 8 x 2", "n/a"))
        self.assertEqual(case_study_2.draw([unknown]).axes[0].get_ylabel(),
                         "CPU utilisation\n(% of one CPU)")

    def test_case_study_2_refuses_unequal_machines(self):
        unknown = self.read(GOOD.replace("Fast CPU x 8 x 2", "n/a"))
        with self.assertRaisesRegex(profile.ProfileError, "expected 2 CPUs as in .*, found n/a$"):
            case_study_2.draw([self.read(GOOD), unknown])

    def test_a_figure_that_cannot_be_saved_leaves_the_old_one(self):
        figure, _ = style.figure("title", "caption")
        path = self.directory / "figure.png"
        path.write_text("old")
        figure.savefig = lambda file, format: (file.write_text("half"), 1 / 0)
        with contextlib.suppress(ZeroDivisionError):
            style.save(figure, path)
        self.assertEqual(path.read_text(), "old")
        self.assertEqual(os.listdir(self.directory), ["figure.png"])


class Scripts(InTemporaryDirectory):
    def run_script(self, *arguments):
        return subprocess.run([CASE_STUDIES / arguments[0], *arguments[1:]], cwd=self.directory,
                              env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
                              capture_output=True, text=True)

    def assert_draws(self, figures, *arguments):
        done = self.run_script(*arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout.splitlines(), figures)
        for figure in figures:
            # Signature, length and name of the first chunk, then width and height.
            head = (self.directory / figure).read_bytes()[:24]
            self.assertEqual(head[:8], b"\x89PNG\r\n\x1a\n")
            width, height = struct.unpack(">II", head[16:])
            self.assertEqual(width, 1600)
            self.assertGreater(height, 900)

    def assert_refuses(self, status, stderr, *arguments):
        before = sorted(os.listdir(self.directory))
        done = self.run_script(*arguments)
        self.assertEqual((done.returncode, done.stdout), (status, ""))
        self.assertRegex(done.stderr, stderr)
        self.assertEqual(sorted(os.listdir(self.directory)), before)

    def test_case_study_1_draws_three_figures_of_two_profiles(self):
        a, b = self.write(GOOD, "a.dat"), self.write(GOOD, "b.dat")
        (self.directory / "out").mkdir()
        self.assert_draws(["out/case_study_1_a.png", "out/case_study_1_b.png",
                           "out/case_study_1_compared.png"],
                          "case_study_1.py", a, b, "-o", "out", "--label-a", "_x", "--label-b",
                          r"$\frac$")

    def test_case_study_1_draws_one_figure_of_any_profile(self):
        for text in (GOOD, GOOD[:-60], HEADER + COLUMNS + ROWS.splitlines()[0] + "\n"):
            self.assert_draws(["case_study_1_a.png"], "case_study_1.py", self.write(text))

    def test_case_study_2_draws_one_figure(self):
        a, b = self.write(GOOD, "a.dat"), self.write(GOOD, "b.dat")
        self.assert_draws(["case_study_2.png"], "case_study_2.py", a)
        self.assert_draws(["case_study_2.png"], "case_study_2.py", a, b, "-o", ".")

    def test_a_bad_command_line_exits_with_2_and_usage(self):
        path = self.write(GOOD)
        for arguments in (["case_study_1.py"], ["case_study_1.py", path, "--frob"],
                          ["case_study_1.py", path, path, path],
                          ["case_study_1.py", path, "--label-b", "x"],
                          ["case_study_2.py"], ["case_study_2.py", "--frob", path]):
            self.assert_refuses(2, "^usage: ", *arguments)

    def test_a_bad_profile_exits_with_1_and_one_line(self):
        good = self.write(GOOD, "good.dat")
        bad = self.write(GOOD.replace("format 1", "format 2"), "bad.dat")
        empty = self.write(HEADER + COLUMNS + LOST, "empty.dat")
        for script in ("case_study_1.py", "case_study_2.py"):
            self.assert_refuses(1, rf"\A{script}: {bad}:1: expected format 1, found format 2\n\Z",
                                script, good, bad)
            self.assert_refuses(1, rf"\A{script}: {empty}: expected at least one row to draw\n\Z",
                                script, empty)
            self.assert_refuses(1, rf"\A{script}: missing: No such file or directory\n\Z",
                                script, "missing")
            self.assert_refuses(1, rf"\A{script}: .*No such file or directory.*\n\Z",
                                script, good, "-o", "missing")


if __name__ == "__main__":
    unittest.main()
