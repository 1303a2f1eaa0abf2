# SPDX-License-Identifier: GPL-2.0
"""A ring in a file, and faultline top that shows it in a terminal that others wrote (pyte)."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from pathlib import Path

import pyte

import rings
from rings import COW, PAGE

PROGRAM = Path(__file__).resolve().parent.parent / "build" / "programs-full" / "faultline"
SECOND = 1000000000
PATIENCE_S = 20


class Ring(rings.Growing):
    """A ring whose records publish() shows."""

    def __init__(self, path, capacity=4096, hz=20, latency=0, method=b"ftrace:ptep_clear_flush"):
        super().__init__(path, capacity)
        self.registered, self.settings = 0, (hz, latency, method)
        self.publish()

    def publish(self):
        """Make what was put visible to readers."""
        self.memory[:PAGE] = rings.header(self.head, *self.settings, capacity=self.capacity,
                                          registered=self.registered)

    def put(self, time_s, id, pid=None, comm=b"work", threads=1, flags=COW, parent=0, minor=0,
            major=0, cow=0, cpu_s=0, rss=0, precopied=0, used=0, wasted=0):
        """Add a record; publish() shows it."""
        super().put(time_ns=round(time_s * SECOND), id=id, pid=pid or 1000 + id, ppid=1,
                    threads=threads, flags=flags, comm=comm, minor=minor, major=major, cow=cow,
                    user_ns=round(cpu_s * SECOND), rss_bytes=rss, parent_id=parent,
                    precopied=precopied, used=used, wasted=wasted)


class Terminal:
    """faultline top in a pseudo-terminal."""

    def __init__(self, *arguments, columns=80, lines=24, term="xterm-256color", controls=True,
                 **environment):
        self.screen = pyte.Screen(columns, lines)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.master, self.slave = pty.openpty()
        self.set_size(columns, lines)
        self.modes = termios.tcgetattr(self.slave)
        self.process = subprocess.Popen(
            [PROGRAM, "top", *map(str, arguments)], stdin=self.slave, stdout=self.slave,
            stderr=subprocess.PIPE, start_new_session=True,
            env={"TERM": term, "LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"], **environment},
            preexec_fn=lambda: controls and fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def set_size(self, columns, lines):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("4H", lines, columns, 0, 0))

    def resize(self, columns, lines):
        """As a window does: the kernel sends SIGWINCH."""
        self.screen.resize(lines, columns)
        self.set_size(columns, lines)

    def press(self, keys):
        os.write(self.master, keys.encode())

    def take(self, seconds):
        """Interpret what comes within some time; whether anything did."""
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        data = os.read(self.master, 65536)
        self.raw += data
        self.stream.feed(data)
        return True

    def text(self):
        return [line.rstrip() for line in self.screen.display]

    def wait(self, holds):
        """Interpret until this holds of the lines on the screen; whether it does."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            if holds(self.text()):
                return True
            self.take(0.1)
        return False

    def settle(self, seconds=0.5):
        """Interpret until nothing has come for some time."""
        while self.take(seconds):
            pass
        return self.text()

    def end(self, how=None):
        """Make it end, by a key or a signal; its exit status and what it complained of."""
        if isinstance(how, str):
            self.press(how)
        elif how:
            self.process.send_signal(how)
        try:
            self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        while self.master is not None and self.take(0):
            pass
        return self.process.returncode, self.process.stderr.read().decode()

    def hang_up(self):
        os.close(self.master)
        self.master = None

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        self.process.stderr.close()
        if self.master is not None:
            os.close(self.master)
        os.close(self.slave)
