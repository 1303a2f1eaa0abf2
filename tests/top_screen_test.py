#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""faultline top shows what is in the ring, obeys its keys, and leaves a terminal as it was."""

import re
import signal
import subprocess
import sys
import tempfile
import termios
import time
import unittest
from pathlib import Path

sys.dont_write_bytecode = True

from rings import COW, EXITED, FIRST, PRECOPY, UNREGISTERED
from top_screen import PATIENCE_S, PROGRAM, Ring, Terminal

HEAD = 5
COLOR = re.compile(rb"\x1b\[[0-9;]*\b(?:3[0-9]|4[0-9]|9[0-7]|10[0-7])[0-9;]*m")
BLOCKS = "▁▂▃▄▅▆▇█"
ASCII = "_.:-=+*#"


class Top(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)
        self.path = self.directory / "ring"
        self.terminal = None

    def start(self, *arguments, **options):
        self.terminal = Terminal("--device", self.path, *arguments, **options)
        self.addCleanup(self.terminal.close)
        return self.terminal

    def sample(self, **options):
        """Return a ring of 61 s with four processes, the third of which exited lately."""
        ring = Ring(self.path, **options)
        for second in range(62):
            first = FIRST if second == 0 else 0
            ring.put(1000 + second, 1, 4021, b"server", 3, COW | PRECOPY | first, 0, 1000 * second,
                     2 * second, 300 * second, 0.5 * second, 64 << 20, 40 * second, 9 * second,
                     second)
            ring.put(1000 + second, 2, 77, b"child", 1, COW | first, 1, 20000 * second, 0,
                     50 * second, 0.25 * second, 3 << 30, used=9)
            ring.put(1000 + second, 4, 99, b"a\x1b]0;x\x07\x9b1m\\", 2, first, 2,
                     min(second, 31) * 500, 7 * second, 0, second)
            if second < 60:
                ring.put(1000 + second, 3, 4021000, b"sixteen letters!", 1,
                         COW | first | (EXITED if second == 59 else 0), 0, 100 * second)
        ring.registered = 3
        ring.publish()
        return ring

    def rows(self):
        """Return the rows by pid, as words; the command is the last."""
        rows = {}
        for line in self.terminal.text()[HEAD:]:
            words = line.split()
            if words and words[0].isdigit():
                rows[int(words[0])] = words
        return rows

    def order(self):
        return list(self.rows())

    def shows(self, holds):
        """Fail with the screen unless this comes to hold of it."""
        if not self.terminal.wait(lambda lines: holds()):
            self.fail("\n".join(self.terminal.text()))

    def shown(self, **options):
        """Start on the sample; return when it is on the screen."""
        self.sample()
        self.start(**options)
        self.shows(lambda: len(self.rows()) == 4)

    def test_cells_are_the_differences_of_records(self):
        self.shown()
        rows = self.rows()
        self.assertEqual(rows[4021][:10], ["4021", "3", "1000", "2.0", "300", "50.0", "n/a", "90",
                                           "40.0", "64.0M"])
        self.assertEqual(rows[77][:10], ["77", "1", "20.0k", "0", "50.0", "25.0", "n/a", "n/a",
                                         "n/a", "3.0G"])
        self.assertEqual(rows[99][:10], ["99", "2", "0", "7.0", "n/a", "100", "n/a", "n/a",
                                         "n/a", "0"])
        self.assertEqual(rows[4021000][:5], ["4021000", "exit", "100", "0", "0"])
        total = self.terminal.text()[HEAD - 1].split()
        self.assertEqual(total, ["total", "6", "21.0k", "9.0", "n/a", "175", "90", "n/a", "3.1G"])

    def test_head_tells_of_the_machine_and_the_module(self):
        self.shown()
        head = self.terminal.text()[:HEAD - 2]
        kernel = subprocess.run(["uname", "-srm"], capture_output=True, text=True).stdout.strip()
        self.assertTrue(head[0].startswith(f"faultline top: {kernel[:30]}"), head)
        self.assertTrue(head[0].endswith("by minor, every 1 s"), head)
        self.assertEqual(head[1], "20 Hz, latency off, COW: ftrace:ptep_clear_flush")
        self.assertTrue(head[2].startswith("3 registered, 1 ended, 0 records lost"), head)

    def test_what_the_module_lacks_is_named(self):
        Ring(self.path, hz=1000, latency=2, method=b"n/a: no \x1b[2Jplace").publish()
        self.start()
        self.shows(lambda: self.terminal.text()[1] ==
                   "1000 Hz, latency fault, COW: n/a: no \\x1b[2Jplace")

    def test_lost_records_are_counted_and_cost_no_counts(self):
        ring = Ring(self.path, capacity=64)
        for second in range(200):
            ring.put(1000 + second, 1, 5, b"one", minor=second * 30)
        ring.registered = 1
        ring.publish()
        self.start()
        self.shows(lambda: "1 registered, 0 ended, 137 records lost" in self.terminal.text()[2]
                   and 5 in self.rows())
        self.assertEqual(self.rows()[5][2], "30.0")

    def test_letters_arrows_and_r_sort(self):
        self.shown()
        self.assertEqual(self.order(), [77, 4021, 4021000, 99])
        for key, order in (("M", [99, 4021, 77, 4021000]), ("c", [4021, 77, 4021000, 99]),
                           ("u", [99, 4021, 77, 4021000]), ("s", [77, 4021, 4021000, 99]),
                           ("P", [77, 99, 4021, 4021000]), ("n", [99, 77, 4021, 4021000]),
                           ("r", [4021000, 4021, 77, 99]), ("i", [4021, 77, 4021000, 99]),
                           ("r", [4021, 77, 4021000, 99]), ("p", [4021, 77, 4021000, 99]),
                           (">", [77, 4021, 4021000, 99]), ("r", [4021000, 99, 4021, 77]),
                           ("P", [77, 99, 4021, 4021000]),
                           ("<", [99, 77, 4021, 4021000]), ("T", [4021, 99, 77, 4021000]),
                           (">", [77, 4021, 4021000, 99]), ("r", [99, 4021000, 4021, 77])):
            self.terminal.press(key)
            with self.subTest(key=key):
                self.shows(lambda: self.order() == order)

    def test_sort_option_names_the_column(self):
        self.sample()
        self.start("--sort", "cow")
        self.shows(lambda: self.order() == [4021, 77, 4021000, 99])
        self.assertTrue(self.terminal.text()[0].endswith("by cow, every 1 s"))

    def test_tree_puts_children_below_parents(self):
        self.shown(columns=100)
        self.terminal.press("t")
        self.shows(lambda: self.order() == [4021, 77, 99, 4021000])
        names = [line[line.rindex("█" if "█" in line else " ", 0, 84):].strip("█ ")
                 for line in self.terminal.text()[HEAD:HEAD + 3]]
        self.assertTrue(names[0].endswith("server"), names)
        self.assertTrue(names[1].endswith("└─child"), names)
        self.assertIn("  └─a\\x1b]", names[2])
        self.terminal.press("t")
        self.shows(lambda: self.order() == [77, 4021, 4021000, 99])

    def test_odd_names_do_not_reach_the_terminal(self):
        self.shown(columns=160)
        self.shows(lambda: any(line.endswith("a\\x1b]0;x\\x07\\x9b1m\\x5c")
                               for line in self.terminal.text()))
        self.assertTrue(any(line.endswith(" sixteen letters!") for line in self.terminal.text()))
        for odd in (b"\x1b]", b"\x07", b"\x9b1m"):
            self.assertNotIn(odd, self.terminal.raw)

    def test_growing_ring_shows_rates_of_the_records_time(self):
        ring = Ring(self.path)
        ring.put(50, 1, 5, b"one")
        ring.registered = 1
        ring.publish()
        self.start("--interval", 0.1)
        self.shows(lambda: self.order() == [5])
        self.assertEqual(self.rows()[5][2:6], ["n/a"] * 4)
        # A minute of the records' time at once: the reader's clock knows nothing of it.
        ring.put(110, 1, 5, b"one", minor=6000, major=60, cow=90, cpu_s=30)
        ring.put(110, 2, 6, b"two", flags=FIRST | COW)
        ring.publish()
        self.shows(lambda: self.rows().get(5, [""] * 6)[2:6] == ["100", "1.0", "1.5", "50.0"])
        ring.put(112, 1, 5, b"one", minor=6007, major=60, cow=1090, cpu_s=31)
        ring.put(112, 2, 6, b"three", flags=UNREGISTERED | COW, minor=8)
        ring.registered = 1
        ring.publish()
        self.shows(lambda: self.rows().get(5, [""] * 6)[2:6] == ["3.5", "0", "500", "50.0"])
        self.assertEqual(self.rows()[6][1:3], ["off", "4.0"])
        self.assertTrue(any(line.endswith(" three") for line in self.terminal.text()))

    def test_the_ended_stay_ten_seconds(self):
        ring = Ring(self.path)
        ring.put(50, 1, 5, b"one")
        ring.put(50, 2, 6, b"two")
        ring.put(51, 2, 6, b"two", flags=COW | EXITED)
        ring.publish()
        self.start("--interval", 0.1)
        self.shows(lambda: self.order() == [6, 5])
        ring.put(55, 1, 5, b"one", minor=1)
        ring.publish()
        self.shows(lambda: self.rows().get(5, [""] * 3)[2] == "0.2")
        self.assertEqual(self.rows()[6][1], "exit")
        ring.put(61.01, 1, 5, b"one", minor=2)
        ring.publish()
        self.shows(lambda: self.order() == [5])

    def test_nobody_registered_says_how_to(self):
        ring = Ring(self.path)
        self.start("--interval", 0.1)
        self.shows(lambda: any("faultline attach PID" in line for line in self.terminal.text()))
        ring.put(7, 1, 5, b"one")
        ring.registered, ring.settings = 1, (100, 1, b"kprobe")
        ring.publish()
        self.shows(lambda: self.order() == [5])
        self.assertEqual(self.terminal.text()[1], "100 Hz, latency copy, COW: kprobe")
        self.assertTrue(self.terminal.text()[2].startswith("1 registered, "))
        self.assertFalse(any("attach" in line for line in self.terminal.text()))

    def test_pause_reads_nothing_until_it_ends(self):
        ring = self.sample()
        self.start("--interval", 0.1)
        self.shows(lambda: len(self.rows()) == 4)
        self.terminal.press(" ")
        self.shows(lambda: self.terminal.text()[0].endswith("PAUSED"))
        ring.put(1063, 1, 4021, b"server", minor=61000 + 14)
        ring.publish()
        self.terminal.settle(1)
        self.assertEqual(self.rows()[4021][2], "1000")
        self.terminal.press("M")
        self.shows(lambda: self.order() == [99, 4021, 77, 4021000])
        self.terminal.press(" ")
        self.shows(lambda: self.rows()[4021][2] == "7.0")
        self.assertTrue(self.terminal.text()[0].endswith("every 0.1 s"))

    def test_plus_and_minus_change_the_interval(self):
        self.shown()
        for key, seconds in (("-", "0.5"), ("-", "0.2"), ("-", "0.1"), ("-", "0.1"), ("+", "0.2"),
                             ("++++", "5"), ("+++++", "60"), ("-", "30")):
            self.terminal.press(key)
            with self.subTest(key=key):
                self.shows(lambda: self.terminal.text()[0].endswith(f" {seconds} s"))

    def test_arrows_and_pages_scroll(self):
        ring = Ring(self.path)
        for id in range(1, 101):
            ring.put(50, id, id)
        ring.publish()
        self.start("--sort", "pid")
        rows = 24 - HEAD
        for keys, first in (("", 1), ("\x1bOB", 2), ("\x1b[6~", 2 + rows), ("\x1bOA", 1 + rows),
                            ("\x1b[5~", 1), ("\x1b[5~", 1), ("\x1bOF", 101 - rows),
                            ("\x1bOB", 101 - rows), ("\x1bOH", 1)):
            self.terminal.press(keys)
            with self.subTest(keys=keys):
                self.shows(lambda: self.order() == list(range(first, first + rows)))
            self.assertIn(f"rows {first}-{first + rows - 1} of 100", self.terminal.text()[2])

    def test_help_names_the_keys(self):
        self.shown()
        for key in "h?":
            self.terminal.press(key)
            self.shows(lambda: self.terminal.text()[22].startswith("sort: < > P PID T THR"))
            self.assertTrue(self.terminal.text()[22].endswith("n COMMAND"))
            self.assertTrue(self.terminal.text()[23].endswith("q quit"))
            self.terminal.press(key)
            self.shows(lambda: not self.terminal.text()[23])

    def test_windows_change_their_size(self):
        self.shown()
        for columns, lines, titles in (
                (100, 40, "PID THR MIN/s MAJ/s COW/s CPU% P99 HIT% PRE/s RSS MIN 60 s COMMAND"),
                (60, 20, "PID THR MIN/s MAJ/s COW/s CPU% P99 RSS COMMAND"),
                (40, 9, "PID THR MIN/s MAJ/s COW/s COMMAND"),
                (200, 9, "PID THR MIN/s MAJ/s COW/s CPU% P99 HIT% PRE/s RSS MIN 60 s COMMAND")):
            self.terminal.resize(columns, lines)
            with self.subTest(columns=columns):
                self.shows(lambda: self.terminal.text()[HEAD - 2].split() == titles.split() and
                           len(self.rows()) == 4)
                self.assertEqual(self.rows()[77][2], "20.0k")
                self.assertTrue(self.terminal.text()[0].endswith("by minor, every 1 s"))
        for columns, lines in ((39, 24), (80, 8), (3, 2)):
            self.terminal.resize(columns, lines)
            with self.subTest(columns=columns):
                self.shows(lambda: self.terminal.text()[0] == "too small: 40x9 wanted"[:columns] and
                           not any(self.terminal.text()[1:]))
        self.terminal.resize(80, 24)
        self.shows(lambda: len(self.rows()) == 4)

    def test_sparkline_in_utf8_and_in_ascii(self):
        for locale, levels in (("C.UTF-8", BLOCKS), ("C", ASCII)):
            with self.subTest(locale=locale):
                # xterm repeats characters by a sequence of its own, which pyte has not.
                self.shown(LC_ALL=locale, columns=160, term="linux")
                words = {pid: row for pid, row in self.rows().items()}
                self.assertEqual(words[77][10], levels[7] * 60)
                # Half a minute of faults, then none.
                line = next(line for line in self.terminal.text() if line.startswith("     99"))
                self.assertIn(levels[7] * 30 + levels[0] * 30, line)
                if locale == "C":
                    self.assertFalse(any(byte > 126 for byte in self.terminal.raw))

    def test_no_color_without_color(self):
        for options, colored in (({}, True), ({"NO_COLOR": "1"}, False), ({"term": "vt100"}, False),
                                 ({"NO_COLOR": ""}, True)):
            with self.subTest(**options):
                self.shown(**options)
                self.assertEqual(self.order(), [77, 4021, 4021000, 99])
                self.assertEqual(self.terminal.end("q")[0], 0)
                self.assertEqual(bool(COLOR.search(self.terminal.raw)), colored)

    def left_as_it_was(self):
        """The alternate screen is left, the cursor shows, and lines are edited and echoed."""
        raw = self.terminal.raw
        self.assertGreater(raw.rfind(b"\x1b[?1049l"), raw.rfind(b"\x1b[?1049h"))
        self.assertGreater(raw.rfind(b"\x1b[?25h"), raw.rfind(b"\x1b[?25l"))
        self.assertGreaterEqual(raw.rfind(b"\x1b[?25l"), 0)
        self.assertEqual(termios.tcgetattr(self.terminal.slave), self.terminal.modes)

    def test_q_and_signals_leave_the_terminal_as_it_was(self):
        for how, status in (("q", 0), ("\x03", 0), (signal.SIGTERM, 0), (signal.SIGINT, 0),
                            (signal.SIGSEGV, -signal.SIGSEGV), (signal.SIGBUS, -signal.SIGBUS),
                            (signal.SIGHUP, -signal.SIGHUP)):
            with self.subTest(how=how):
                self.shown()
                self.assertEqual(self.terminal.end(how), (status, ""))
                self.left_as_it_was()

    def test_stops_at_once_between_two_looks_far_apart(self):
        self.sample()
        self.start("--interval", 60)
        self.shows(lambda: len(self.rows()) == 4)
        began = time.monotonic()
        self.assertEqual(self.terminal.end(signal.SIGTERM), (0, ""))
        self.assertLess(time.monotonic() - began, PATIENCE_S)

    def test_a_ring_that_is_cut_off_does_not_mess_up_the_terminal(self):
        self.sample()
        self.start("--interval", 0.1)
        self.shows(lambda: len(self.rows()) == 4)
        with open(self.path, "r+b") as file:
            file.truncate(0)
        self.assertEqual(self.terminal.end()[0], -signal.SIGBUS)
        self.left_as_it_was()

    def test_a_terminal_that_goes_away_ends_it(self):
        self.sample()
        self.start(controls=False)
        self.shows(lambda: len(self.rows()) == 4)
        self.terminal.hang_up()
        self.assertEqual(self.terminal.end(),
                         (1, "faultline top: cannot go on: Input/output error\n"))

    def refuses(self, why, *arguments, status=1, program=PROGRAM, **options):
        done = subprocess.run([program, "top", *map(str, arguments)], capture_output=True,
                              text=True, timeout=PATIENCE_S, check=False, **options)
        self.assertEqual((done.returncode, done.stdout), (status, ""))
        self.assertEqual(done.stderr.count("\n"), 1)
        self.assertTrue(done.stderr.startswith("faultline top: "), done.stderr)
        self.assertIn(why, done.stderr)

    def test_a_program_without_it_says_so_in_one_line(self):
        self.refuses("built without it", program=PROGRAM.parents[1] / "programs" / "faultline")

    def test_no_terminal_is_refused_in_one_line(self):
        self.sample()
        self.refuses("it needs a terminal", "--device", self.path, stdin=subprocess.DEVNULL)

    def test_terminals_that_cannot_are_refused_in_one_line(self):
        self.sample()
        for term, why in (("dumb", "cannot move its cursor"), ("nonesuch", "is not known"),
                          ("", "is not known")):
            with self.subTest(term=term):
                status, said = self.start(term=term).end()
                self.assertEqual(status, 1)
                self.assertEqual(said.count("\n"), 1)
                self.assertTrue(said.startswith("faultline top: ") and why in said, said)
                self.assertEqual(self.terminal.raw, b"")

    def test_bad_options_are_refused_in_one_line(self):
        for seconds in ("0", "0.09", "61", "x", "", "-1", "nan"):
            self.refuses(f"--interval: expected a number from 0.1 to 60, not '{seconds}'",
                         f"--interval={seconds}", status=2)
        self.refuses("--sort: expected one of pid, threads, minor, major, cow, cpu, p99, hits, "
                     "precopied, rss, command, not 'size'", "--sort", "size", status=2)
        self.refuses("expected faultline top [OPTION...]", "4021", status=2)
        self.refuses("No such file or directory", "--device", self.directory / "none")


if __name__ == "__main__":
    unittest.main()
