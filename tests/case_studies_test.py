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
import case_study_3
import case_study_4
import case_study_5
import case_study_6
import case_study_7
import profile_dat as profile
import results
import style
import what_if

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
# What monitors of today write is more; the studies read that of yesterday, too.
LATER = ("parent_id", "cow_anon", "cow_zero", "cow_file", "cow_file_first", "cow_ksm",
         "cow_hugetlb", "cow_remote", "copies_timed", "copies_missed", "copy_s", "faults_timed",
         "faults_missed", "fault_s", "precopied", "precopy_used", "precopy_wasted",
         "precopy_refused")
LATER_HEADER = HEADER + "# latency: off\n# latency_cost_ns: copy=n/a fault=n/a\n"
LATER_COLUMNS = COLUMNS.replace("\n", f" {' '.join(LATER)}\n")
LATER_ROWS = """\
12.000000000 223 99 1 1 9 1 0 0 0 0.0 0.0 4096 0 0 0 0 0 n/a 0 n/a 0 n/a n/a n/a n/a n/a n/a \
n/a n/a n/a n/a
# latency: fault
# latency_cost_ns: copy=38 fault=n/a
13.000000000 223 99 1 2 248 1 9 1 28 0.5 0.5 8192 0 0 1 2 3 4 5 6 7 8 9 0.000000010 11 12 13.25 \
14 15 16 17
# latency: n/a
# latency_cost_ns: copy=40 fault=912
13.500000000 224 223 2 3 0 1 0 0 n/a 0.5 0.5 8192 0 1 n/a n/a n/a n/a n/a n/a n/a 0 0 0.0 0 0 0.0 \
0 0 0 0
"""
LATER_GOOD = LATER_HEADER + LATER_COLUMNS + PROCESSES + LATER_ROWS + LOST
GOOD = HEADER + COLUMNS + PROCESSES + ROWS + LOST


def one_process(id, start, end, minor=10, major=0, cpu=1.0):
    """Return the rows of a process that ran from start to end, in seconds."""
    return (f"{start} 123 99 {id} {2 * id} 1 1 0 0 0 0.0 0.0 4096 0\n"
            f"{end} 123 99 {id} {2 * id + 1} 2 1 {minor} {major} 0 {cpu} 0.0 4096 0\n")


RESULTS = """\
# faultline results, format 1
# study: 3
# kernel: Linux 6.12.117+deb12-amd64 x86_64
# cpu: Fast CPU x 2
# memory_bytes: 1021812736
# recorded: 2026-11-21T02:40:00Z
# pages: 1024
process     must  counted from_fork minor_faults  scenario
child        512      512       515          512  child writes every other, then parent all
parent       512      510       514         1024  child writes every other, then parent all
child          0        0         2            0  child reads all
parent         0        0         7            0  child reads all
"""
TIMES_HEADER = """\
# faultline results, format 1
# study: 4
# kernel: Linux 6.12.117+deb12-amd64 x86_64
# cpu: Fast CPU x 1
# memory_bytes: 1021812736
# recorded: 2026-11-21T02:40:00Z
# latency_cost_ns: copy=5 fault=30
# time: instructions
pages backing order children must counted elapsed_ns measure count missed sum_ns max_ns p50_ns \
p90_ns p95_ns p99_ns p999_ns from-to:count,...
"""
NO_TIMES = "n/a " * 9 + "n/a\n"
# Four pages: 100, 100, 110 and 300 for the copies, twice as much and once 5000 for faults.
COPY_TIMES = "4 0 610 300 102 300 300 300 300 96-108:2,108-120:1,256-512:1\n"
MORE_TIMES = "4 0 710 400 102 384 384 384 384 96-108:2,108-120:1,256-512:1\n"
FAULT_TIMES = "4 1 5620 5000 204 5000 5000 5000 5000 192-216:2,216-217:1,4096-inf:1\n"


def child_times(elapsed=8000, children=1, copy=COPY_TIMES, fault=FAULT_TIMES, what="4k random"):
    """Return the two lines of one child of case study 4."""
    return "".join(f"4 {what} {children} 4 4 {elapsed} {measure} {times}"
                   for measure, times in (("copy", copy), ("fault", fault)))


TIMES = TIMES_HEADER + child_times(7000, copy=NO_TIMES, fault=NO_TIMES) + child_times()


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

    def test_kinds_times_and_precopies_are_read(self):
        rows = self.read(LATER_GOOD).rows
        self.assertEqual([rows[name][1] for name in LATER],
                         [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10e-9, 11, 12, 13.25, 14, 15, 16, 17])
        self.assertEqual([math.isnan(rows[name][0]) for name in LATER],
                         [name in ("cow_file_first", "cow_hugetlb") or index > 7
                          for index, name in enumerate(LATER)])
        self.assertEqual([math.isnan(rows[name][2]) for name in LATER],
                         [name.startswith("cow_") for name in LATER])
        self.assertEqual(rows["parent_id"].tolist(), [0, 0, 1])

    def test_what_an_earlier_monitor_did_not_write_is_nan(self):
        for text in (GOOD, HEADER + COLUMNS + LOST):
            read = self.read(text)
            for name in LATER:
                self.assertEqual(len(read.rows[name]), len(read.rows))
                self.assertTrue(all(math.isnan(value) for value in read.rows[name]))
            self.assertEqual(read.latency, ())
            self.assertTrue(all(math.isnan(cost) for cost in read.latency_cost_s.values()))

    def test_some_later_columns_may_be_there_without_others(self):
        columns = COLUMNS.replace("pid ppid", "cow_ksm pid ppid")
        rows = self.read(HEADER + columns + ROWS.replace(" 99 ", " 99 99 ")).rows
        self.assertEqual((rows["cow_ksm"][0], rows["pid"][0]), (223, 99))
        self.assertTrue(math.isnan(rows["cow_anon"][0]))

    def test_latency_and_its_costs_are_read(self):
        read = self.read(LATER_GOOD)
        self.assertEqual(read.latency, ("off", "fault", "n/a"))
        self.assertEqual(read.latency_cost_s, {"copy": 40e-9, "fault": 912e-9})
        self.assertNotIn("latency", read.header)
        before = self.read(LATER_GOOD.replace("copy=40 fault=912", "copy=40 fault=n/a"))
        self.assertEqual(before.latency_cost_s["copy"], 40e-9)
        self.assertTrue(math.isnan(before.latency_cost_s["fault"]))

    def test_the_committed_profiles_are_read(self):
        paths = sorted((CASE_STUDIES.parent / "plots").glob("*.dat"))
        self.assertGreater(len(paths), 0)
        for path in paths:
            self.assertGreater(len(profile.read_to_draw(str(path)).rows), 0)

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

    def test_a_column_twice(self):
        for name in ("minor", "cow_anon", "parent_id"):
            self.assert_refused(LATER_GOOD.replace(f" {name} ", f" {name} {name} "), 11,
                                f"expected one column {name}, found 2")

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

    def test_garbage_in_a_latency_cost_line(self):
        for garbage in ("copy=-1 fault=n/a", "copy=38", "fault=1 copy=1", "n/a",
                        "copy=nan fault=1"):
            self.assert_refused(LATER_GOOD.replace("copy=n/a fault=n/a", garbage), 10,
                                "expected '# latency_cost_ns: copy=N|n/a fault=N|n/a'")

    def test_two_profiles_in_one_file(self):
        self.assert_refused(GOOD + GOOD, 27, "expected one profile in one file, found a second one")

    def test_counters_that_go_back(self):
        path = self.write(GOOD.replace(" 40 20 ", " 40 19 "))
        with self.assertRaisesRegex(profile.ProfileError, f"^{path}: expected major .* seq 5$"):
            profile.read(path)

    def test_later_counters_that_go_back(self):
        for name in LATER[1:]:
            row = " ".join("5" if column == name else "n/a" for column in LATER)
            rows = [line.replace("\n", f" {row}\n")
                    for line in one_process(1, 1.0, 2.0).splitlines(True)]
            self.assertEqual(self.read(LATER_HEADER + LATER_COLUMNS + "".join(rows)).lost, None)
            path = self.write(LATER_HEADER + LATER_COLUMNS + rows[0] + rows[1].replace("5", "4"))
            with self.assertRaisesRegex(profile.ProfileError, f"expected {name} of .* seq 3$"):
                profile.read(path)

    def test_a_file_that_is_not_there(self):
        with self.assertRaisesRegex(profile.ProfileError, "^/nonexistent: No such file"):
            profile.read("/nonexistent")


class Results(InTemporaryDirectory):
    """The files of case studies 3 and 4."""

    def assert_refused(self, script, text, expected):
        path = self.write(text)
        with self.assertRaises(results.ResultsError) as caught:
            script.read(path)
        self.assertEqual(str(caught.exception), path + expected)

    def test_rows_and_header_are_read(self):
        read, scenarios = case_study_3.read(self.write(RESULTS))
        self.assertEqual(read.header["kernel"], "Linux 6.12.117+deb12-amd64 x86_64")
        self.assertEqual(scenarios[0].name, "child writes every other, then parent all")
        self.assertEqual(scenarios[0].parent["minor_faults"], 1024)
        self.assertEqual(len(scenarios), 2)

    def test_what_is_copied_and_saved(self):
        _, (both, none) = case_study_3.read(self.write(RESULTS))
        self.assertEqual((both.copied, both.saved, both.as_expected), (1022, 2, False))
        self.assertEqual((none.copied, none.saved, none.as_expected), (0, 1024, True))

    def test_what_is_no_result_is_refused(self):
        expected = "expected '# faultline results, format 1'"
        for text in ("", GOOD, RESULTS.replace("format 1", "format 2"), RESULTS[:20]):
            self.assert_refused(case_study_3, text, f":1: {expected}")
        self.assert_refused(case_study_4, RESULTS,
                            ":8: expected '# study: 4' above, found 3")
        self.assert_refused(case_study_3, RESULTS.replace("# study: 3\n", ""),
                            ":7: expected '# study: 3' above, found none")
        self.assert_refused(case_study_3, "".join(RESULTS.splitlines(True)[:8]),
                            ":8: expected at least one row")

    def test_a_missing_column_or_field_is_refused(self):
        self.assert_refused(case_study_3, RESULTS.replace(" must", " most"),
                            ":8: expected one column must, found 0")
        self.assert_refused(case_study_3, RESULTS.replace("512  child", "child"),
                            ":9: expected a whole number, found 'child'")
        self.assert_refused(case_study_3, RESULTS.replace("0  child reads all", ""),
                            ":11: expected 6 fields, found 4")

    def test_a_last_line_without_newline_is_left_out(self):
        self.assert_refused(case_study_3, RESULTS[:-1], ": expected a row of a parent at the end")

    def test_what_was_not_counted_is_refused(self):
        self.assert_refused(case_study_3, RESULTS.replace("512       515", "n/a       n/a"),
                            ":9: expected what was counted, found n/a: the module could not")
        self.assert_refused(case_study_4, TIMES.replace(" 4 4 7000 copy", " 4 n/a 7000 copy"),
                            ":10: expected what was counted, found n/a: the module could not")

    def test_pages_must_be_told(self):
        for value in ("0", "-1", "some"):
            self.assert_refused(case_study_3, RESULTS.replace("pages: 1024", f"pages: {value}"),
                                f": # pages: expected a whole number, found '{value}'")

    def test_child_and_parent_take_turns(self):
        for old, new in (("parent       512", "child        512"),
                         ("child        512", "parent       512")):
            self.assert_refused(case_study_3, RESULTS.replace(old, new),
                                ": expected a row of a child and one of its parent, in turn, found "
                                "otherwise at 'child writes every other, then parent all'")
        with self.assertRaisesRegex(results.ResultsError, "in turn"):
            case_study_3.read(self.write(RESULTS.replace("7            0  child reads",
                                                         "7            0  parent reads")))

    def test_the_table_says_what_is_not_equal(self):
        table = case_study_3.table(*case_study_3.read(self.write(RESULTS)))
        both, none = (line for line in table.splitlines() if line.startswith("child "))
        self.assertEqual(both.split()[7:], "512 512 3 512 510 4 0.0 MiB 0% NOT EQUAL".split())
        self.assertEqual(none.split()[3:], "0 0 2 0 0 7 4.0 MiB 100%".split())
        self.assertIn("equal in 1 of 2 scenarios", table)

    def test_times_are_read_and_those_with_nothing_timed(self):
        read, (run,) = case_study_4.read(self.write(TIMES))
        self.assertEqual((run.elapsed, run.untimed, run.children), (8000, 7000, 1))
        self.assertEqual(run.copy.buckets, ((96, 108, 2), (108, 120, 1), (256, 512, 1)))
        self.assertEqual((run.fault.count, run.fault.missed, run.fault.longest), (4, 1, 5000))
        self.assertIsNone(run.fault.buckets[-1][1])
        self.assertEqual(case_study_4.empty_cost(read), {"copy": 5, "fault": 30})
        self.assertEqual(case_study_4.unit(read), "instructions")

    def test_a_cost_that_is_not_known_is_none(self):
        read, _ = case_study_4.read(self.write(TIMES.replace("copy=5", "copy=n/a")))
        self.assertEqual(case_study_4.empty_cost(read), {"copy": None, "fault": 30})

    def test_the_parts_of_a_fault_add_up(self):
        _, (run,) = case_study_4.read(self.write(TIMES))
        self.assertEqual(run.parts, (152.5, 1405 - 152.5, 2000 - 1405))

    def test_percentiles_are_of_the_nearest_rank(self):
        buckets = tuple((n, n + 1, 1) for n in range(1000))
        histogram = case_study_4.Histogram(1000, 0, 499500, 999, buckets)
        for permille in (1, 500, 900, 999, 1000):
            self.assertEqual(histogram.percentile(permille), permille - 1)
        self.assertEqual(case_study_4.Histogram(1, 0, 130, 130, ((128, 136, 1),)).percentile(500),
                         130)
        self.assertEqual(case_study_4.Histogram(1, 0, 135, 135, ((128, 136, 1),)).percentile(500),
                         132)
        self.assertEqual(case_study_4.Histogram(1, 0, 777, 777, ((512, None, 1),)).percentile(500),
                         777)

    def test_shares_that_take_longer(self):
        _, (run,) = case_study_4.read(self.write(TIMES))
        self.assertEqual(run.copy.longer(), ([102, 114, 384], [1, 0.5, 0.25]))
        self.assertEqual(run.fault.longer()[0][-1], 5000)

    def test_children_are_added_up(self):
        two = child_times(children=2) + child_times(10000, 2, MORE_TIMES)
        _, runs = case_study_4.read(self.write(TIMES + two))
        both = runs[1]
        self.assertEqual((both.children, both.elapsed, both.untimed), (2, 9000, None))
        self.assertEqual((both.copy.count, both.copy.sum, both.copy.longest), (8, 1320, 400))
        self.assertEqual(both.copy.buckets, ((96, 108, 4), (108, 120, 2), (256, 512, 2)))
        self.assertEqual(both.fault.missed, 2)
        self.assertEqual(both.copy.percentile(900), 384)

    def test_times_that_contradict_themselves_are_refused(self):
        for old, new, expected in (
                ("108-120:1", "108-120:2", "expected 4 times in the buckets, found 5"),
                ("610 300 102", "610 300 103", "expected p50_ns 102 as of the buckets, found 103"),
                ("4 4 8000 copy 4 ", "4 4 8000 copy 0 ", "expected times, found 0 measurements"),
                ("copy 4 0 610 300", "copy 4 0 n/a 300", "expected times, found 4 measurements"),
                ("4 4 8000 fault", "4 3 8000 fault", "expected 4 pages copied, found 3")):
            self.assertIn(old, TIMES)
            self.assert_refused(case_study_4, TIMES.replace(old, new), f": {expected}")

    def test_garbage_in_times_is_refused(self):
        for old, new, expected in (
                ("96-108:2", "96-108", "expected from-to:count,... or n/a, found '96-108'"),
                ("96-108:2", "96-:2", "expected from-to:count,... or n/a, found '96-:2'"),
                ("8000 copy", "-8 copy", "expected a whole number, found '-8'"),
                ("4k random 1 4 4 8000 copy", "2m random 1 4 4 8000 copy",
                 "expected 4k or thp, found '2m'"),
                ("8000 copy", "8000 both", "expected copy or fault, found 'both'")):
            self.assert_refused(case_study_4, TIMES.replace(old, new), f":12: {expected}")

    def test_a_child_whose_times_lack_is_refused(self):
        lacking = ": expected times of copies and faults of each child, once"
        for more in (child_times(), child_times(children=2), child_times(fault=NO_TIMES,
                                                                         what="thp random")):
            self.assert_refused(case_study_4, TIMES + more, lacking)
        self.assert_refused(case_study_4, TIMES_HEADER + child_times(children=2) * 2,
                            ": expected times of a child alone, found none")
        self.assert_refused(case_study_4, TIMES_HEADER + child_times(copy=NO_TIMES, fault=NO_TIMES),
                            ": expected times of a child alone, found none")

    def test_the_tables_hold_what_was_measured(self):
        table = case_study_4.table(*case_study_4.read(self.write(TIMES)))
        rows = [line.split() for line in table.splitlines() if line.startswith("4 KB pages")]
        self.assertEqual(rows[0][-8:],
                         ["1", "4", "152", "7.6%", "1,252", "595", "2,000", "1,750"])
        self.assertEqual(rows[1][8:14], ["204", "5,000", "5,000", "5,000", "5,000", "5,000"])
        self.assertEqual(rows[1][14:], ["(1", "not", "measured)"])
        self.assertEqual(rows[2][8:], ["102", "300", "300", "300", "300", "300"])
        self.assertIn("An empty measurement reads 5 of a copy and 30 of a fault", table)
        self.assertIn("2.19 us", table)

    def test_the_committed_results_are_read(self):
        plots = CASE_STUDIES.parent / "plots"
        _, scenarios = case_study_3.read(str(plots / "case_study_3.results"))
        self.assertTrue(all(scenario.as_expected for scenario in scenarios))
        _, runs = case_study_4.read(str(plots / "case_study_4.results"))
        self.assertEqual({(run.backing, run.order, run.pages) for run in runs
                          if run.children == 1},
                         {(backing, order, pages) for backing in ("4k", "thp")
                          for order in ("sequential", "random") for pages in (4096, 16384)})
        self.assertEqual({run.children for run in runs}, {1, 2, 4, 8})
        for number, script in ((3, case_study_3), (4, case_study_4)):
            read = script.read(str(plots / f"case_study_{number}.results"))
            self.assertEqual((plots / f"case_study_{number}.txt").read_text(),
                             script.table(*read))


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

    def test_case_study_3_draws_expected_and_counted(self):
        figure = case_study_3.draw(*case_study_3.read(self.write(RESULTS)))
        left, right = figure.axes
        self.assertEqual([text.get_text() for text in left.get_yticklabels()],
                         ["child writes every other, then parent all", "child reads all"])
        child, parent = left.containers
        self.assertEqual([bar.get_width() for bar in child], [512, 0])
        self.assertEqual([bar.get_width() for bar in parent], [510, 0])
        self.assertEqual([line.get_xdata().tolist() for line in left.lines], [[512, 0], [512, 0]])
        self.assertEqual([bar.get_width() for bar in right.containers[0]], [2 / 256, 4])
        self.assertEqual([text.get_text() for text in right.texts], [" 0%", " 100%"])
        self.assertIn("expected in 1 of 2 scenarios",
                      " ".join(figure._suptitle.get_text().split()))

    def test_case_study_4_stacks_the_parts(self):
        figure = case_study_4.draw_parts(*case_study_4.read(self.write(TIMES)))
        axes, = figure.axes
        widths = [bars[0].get_width() for bars in axes.containers]
        self.assertEqual(widths, [152.5, 1252.5, 595, 30, 5])
        self.assertEqual([bars[0].get_x() for bars in axes.containers], [0, 152.5, 1405, 0, 0])
        self.assertEqual([list(line) for line in axes.lines[0].get_xydata()], [[1750, 0]])
        self.assertEqual(axes.get_xlabel(), "mean for each page: instructions")

    def test_case_study_4_draws_shares_and_children(self):
        text = TIMES + child_times(children=2) * 2 + child_times(what="thp random")
        read = case_study_4.read(self.write(text))
        axes, = case_study_4.draw_distribution(*read).axes
        self.assertEqual(len([line for line in axes.lines if len(line.get_xdata()) > 2]), 2)
        self.assertEqual(axes.lines[0].get_xdata().tolist(), [204, 204, 216, 5000])
        self.assertEqual(axes.lines[0].get_ydata().tolist(), [1, 1, 0.5, 0.25])
        figure = case_study_4.draw_children(*read)
        median = figure.axes[0].lines[0]
        self.assertEqual((list(median.get_xdata()), list(median.get_ydata())), ([1, 2], [204, 204]))
        self.assertIsNone(case_study_4.draw_children(*case_study_4.read(self.write(TIMES))))

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

    def test_case_studies_3_and_4_draw_figures_and_write_a_table(self):
        for script, text, figures in (
                ("case_study_3", RESULTS, ["case_study_3.png"]),
                ("case_study_4", TIMES + child_times(children=2) * 2,
                 [f"case_study_4_{name}.png" for name in ("parts", "distribution", "children")])):
            done = self.run_script(f"{script}.py", self.write(text, script), "-o", ".")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertEqual((self.directory / f"{script}.txt").read_text(), done.stdout)
            for figure in figures:
                head = (self.directory / figure).read_bytes()[:24]
                self.assertEqual(struct.unpack(">I", head[16:20]), (1600,))

    def test_case_studies_3_and_4_refuse_in_one_line(self):
        bad = self.write(GOOD, "bad")
        for number, text in ((3, RESULTS), (4, TIMES)):
            script = f"case_study_{number}.py"
            good = self.write(text, "good")
            self.assert_refuses(1, rf"\A{script}: {bad}:1: expected '# faultline results.*\n\Z",
                                script, bad)
            self.assert_refuses(1, rf"\A{script}: missing: No such file or directory\n\Z",
                                script, "missing")
            self.assert_refuses(1, rf"\A{script}: .*No such file or directory.*\n\Z",
                                script, good, "-o", "missing")
            self.assert_refuses(2, "^usage: ", script)
            self.assert_refuses(2, "^usage: ", script, good, good)

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


def redis_row(time, id, seq, flags, cow_anon, cow_zero=0):
    """Return a row of a server (id 1) or of its child (id 2)."""
    pid, ppid, parent = ((223, 99, 0), (224, 223, 1))[id - 1]
    return (f"{time} {pid} {ppid} {id} {seq} {flags} 1 500 0 {cow_anon + cow_zero} 0.0 0.0 4096 0 "
            f"{parent} {cow_anon} {cow_zero} 0 0 0 0 0 0 0 0.0 0 0 0.0 0 0 0 0\n")


class CaseStudy5(InTemporaryDirectory):
    """A fork at 12.1 s, between two samples; Redis measures at 13.5 s; the child goes at 14 s."""

    PROFILE = (LATER_HEADER + LATER_COLUMNS + redis_row(11.0, 1, 1, 9, 7) +
               redis_row(12.0, 1, 2, 8, 10) + redis_row(12.1, 2, 3, 9, 0) +
               redis_row(13.0, 1, 4, 8, 100) + redis_row(13.0, 2, 5, 8, 5, 1) +
               redis_row(14.0, 1, 6, 8, 200) + redis_row(14.0, 2, 7, 10, 6, 1) +
               redis_row(16.0, 1, 8, 12, 260) + LOST)
    LATENCY = """\
# SETs of 2000 bytes to 60000 random keys, due 2 times a second
# realtime_minus_monotonic_s: 1000.000000
# columns: due_s latency_s
11.000000 0.000100
12.000000 0.200000
13.000000 0.000300
14.000000 0.000400
"""
    # 150 pages; more of them than the module's 10 + 90 + 50 - 10 and 7
    REDIS = """\
keys 60000
value_bytes 2000
requests_per_s 500
save_delay_us 250
huge_kb 0
free_before_kb 2000
free_after_kb 1000
collapsed 3
dump_bytes 3120098
redis_version 7.0.15
used_memory 129294304
used_memory_rss 144572416
latest_fork_usec 8144
rdb_last_cow_size 614400
measured_s 1013.500000000
logged_mb 1013.500000000 7
given_back 12.000000 400
given_back 13.000000 16
given_back 13.600000 800
frozen 100 7 432 0
frozen 200 9 800 12
"""

    def write_run(self, thp="off", profile_text=PROFILE, latency=LATENCY, redis=REDIS):
        self.write(profile_text, f"profile_thp_{thp}.dat")
        self.write(latency, f"latency_thp_{thp}.dat")
        self.write(redis, f"redis_thp_{thp}.dat")

    def read_run(self, **texts):
        self.write_run(**texts)
        return case_study_5.read_save(self.directory, "off")

    def assert_refused(self, expected, **texts):
        with self.assertRaisesRegex(profile.ProfileError, expected):
            self.read_run(**texts)

    def test_both_figures_are_of_the_moment_when_redis_measured(self):
        # 150 copies so far, half-way from 100 to 200, less the 10 from before the fork.
        account = case_study_5.account(self.read_run())
        self.assertEqual((account.server, account.child, account.redis, account.more),
                         (140, 7, 150, 3))

    def test_copies_begin_with_the_fork_and_not_with_the_sample_before(self):
        save = self.read_run()
        copied = case_study_5.copied(save.server, [11.0, 12.0, 12.1, 12.55, 13.0], save.birth)
        self.assertEqual(copied.round(6).tolist(), [-3, 0, 0, 45, 90])

    def test_what_was_given_back_counts_from_the_fork_until_redis_measured(self):
        self.assertEqual(self.read_run().given_back, 4)

    def test_standing_still_the_two_are_compared_in_pages(self):
        account = case_study_5.account(self.read_run())
        self.assertEqual((account.frozen, account.frozen_given_back), ((1, -9), (0, 3)))

    def test_times_are_since_the_fork(self):
        save = self.read_run()
        self.assertAlmostEqual(save.end, 1.9)
        self.assertAlmostEqual(save.measured, 1.4)
        self.assertAlmostEqual(save.logged[0, 0], 1.4)
        self.assertEqual(save.logged[0, 1], 7)

    def test_a_request_that_waits_for_the_fork_is_not_from_before_it(self):
        before, during, after = case_study_5.latencies(self.read_run())[:, 2].round(6).tolist()
        self.assertEqual((before, during, after), (0.1, 200, 0.4))

    def test_rates_are_per_second_of_a_bin(self):
        save = self.read_run()
        self.assertEqual(case_study_5.rates(save.server, [13.0, 13.5, 14.0, 16.0],
                                            save.birth).tolist(), [100, 100, 30])

    def test_the_table_says_what_redis_has_more(self):
        self.write_run("on")
        saves = {"off": self.read_run(), "on": case_study_5.read_save(self.directory, "on")}
        text = case_study_5.table(saves)
        for line in (r"pages copied by the server +140 +140", r"both x 4096, MB +0\.60 +0\.60",
                     r"rdb_last_cow_size, MB +0\.61 +0\.61", r"Redis has more, pages +\+3 +\+3",
                     r"Private_Dirty has more, pages +\+1 -9 +\+1 -9",
                     r"by the server, per second +30 +30", r"than before the save, MB +1\.0 +1\.0",
                     r"from fork to exit +100\.15 198\.00 200\.00 "):
            self.assertRegex(text, line)

    def test_the_figure_shows_module_and_redis_in_one_unit(self):
        self.write_run("on")
        figure = case_study_5.draw({thp: (self.read_run() if thp == "off" else
                                          case_study_5.read_save(self.directory, thp))
                                    for thp in ("off", "on")})
        memory = figure.axes[2].lines
        drawn = {line.get_label(): line.get_xydata()[-1].round(6).tolist() for line in memory}
        # (250 + 6) pages; and 7 MB, cut off, are 7.5 MiB give or take a half
        self.assertEqual(drawn, {"module: pages x 4096": [3.9, 1.048576],
                                 "Redis's own log": [1.4, 7.86432]})

    def test_it_refuses_what_is_no_save(self):
        other = self.PROFILE.replace(" 4096 0 1 ", " 4096 0 0 ")
        self.assert_refused("profile_thp_off.dat: expected a process and one child",
                            profile_text=other)
        alone = "".join(line for line in self.PROFILE.splitlines(True) if " 224 " not in line)
        self.assert_refused("expected a process and one child", profile_text=alone)
        living = self.PROFILE.replace(" 2 7 10 ", " 2 7 8 ")
        self.assert_refused("expected the child's last record", profile_text=living)
        uncounted = self.PROFILE.replace(" 0 1 5 1 ", " 0 1 n/a n/a ")
        self.assert_refused("expected copies to be counted", profile_text=uncounted)
        for time in ("1012.000000000", "1014.100000000"):
            self.assert_refused("expected Redis to measure while its child lives, found",
                                redis=self.REDIS.replace("measured_s 1013.500000000",
                                                         f"measured_s {time}"))

    def test_it_refuses_bad_requests(self):
        self.assert_refused("latency_thp_off.dat:5: expected 2 numbers, found '12.0 -0.2'",
                            latency=self.LATENCY.replace("12.000000 0.2", "12.0 -0.2")
                            .replace("-0.200000", "-0.2"))
        for latency in ("", self.LATENCY.split("11.0")[0],
                        self.LATENCY.replace("realtime", "surreal")):
            self.assert_refused("latency_thp_off.dat: expected requests, and", latency=latency)

    def test_it_refuses_bad_figures(self):
        for name in ("keys", "rdb_last_cow_size", "measured_s"):
            self.assert_refused(f"redis_thp_off.dat: expected a line '{name} N'",
                                redis=self.REDIS.replace(f"{name} ", "other "))
        for name in ("logged_mb", "frozen"):
            self.assert_refused(f"expected at least one line '{name} ...'",
                                redis=self.REDIS.replace(f"{name} ", "other "))
        self.assert_refused("redis_thp_off.dat:1: expected 1 number, found 'many'",
                            redis=self.REDIS.replace("keys 60000", "keys many"))
        self.assert_refused("redis_thp_off.dat:20: expected 4 numbers, found '100 7 432'",
                            redis=self.REDIS.replace("432 0", "432"))

    def test_it_refuses_to_compare_unequal_runs(self):
        self.write_run("on", redis=self.REDIS.replace("keys 60000", "keys 50000"))
        saves = {"off": self.read_run(), "on": case_study_5.read_save(self.directory, "on")}
        with self.assertRaisesRegex(profile.ProfileError, "_on.dat: expected keys as in .*_off"):
            case_study_5.draw(saves)

    def run_script(self, *arguments):
        return subprocess.run([CASE_STUDIES / "case_study_5.py", *arguments], cwd=self.directory,
                              env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
                              capture_output=True, text=True)

    def test_the_script_writes_figure_and_table(self):
        self.write_run("off")
        self.write_run("on")
        done = self.run_script(".", "-o", ".")
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (0, "case_study_5.png\ncase_study_5.txt\n", ""))
        self.assertEqual((self.directory / "case_study_5.png").read_bytes()[:4], b"\x89PNG")
        self.assertIn("rdb_last_cow_size", (self.directory / "case_study_5.txt").read_text())

    def test_the_script_refuses_in_one_line_and_writes_nothing(self):
        self.write_run("off")
        before = sorted(os.listdir(self.directory))
        done = self.run_script(".")
        self.assertEqual((done.returncode, done.stderr),
                         (1, "case_study_5.py: profile_thp_on.dat: No such file or directory\n"))
        self.assertEqual(self.run_script().returncode, 2)
        self.assertEqual(sorted(os.listdir(self.directory)), before)

    def test_the_committed_runs_are_read(self):
        for thp in ("off", "on"):
            save = case_study_5.read_save(CASE_STUDIES.parent / "plots" / "case_study_5", thp)
            self.assertLess(abs(case_study_5.account(save).more), 0.02 * save.server["cow"][-1])


class CaseStudy6(InTemporaryDirectory):
    """A page that is used saves 30 of 100, one that is wasted costs 60."""

    HEADER = RESULTS.split("# study: 3")[0] + "# study: 6\n# time: instructions\n"
    COLUMNS = ("workload policy runs pages first_ns later_ns minor_faults precopied used wasted\n")
    SERVER = HEADER + "policy save time_s precopied used wasted\n" + "".join(
        f"{policy} 1 20.5 0 0 0\n"
        f"{policy} 1 21.5 100 4 5\n"
        f"{policy} 2 22.5 100 15 5\n"
        f"{policy} 2 23.5 300 160 40\n" for policy in case_study_6.POLICIES)

    @staticmethod
    def row(workload, policy, time=400, faults=304, used=0, wasted=0):
        return (f"{workload} {policy} 2 4 {time // 4} {time - time // 4} {faults} "
                f"{used + wasted} {used} {wasted}\n")

    def rows(self):
        """Return the text of a row for each workload and policy."""
        rows = ""
        for workload in case_study_6.WORKLOADS:
            for policy in case_study_6.POLICIES:
                if policy == "64" and workload == "sequential":
                    rows += self.row(workload, policy, 40000 - 30 * 300, 4, 300)
                elif workload == "sequential":
                    rows += self.row(workload, policy, 40000)
                elif policy == "64" and workload == "single":
                    rows += self.row(workload, policy, 400 + 60 * 128, wasted=150)
                else:
                    rows += self.row(workload, policy)
        return rows

    def read_rows(self, rows=None):
        return case_study_6.read(self.write(self.HEADER + self.COLUMNS + (rows or self.rows())))

    def assert_refused(self, expected, old, new):
        self.assertIn(old, self.rows())
        with self.assertRaisesRegex(results.ResultsError, expected):
            self.read_rows(self.rows().replace(old, new))

    def test_runs_are_read(self):
        _, runs = self.read_rows()
        run = runs["single", "64"]
        self.assertEqual((run.runs, run.pages, run.first, run.later, run.time),
                         (2, 4, 2020, 6060, 8080))
        self.assertEqual((run.faults, run.precopied, run.used, run.wasted), (304, 150, 0, 150))
        self.assertEqual((run.accessed, case_study_6.hits(runs, "single", "64")), (0, 0))
        self.assertEqual(case_study_6.hits(runs, "sequential", "64"), 1)

    def test_a_share_of_too_few_pages_is_not_known(self):
        def shares(used, wasted):
            row = self.row("random", "1", faults=254, used=used, wasted=wasted)
            _, runs = self.read_rows(self.rows().replace(self.row("random", "1"), row))
            return runs["random", "1"].accessed, case_study_6.hits(runs, "random", "1")

        self.assertEqual(shares(25, 75), (0.25, 0.5))
        self.assertTrue(all(math.isnan(share) for share in shares(25, 74)))

    def test_changes_are_against_no_precopy(self):
        _, runs = self.read_rows()
        time, faults = (lambda run: run.time), (lambda run: run.faults)
        self.assertAlmostEqual(case_study_6.change(runs, "sequential", "64", time), -0.225)
        self.assertAlmostEqual(case_study_6.change(runs, "sequential", "64", faults), -300 / 304)
        rows = self.rows().replace("populate off 2 4 100 300 304", "populate off 2 4 100 300 0")
        _, runs = self.read_rows(rows)
        self.assertTrue(math.isnan(case_study_6.change(runs, "populate", "64", faults)))

    def test_break_even_is_where_gain_and_loss_cancel_out(self):
        _, runs = self.read_rows()
        gain, loss, share = case_study_6.break_even(runs)
        self.assertEqual((gain, loss), (30, 60))
        self.assertAlmostEqual(share * gain, (1 - share) * loss)

    def test_what_contradicts_itself_is_refused(self):
        row = self.row("random_5", "16")
        self.assert_refused("expected a row of random_5 16", row, "")
        self.assert_refused("expected one row of random_5 16", row, row * 2)
        self.assert_refused("expected runs of random_5 16, found none", row,
                            row.replace(" 2 4 ", " 0 4 ", 1))
        self.assert_refused("expected sequential or reverse or .*, found 'random_6'", row,
                            row.replace("random_5", "random_6"))
        self.assert_refused("expected what was counted, found n/a", row,
                            row.replace(" 0\n", " n/a\n"))

    def test_the_server_is_read_from_the_first_of_each_policy_on(self):
        _, series = case_study_6.read_server(self.write(self.SERVER))
        self.assertEqual(series["auto"][:, 0].tolist(), [0, 1, 2, 3])
        shares = case_study_6.used_so_far(series["auto"])
        self.assertTrue(all(math.isnan(share) for share in shares[:2]))
        self.assertEqual(shares[2:].tolist(), [0.75, 0.8])

    def test_a_server_that_goes_back_or_lacks_is_refused(self):
        for old, new, expected in (("300 160 40", "300 160 4", "that never go back"),
                                   ("auto 2 22.5", "auto 2 21.0", "that never go back"),
                                   ("auto ", "off ", "that never go back"),
                                   ("20.5", "late", "expected seconds, found 'late'")):
            with self.assertRaisesRegex(results.ResultsError, expected):
                case_study_6.read_server(self.write(self.SERVER.replace(old, new)))

    def test_the_figure_has_a_cell_for_each_workload_and_policy(self):
        time, faults, hits = case_study_6.draw(*self.read_rows()).axes
        cells = len(case_study_6.WORKLOADS) * (len(case_study_6.POLICIES) - 1)
        for axes in (time, faults, hits):
            self.assertEqual(len(axes.texts), cells)
        self.assertEqual([text.get_text() for text in time.texts[:5]],
                         ["0%", "0%", "0%", "-22%", "0%"])
        self.assertIn("x20", [text.get_text() for text in time.texts])
        self.assertEqual([text.get_text() for text in hits.texts[:5]],
                         ["n/a", "n/a", "n/a", "100%", "n/a"])

    def test_the_table_says_what_was_measured(self):
        text = case_study_6.table(*self.read_rows())
        self.assertRegex(text, r"all pages, in order +10,000 +40,000 .* -22\.5% ")
        self.assertIn("A page that is used saves 30 (all pages in order, 64), one that is wasted "
                      "costs 60\n(a single page, 64): 67% of hits break even.", text)

    def test_the_script_draws_and_refuses(self):
        rows = self.write(self.HEADER + self.COLUMNS + self.rows(), "rows")
        server = self.write(self.SERVER, "server")

        def run_script(*arguments):
            return subprocess.run([CASE_STUDIES / "case_study_6.py", *arguments],
                                  cwd=self.directory, capture_output=True, text=True,
                                  env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})

        refused = run_script(rows, "missing")
        self.assertEqual((refused.returncode, refused.stdout, refused.stderr),
                         (1, "", "case_study_6.py: missing: No such file or directory\n"))
        self.assertEqual(run_script(rows).returncode, 2)
        self.assertEqual(sorted(os.listdir(self.directory)), ["rows", "server"])
        done = run_script(rows, server, "-o", ".")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual((self.directory / "case_study_6.txt").read_text(), done.stdout)
        for name in ("", "_hits", "_server"):
            head = (self.directory / f"case_study_6{name}.png").read_bytes()[:24]
            self.assertEqual(struct.unpack(">I", head[16:20]), (1600,))

    def test_the_committed_results_are_read(self):
        plots = CASE_STUDIES.parent / "plots"
        read = case_study_6.read(str(plots / "case_study_6.results"))
        case_study_6.read_server(str(plots / "case_study_6_server.results"))
        self.assertEqual((plots / "case_study_6.txt").read_text(), case_study_6.table(*read))


class CaseStudy7(InTemporaryDirectory):
    """What is predicted is 10% more in half of the memory, of programs 20%, and right elsewhere."""

    HEADER = (RESULTS.split("# study: 3")[0] + "# study: 7\n# time: ns of an emulator\n"
              "workload question setting swap policy accesses pages predicted real minor\n")

    @staticmethod
    def rows(workload):
        """Return the text of a row for each setting of a workload."""
        rows = "".join(f"{workload} frames {frames} {swap} {policy} "
                       f"900 200 {predicted} {real} 210\n"
                       for swap, more in (("disk", 300), ("memory", 0))
                       for frames, predicted, real in ((100, 110, 100 + more), (180, 0, more))
                       for policy, predicted in (("mglru", predicted), ("lru", 2 * predicted)))
        if workload in case_study_7.PROGRAMS:
            rows += "".join(f"{workload} program {frames} {swap} {policy} 800 100 {predicted} "
                            f"{real} 110\n"
                            for swap in ("disk", "memory")
                            for frames, predicted, real in ((50, 120, 100), (90, 0, 0))
                            for policy in ("mglru", "lru"))
        rows += "".join(f"{workload} huge {huge} n/a n/a 900 200 {faults} {faults} {faults}\n"
                        for huge, faults in (("off", 200), ("2m", 20)))
        return rows + "".join(f"{workload} precopy {depth} n/a n/a "
                              f"900 200 {faults} {faults} {faults}\n"
                              for depth, faults in ((0, 150), (4, 30)))

    def all_rows(self):
        return "".join(self.rows(workload) for workload in case_study_7.WORKLOADS)

    def read_rows(self, rows=None):
        return case_study_7.read(self.write(self.HEADER + (rows or self.all_rows())))

    def test_rows_are_read_and_chosen(self):
        _, rows = self.read_rows()
        self.assertEqual(len(rows), 12 * len(case_study_7.WORKLOADS) +
                         8 * len(case_study_7.PROGRAMS))
        chosen = case_study_7.select(rows, "perl", "frames")
        self.assertEqual([(row.setting, row.predicted, row.real) for row in chosen],
                         [("100", 110, 100), ("180", 0, 0)])
        self.assertEqual([row.predicted for row in
                          case_study_7.select(rows, "perl", "frames", policy="lru")], [220, 0])
        self.assertEqual([row.real for row in case_study_7.select(rows, "perl", "frames", "disk")],
                         [400, 300])
        self.assertEqual(len(case_study_7.select(rows, "perl")), 8)
        self.assertEqual([(row.setting, row.predicted, row.real) for row in
                          case_study_7.select(rows, "perl", "program")],
                         [("50", 120, 100), ("90", 0, 0)])
        self.assertEqual(case_study_7.select(rows, "zipf", "program"), [])

    def test_the_error_is_of_what_was_real(self):
        _, rows = self.read_rows(self.all_rows().replace("perl huge 2m n/a n/a 900 200 20 20",
                                                         "perl huge 2m n/a n/a 900 200 15 20"))
        wrong = {(row.question, row.setting): row.error for row in
                 case_study_7.select(rows, "perl")}
        self.assertAlmostEqual(wrong["frames", "100"], 10)
        self.assertEqual(wrong["frames", "180"], 0)
        self.assertAlmostEqual(wrong["huge", "2m"], -25)
        self.assertAlmostEqual(case_study_7.errors(rows).max(), 120)

    def test_what_was_predicted_of_nothing_has_no_error(self):
        _, rows = self.read_rows(self.all_rows().replace(
            "perl frames 180 memory mglru 900 200 0 0", "perl frames 180 memory mglru 900 200 7 0"))
        row = case_study_7.select(rows, "perl", "frames")[1]
        self.assertTrue(math.isnan(row.error))
        self.assertEqual(len(case_study_7.errors([row])), 0)
        self.assertIn("n/a", case_study_7.table(*self.read_rows()))

    def test_the_headline_is_the_error(self):
        _, rows = self.read_rows(self.all_rows().replace("perl huge 2m n/a n/a 900 200 20 20",
                                                         "perl huge 2m n/a n/a 900 200 15 20"))
        self.assertEqual(case_study_7.headline(rows),
                         "Predicted against real, median error: 10.0% (worst 20%) major faults "
                         "of the program itself with swap in memory, 10.0% (worst 20%) with swap "
                         "on a disk, 5.0% (worst 10%) of repeated accesses with swap in memory, "
                         "86.2% (worst 100%) on a disk, 0.0% (worst 25%) their minor faults with "
                         "huge pages off and on, 0.0% (worst 0%) their copies after a fork")

    def test_what_contradicts_itself_is_refused(self):
        for old, new, expected in (
                ("xz ", "gzip ", "expected xz or .*, found 'gzip'"),
                ("perl precopy", "perl huge", "expected rows of perl precopy, swap memory"),
                ("900 200 30 30", "900 200 30 n/a", "expected what was counted, found n/a"),
                ("zipf frames 100 disk lru 900 200", "zipf frames 100 disk lru 900 0",
                 "expected pages of zipf, found none"),
                (" lru ", " best ", "expected n/a or mglru or lru, found 'best'"),
                (" disk ", " memory ", "expected rows of xz program, swap disk")):
            self.assertIn(old, self.all_rows())
            with self.assertRaisesRegex(results.ResultsError, expected):
                self.read_rows(self.all_rows().replace(old, new))

    def test_the_figure_has_a_panel_for_each_question_and_workload(self):
        read_results, rows = self.read_rows()
        figure = case_study_7.draw(read_results, rows)
        self.assertEqual(len(figure.axes), 12)
        program, frames = figure.axes[0], figure.axes[3]
        self.assertEqual([text.get_text() for text in program.texts], ["+20%", "0%"])
        self.assertEqual(program.lines[0].get_xdata().tolist(), [50, 90])
        self.assertEqual([text.get_text() for text in frames.texts], ["+10%", "0%"])
        predicted, real, on_disk = frames.lines
        self.assertEqual(on_disk.get_ydata().tolist(), [400, 300])
        self.assertEqual((predicted.get_xdata().tolist(), predicted.get_ydata().tolist(),
                          real.get_ydata().tolist()), ([50, 90], [110, 0], [100, 0]))

    def test_the_script_draws_and_refuses(self):
        self.write(self.HEADER + self.all_rows(), "rows")

        def run_script(*arguments):
            return subprocess.run([CASE_STUDIES / "case_study_7.py", *arguments],
                                  cwd=self.directory, capture_output=True, text=True,
                                  env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})

        refused = run_script("missing")
        self.assertEqual((refused.returncode, refused.stdout, refused.stderr),
                         (1, "", "case_study_7.py: missing: No such file or directory\n"))
        done = run_script("rows", "-o", ".")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual((self.directory / "case_study_7.txt").read_text(), done.stdout)
        head = (self.directory / "case_study_7.png").read_bytes()[:24]
        self.assertEqual(struct.unpack(">I", head[16:20]), (1600,))

    def test_the_committed_results_are_read(self):
        plots = CASE_STUDIES.parent / "plots"
        read = case_study_7.read(str(plots / "case_study_7.results"))
        self.assertEqual((plots / "case_study_7.txt").read_text(), case_study_7.table(*read))


class WhatIf(InTemporaryDirectory):
    """Two policies, with pages of one size or of two."""

    COLUMNS = ("policy,frames,page,sample,trace,accesses,pages,ratio,tlb,table,prefetch,precopy,"
               "nodes,huge\n")

    def rows(self, *rows):
        """Return what is read of policy, frames, page and ratio."""
        text = "".join(f"{policy},{frames},{page},1,accesses,900,200,{ratio},,,,,,\n"
                       for policy, frames, page, ratio in rows)
        return what_if.read_rows(self.write(self.COLUMNS + text))

    def test_a_line_for_each_policy_in_the_order_of_frames(self):
        drawn = what_if.answers(self.rows(("lru", 20, "4k", 0.1), ("opt", 10, "4k", 0.2),
                                          ("lru", 10, "4k", 0.3), ("opt", 20, "4k", "")))
        self.assertEqual(drawn.lines, {"lru": [(10, 0.3), (20, 0.1)], "opt": [(10, 0.2)]})
        self.assertFalse(drawn.in_megabytes)
        axes = what_if.draw(drawn).axes[0]
        self.assertEqual([line.get_label() for line in axes.lines], ["lru", "opt"])
        self.assertEqual(axes.lines[0].get_ydata().tolist(), [0.3, 0.1])
        self.assertEqual(axes.get_xlabel(), "memory (frames)")

    def test_pages_of_two_sizes_are_compared_by_memory(self):
        drawn = what_if.answers(self.rows(("lru", 512, "4k", 0.1), ("lru", 2, "2m", 0.2)))
        self.assertEqual(drawn.lines, {"page 4k": [(2, 0.1)], "page 2m": [(4, 0.2)]})
        self.assertEqual(what_if.draw(drawn).axes[0].get_xlabel(), "memory (MB)")

    def test_what_it_is_of_is_said(self):
        rows = self.rows(("lru", 10, "4k", 0.1))
        self.assertIn("900 accesses to 200 pages",
                      what_if.draw(what_if.answers(rows))._supxlabel.get_text())
        rows[0]["trace"] = "sampled"
        self.assertIn("a sample", what_if.draw(what_if.answers(rows))._supxlabel.get_text())

    def test_what_cannot_be_drawn_is_refused(self):
        for rows, expected in (([("lru", 10, "4k", "")], "n/a"),
                               ([("lru", "x", "4k", 0.1)], "expected numbers"),
                               ([(f"p{i}", 10, "4k", 0.1) for i in range(13)], "12 lines")):
            with self.assertRaisesRegex(what_if.WhatIfError, expected):
                what_if.answers(self.rows(*rows))
        with self.assertRaisesRegex(what_if.WhatIfError, "-F csv"):
            what_if.read_rows(self.write("a,b\n1,2\n"))
        with self.assertRaisesRegex(what_if.WhatIfError, "No such file"):
            what_if.read_rows("/none")


if __name__ == "__main__":
    unittest.main()
