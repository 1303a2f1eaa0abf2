#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Each format is read by a parser that others wrote, and tells the same as the ring."""

import csv
import io
import json
import math
import random
import subprocess

import numpy as np

import rings
from rings import COPIES, COW, EXITED, FIRST, record

FORMATS = ("dat", "csv", "json", "chrome-trace", "classic")
NANOSECONDS = 1_000_000_000


def no_constants(name):
    raise ValueError(f"{name} is no JSON")


def load_json(text):
    """Return what text says by RFC 8259, which has no NaN and is UTF-8."""
    return json.loads(text.decode("utf-8"), parse_constant=no_constants)


class Formats(rings.InFolder):

    def rows(self, text):
        """Return the rows of a profile.dat as dictionaries of texts."""
        lines = text.decode().splitlines()
        names = next(line for line in lines if line.startswith("# columns: ")).split()[2:]
        return [dict(zip(names, line.split())) for line in lines if not line.startswith("#")]

    def csv_rows(self, text):
        return list(csv.DictReader(io.StringIO(text.decode("utf-8"), newline="")))

    def json_lines(self, text):
        self.assertTrue(text.endswith(b"\n"))
        return [load_json(line) for line in text.splitlines()]

    def json_records(self, text):
        return [line for line in self.json_lines(text) if line["type"] == "record"]

    def test_csv_tells_what_dat_tells(self):
        run = rings.small_run()
        expected = self.rows(self.record_ring(run))
        rows = self.csv_rows(self.record_ring(run, form="csv"))
        self.assertEqual([row.pop("comm") for row in rows][:6],
                         ["worker"] * 4 + ["child", "worker"])
        self.assertEqual([{name: value or "n/a" for name, value in row.items()} for row in rows],
                         expected)
        self.assertEqual(rows[4]["cow"], "")

    def test_csv_is_that_of_the_rfc(self):
        text = self.record_ring(rings.small_run(), form="csv")
        self.assertEqual(text.count(b"\r\n"), text.count(b"\n"))
        self.assertEqual(text.count(b"\n"), 16)
        widths = {len(row) for row in csv.reader(io.StringIO(text.decode()), strict=True)}
        self.assertEqual(widths, {33})

    def test_numpy_reads_csv_and_takes_what_is_not_known_for_nan(self):
        self.record_ring(rings.small_run(), "run.csv", "csv")
        rows = np.genfromtxt(self.folder / "run.csv", delimiter=",", names=True,
                             usecols=range(32))
        self.assertEqual(rows.shape, (15,))
        self.assertEqual(rows["minor"].sum(), 7 * 45 + 11 * 10)
        self.assertTrue(math.isnan(rows["precopied"][0]))

    def test_json_tells_what_dat_tells(self):
        run = rings.small_run()
        expected = self.rows(self.record_ring(run))
        records = self.json_records(self.record_ring(run, form="json"))
        self.assertEqual(len(records), len(expected))
        for found, row in zip(records, expected):
            self.assertEqual((found.pop("type"), found.pop("comm") in ("worker", "child")),
                             ("record", True))
            self.assertEqual(list(found), list(row))
            for name, text in row.items():
                self.assertEqual(found[name], None if text == "n/a" else float(text))

    def test_json_says_what_each_line_is(self):
        lines = self.json_lines(self.record_ring(rings.small_run(), form="json", latency=1,
                                                 copy_cost=44))
        self.assertEqual([line["type"] for line in lines],
                         ["run", "settings", *["record"] * 15, "end"])
        self.assertEqual(lines[1], {"type": "settings", "hz": 20, "cow": "ftrace",
                                    "latency": "copy", "copy_cost_ns": 44,
                                    "fault_cost_ns": None})
        self.assertEqual(lines[0]["units"]["user_s"], "s")
        self.assertEqual(lines[0]["clock"], "CLOCK_MONOTONIC")
        self.assertEqual(lines[-1], {"type": "end", "lost": 0})

    def test_json_tells_of_changes_and_losses_where_they_were(self):
        profile = self.record_ring(rings.small_run()).decode()
        rows = profile.index("# process: id=4")
        changed = (profile[:rows] + "# hz: 100\n# lost: 9 records before seq 5\n" +
                   profile[rows:].replace("# lost: 0", "# lost: 9"))
        (self.folder / "changed.dat").write_text(changed)
        lines = self.json_lines(self.report("-F", "json", "changed.dat"))
        self.assertEqual([line["type"] for line in lines][6:9], ["settings", "lost", "record"])
        self.assertEqual((lines[6]["hz"], lines[7]), (100, {"type": "lost", "records": 9,
                                                            "before_seq": 5}))
        self.assertEqual(lines[-1], {"type": "end", "lost": 9})

    def test_names_of_any_bytes_are_utf8(self):
        generator = random.Random(1)
        names = [bytes([byte]) * 16 for byte in range(1, 256)]
        names += [bytes(generator.choices(range(1, 256), k=16)) for _ in range(300)]
        names += ["żółw,\"<é\n".encode(), "日本語".encode(), b'a\\b"c', "𝄞𝄞𝄞𝄞".encode(), b""]
        # A surrogate, three that could be shorter, one beyond the last, two that are cut short.
        names += [b"\xed\xa0\x80", b"\xc0\x80", b"\xe0\x80\x80", b"\xf0\x80\x80\x80",
                  b"\xf4\x90\x80\x80", b"x\xe2\x82", b"\xf0\x9d\x84x"]
        run = [record(seq=i, time_ns=i, id=i, pid=i, comm=name)
               for i, name in enumerate(names, 1)]
        for form, read in (("json", self.json_records), ("csv", self.csv_rows)):
            found = [row["comm"] for row in read(self.record_ring(run, form=form))]
            self.assertEqual(len(found), len(names))
            for name, text in zip(names, found):
                try:
                    self.assertEqual(text, name.decode("utf-8"))
                except UnicodeDecodeError:
                    self.assertEqual(text.replace("\ufffd", ""), name.decode("utf-8", "ignore"))
                    self.assertIn("\ufffd", text)

    def test_numbers_of_all_sizes_are_whole(self):
        most = (1 << 64) - 1
        numbers = [0, 9, 10, 99, 100, 999, 12345678901, 10**18, 10**19 - 1, 10**19, most]
        run = [record(seq=i, time_ns=1, id=i, flags=COW, minor=number, user_ns=number)
               for i, number in enumerate(numbers, 1)]
        for name, rows in (("dat", self.rows(self.record_ring(run))),
                           ("csv", self.csv_rows(self.record_ring(run, form="csv")))):
            self.assertEqual([int(row["minor"]) for row in rows], numbers, name)
            self.assertEqual([int(row["user_s"].replace(".", "")) for row in rows], numbers)

    def trace(self, records, **settings):
        events = load_json(self.record_ring(records, form="chrome-trace", **settings))
        self.assertIsInstance(events, list)
        for event in events:
            self.assertIn(event["ph"], "MCX")
            for key in ("pid", "tid"):
                self.assertIsInstance(event[key], int)
            self.assertGreaterEqual(event["ts"], 0)
            self.assertIsInstance(event["name"], str)
            self.assertIsInstance(event["args"], dict)
        return events

    def test_trace_has_names_slices_and_counters_of_each_process(self):
        events = self.trace(rings.small_run())
        names = {event["pid"]: event["args"]["name"] for event in events
                 if event["name"] == "process_name" and event["ph"] == "M"}
        self.assertEqual(names, {100: "worker", 101: "child"})
        slices = {event["pid"]: (event["name"], event["ts"], event["dur"], event["args"]["minor"])
                  for event in events if event["ph"] == "X"}
        self.assertEqual(slices, {100: ("worker", 5_000_000, 450_000, 63),
                                  101: ("child", 5_130_001, 220_000, 44)})
        self.assertNotIn("cow", [event for event in events if event["pid"] == 101 and
                                 event["ph"] == "X"][0]["args"])
        for event in events:
            if event["ph"] == "C":
                self.assertTrue(event["args"])
                self.assertTrue(all(value >= 0 for value in event["args"].values()))

    def test_rates_of_a_trace_add_up_and_end(self):
        events = [event for event in self.trace(rings.small_run())
                  if event["name"] == "faults per second" and event["pid"] == 100]
        events.sort(key=lambda event: event["ts"])
        total = sum(event["args"]["minor"] * (after["ts"] - event["ts"]) / 1e6
                    for event, after in zip(events, events[1:]))
        self.assertAlmostEqual(total, 63)
        self.assertEqual(events[-1]["args"], {"minor": 0, "major": 0, "cow": 0})
        self.assertEqual(events[-1]["ts"], 5_450_000)

    def test_trace_of_who_does_not_end_is_whole(self):
        run = [record(seq=i, time_ns=i * NANOSECONDS, id=1, pid=5, comm=b"x", minor=i,
                      flags=FIRST if i == 1 else 0) for i in range(1, 4)]
        slices = [event for event in self.trace(run) if event["ph"] == "X"]
        self.assertEqual([(event["ts"], event["dur"]) for event in slices],
                         [(1_000_000, 2_000_000)])
        self.assertEqual(self.trace([]), [])

    def test_classic_is_four_columns_of_whole_numbers(self):
        self.record_ring(rings.small_run(), "run.classic", "classic")
        rows = np.loadtxt(self.folder / "run.classic", dtype=np.int64)
        self.assertEqual(rows.shape, (10, 4))
        # 250 jiffies a second: 12.5 a tick, of which 1.25 are CPU time
        self.assertEqual(rows[:, 0].tolist(),
                         [(5 * NANOSECONDS + tick * 50_000_000 + 1000 * (4 <= tick <= 7)) //
                          4_000_000 for tick in range(10)])
        self.assertEqual(rows[:, 1].tolist(), [0, 7, 7, 7, 18, 18, 18, 18, 7, 7])
        self.assertEqual(rows[:, 2].sum(), 2)
        self.assertEqual(rows[:, 3].sum(), 45 // 4)
        self.assertIn(b"250 a second", (self.folder / "run.classic").read_bytes())

    def test_numpy_reads_dat(self):
        self.record_ring(rings.small_run(), "run.dat")
        rows = np.loadtxt(self.folder / "run.dat", usecols=range(9))
        self.assertEqual((rows.shape, rows[:, 7].max()), ((15, 9), 63))
        rows = np.genfromtxt(self.folder / "run.dat", missing_values="n/a",
                             filling_values=np.nan)
        self.assertEqual(rows.shape, (15, 32))

    def test_gnuplot_draws_dat_and_classic(self):
        self.record_ring(rings.small_run(), "run.dat")
        self.record_ring(rings.small_run(), "run.classic", "classic")
        for name, columns in (("run.dat", "1:8"), ("run.classic", "1:2")):
            done = subprocess.run(["gnuplot", "-e", "set terminal dumb; "
                                   f"plot '{name}' using {columns} with lines"],
                                  cwd=self.folder, capture_output=True, timeout=60)
            self.assertEqual((done.returncode, done.stderr), (0, b""))
            self.assertIn(name.encode(), done.stdout)
            self.assertGreater(done.stdout.count(b"*"), 20)

    def test_a_recording_converts_to_what_the_ring_gives(self):
        run = rings.small_run(b"a \xff\n\"b")
        settings = {"latency": 2, "copy_cost": 44, "fault_cost": 302, "hz": 20}
        written = {form: self.record_ring(run, f"run.{form}", form, **settings)
                   for form in FORMATS}
        for form in FORMATS:
            converted = self.report("-F", form, "run.dat")
            if form in ("dat", "json"):
                recorded = b"recorded"
                written[form], converted = (
                    [line for line in text.split(b"\n") if recorded not in line]
                    for text in (written[form], converted))
            self.assertEqual(converted, written[form], form)

    def test_wrong_command_lines_are_refused(self):
        for arguments, expected in (
                (("-F", "xml", "a.dat"), b"format: expected one of dat, csv, json, "),
                ((), b"expected faultline report [OPTION...] <profile.dat>; see "),
                (("a.dat", "b.dat"), b"expected faultline report [OPTION...] <profile.dat>; ")):
            done = self.run_faultline("report", *arguments)
            self.assertEqual((done.returncode, done.stdout, done.stderr.count(b"\n")), (2, b"", 1))
            self.assertTrue(done.stderr.startswith(b"faultline report: " + expected), done.stderr)

    def test_copies_are_timed_only_where_the_flag_says_so(self):
        run = [record(seq=1, id=1, flags=COW | COPIES | EXITED, copies_timed=3, faults_timed=4)]
        row, = self.json_records(self.record_ring(run, form="json"))
        self.assertEqual((row["copies_timed"], row["faults_timed"], row["cow_file_first"]),
                         (3, None, None))


if __name__ == "__main__":
    rings.main()
