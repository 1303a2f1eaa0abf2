# SPDX-License-Identifier: GPL-2.0
"""faultline serve under test: start it, ask it, end it; and read pages as strictly as one can."""

import re
import signal
import socket
import subprocess
from pathlib import Path

from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics

TOP = Path(__file__).resolve().parent.parent
PROGRAM = TOP / "build/programs-full/faultline"
OPENMETRICS = "application/openmetrics-text; version=1.0.0"


class Server:
    """`faultline serve` of a ring, on a port that was free; a context."""

    def __init__(self, ring, *options, where="0"):
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--device", ring, *options, *([where] if where else [])],
            stderr=subprocess.PIPE, text=True)
        self.port = None
        if where:
            said = self.process.stderr.readline()
            self.port = int(re.fullmatch(r"faultline serve: http://\S+:(\d+)/metrics\n", said)[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()

    def connect(self, timeout=10):
        """A socket that is connected."""
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def ask(self, target="/metrics", method="GET", accept=None, version="1.1"):
        """Status, header fields and body of an answer."""
        with self.connect() as connection:
            request = f"{method} {target} HTTP/{version}\r\nHost: x\r\nConnection: close\r\n"
            request += f"Accept: {accept}\r\n" if accept else ""
            connection.sendall((request + "\r\n").encode())
            answer = b"".join(iter(lambda: connection.recv(1 << 20), b""))
        head, _, body = answer.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        fields = dict(line.split(": ", 1) for line in lines[1:])
        return int(lines[0].split()[1]), fields, body

    def samples(self):
        """What it serves as OpenMetrics, by name and labels."""
        return read_openmetrics(self.ask(accept=OPENMETRICS)[2].decode())

    def resident_kb(self):
        """Memory of its own: what it maps of the ring is left out."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"RssAnon:\s+(\d+) kB", status)[1])

    def end(self, number=signal.SIGTERM):
        """Its exit status after a signal."""
        self.process.send_signal(number)
        return self.process.wait(20)


def read_openmetrics(text):
    """Samples of a page that a strict reader takes, by name and labels."""
    samples = {}
    for family in parse_openmetrics(text):
        for sample in family.samples:
            key = (sample.name, *sorted(sample.labels.items()))
            assert key not in samples, f"{key} is there twice"
            samples[key] = sample.value
    return samples


def sample(name, **labels):
    """The key of a sample."""
    return (f"faultline_{name}", *sorted(labels.items()))


def prometheus_file(name):
    """A program of Debian's prometheus, out of the image that guests have."""
    root = TOP / "tests/vm/root.sh"
    subprocess.run([root, "fetch"], check=True, stderr=subprocess.DEVNULL)
    found = subprocess.run([root, "file", "tools", f"/usr/bin/{name}"], check=True, text=True,
                           stdout=subprocess.PIPE)
    return found.stdout.strip()


def promtool_says(text):
    """What promtool has to say of a page of the classic dialect: nothing is good."""
    said = subprocess.run([prometheus_file("promtool"), "check", "metrics"], input=text,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return f"exit status {said.returncode}: " * (said.returncode != 0) + said.stdout.decode()
