#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""faultline serve tells what the ring has told since it began, and nobody who talks to it
keeps it from that: not with garbage, nor slowly, nor ten thousand at a time."""

import os
import random
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ring_file import ALL_KNOWN, RingFile
from rings import EXITED, FIRST, REGISTERED, TICKS, TICKS_MISSED
from serving import OPENMETRICS, PROGRAM, Server, promtool_says, sample
from tap import check, finish

FOLDER = tempfile.TemporaryDirectory()
RING = Path(FOLDER.name, "ring")
CONNECTIONS = 10000
PAGES = 2000
MINOR = "minor_faults_total"


def becomes(condition, seconds=20):
    """Does it, at last?"""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def full_ring(groups):
    """A ring of as many processes, each of a name of its own."""
    ring = RingFile(RING)
    for number in range(1, groups + 1):
        ring.add(number, b"name%d" % number, pid=number, minor=1000, rss=1 << 20)
    return ring


def shows(server, value, name=MINOR, **labels):
    """Does this sample come to have this value?"""
    return becomes(lambda: server.samples().get(sample(name, **labels)) == value)


def counters_follow():
    ring = RingFile(RING)
    ring.add(1, b"work", pid=7, minor=5000)
    with Server(RING) as server:
        check(server.samples()[sample(MINOR, groupname="work")] == 0 and
              server.samples()[sample("processes", groupname="work")] == 1,
              "counters begin with 0 for who is there already")
        ring.add(1, b"work", pid=7, minor=5010)
        check(shows(server, 10, groupname="work"), "and count on from there")
        ring.add(1, b"work", pid=7, minor=5011, flags=ALL_KNOWN | EXITED)
        ring.add(2, b"work", pid=7, flags=ALL_KNOWN | FIRST)
        ring.add(2, b"work", pid=7, minor=100)
        check(shows(server, 111, groupname="work"),
              "they go on when a process ends and another gets its pid")
        ring.set(TICKS_MISSED, 3)
        ring.add(2, b"work", pid=7, minor=100, flags=ALL_KNOWN | EXITED)
        ring.set(REGISTERED, 0)
        check(shows(server, 0, name="processes", groupname="work") and
              shows(server, 3, name="ticks_missed_total") and
              server.samples()[sample(MINOR, groupname="work")] == 111,
              "and stay when a run is over")
        ring.set(REGISTERED, 1)
        ring.add(3, b"work", pid=7, flags=ALL_KNOWN | FIRST)
        ring.add(3, b"work", pid=7, minor=1)
        check(shows(server, 112, groupname="work"), "the next run adds to them")


def losses_are_told():
    ring = RingFile(RING, capacity=64)
    ring.add(1, b"ends", rss=1000)
    ring.add(2, b"stays", rss=1000)
    with Server(RING) as server:
        server.samples()
        os.kill(server.process.pid, signal.SIGSTOP)
        ring.add(1, b"ends", minor=3, flags=ALL_KNOWN | EXITED)
        for minor in range(100):
            ring.add(2, b"stays", minor=minor, rss=1000)
        os.kill(server.process.pid, signal.SIGCONT)
        check(becomes(lambda: server.samples()[sample("samples_lost_total")] > 0) and
              server.samples()[sample(MINOR, groupname="stays")] == 99,
              "records that are lost are counted, and lose no counts of who stays")
        for tick in range(1, 4):
            ring.set(TICKS, tick)
            ring.add(2, b"stays", minor=99 + tick, rss=1000)
            time.sleep(0.2)
        check(shows(server, 0, name="processes", groupname="ends") and
              server.samples()[sample("resident_bytes", groupname="ends")] == 0,
              "who ended unseen is not there any more")
        check(shows(server, 1, name="processes", groupname="stays") and
              server.samples()[sample("resident_bytes", groupname="stays")] == 1000 and
              server.samples()[sample(MINOR, groupname="stays")] == 102,
              "and who did not, is")


def answers_are_proper():
    full_ring(10)
    with Server(RING) as server:
        status, fields, body = server.ask(accept=f"{OPENMETRICS},text/plain;q=0.5")
        check(status == 200 and body.endswith(b"# EOF\n") and fields["Content-Type"] ==
              "application/openmetrics-text; version=1.0.0; charset=utf-8",
              "who accepts OpenMetrics gets it")
        for accept in None, "text/plain", "*/*":
            status, fields, body = server.ask(accept=accept)
            check(status == 200 and b"# EOF" not in body and fields["Content-Type"] ==
                  "text/plain; version=0.0.4; charset=utf-8" and promtool_says(body) == "",
                  f"Accept: {accept} gets the classic text, which promtool finds good")
        status, head, nothing = server.ask(method="HEAD")
        check(status == 200 and nothing == b"" and head["Content-Length"] == str(len(body)),
              "HEAD gets the same without the page")
        check(server.ask("/")[::2] == (200, b"Faultline: see /metrics\n"), "/ says where to go")
        check(server.ask("/metrics?x=1")[0] == 200, "a query changes nothing")
        for target in "/metric", "/metrics/", "/../etc/passwd", "//", "*":
            check(server.ask(target)[0] == 404, f"{target} is not found")
        for method in "POST", "PUT", "DELETE", "OPTIONS", "BREW":
            status, fields, _ = server.ask(method=method)
            check(status == 405 and fields["Allow"] == "GET, HEAD", f"{method} is not allowed")
        with server.connect() as connection:
            for _ in range(3):
                connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                answer = connection.recv(4096)
            check(answer.startswith(b"HTTP/1.1 200 "), "a connection serves more than once")


def garbage_is_refused():
    numbers = random.Random(1)
    garbage = {"nothing": b"", "random bytes": numbers.randbytes(100000), "zeros": bytes(100000),
               "blank lines": b"\r\n" * 50000, "no version": b"GET /metrics\r\n\r\n",
               "an endless target": b"GET /" + b"x" * 1000000,
               "endless fields": b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 100000,
               "an endless field": b"GET / HTTP/1.1\r\nX: " + b"y" * 1000000,
               "a long body": b"POST /metrics HTTP/1.1\r\nHost: x\r\n"
                              b"Content-Length: 99999999999999999999\r\n\r\n" + bytes(1000000),
               "a body to read": b"GET /metrics HTTP/1.1\r\nHost: x\r\n"
                                 b"Content-Length: 1000000\r\n\r\n" + bytes(1000000),
               "bad chunks": b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz"}
    full_ring(10)
    with Server(RING) as server:
        server.ask()
        before = server.resident_kb()
        for name, text in garbage.items():
            for _ in range(20):
                with server.connect() as connection:
                    try:
                        connection.sendall(text)
                        connection.shutdown(socket.SHUT_WR)
                        while connection.recv(1 << 16):
                            pass
                    except OSError:
                        pass
            check(server.ask()[0] == 200, f"it answers after {name}")
        growth = server.resident_kb() - before
        check(growth < 4096, f"and has not grown by much: {growth} KB")


def crowds_are_served():
    full_ring(1000)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, CONNECTIONS + 200), hard))
    with Server(RING) as server:
        server.ask()
        before, crowd, answers = server.resident_kb(), [], []
        for number in range(CONNECTIONS):
            crowd.append(server.connect(60))
            if number % 1000 == 999:
                answers.append(server.ask()[0])
        growth = server.resident_kb() - before
        files = len(os.listdir(f"/proc/{server.process.pid}/fd"))
        check(answers == [200] * 10, f"{CONNECTIONS} idle connections keep nobody from a page")
        check(growth < 8192 and files < 100, f"and cost {growth} KB and {files} descriptors")
        for connection in crowd:
            connection.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def slow_clients_wait_alone():
    ring = full_ring(1000)
    with Server(RING) as server:
        page = len(server.ask()[2])
        before, slow, answers = server.resident_kb(), [], []
        for number in range(200):
            slow.append(server.connect())
            slow[-1].sendall(b"GET /metrics HTTP/1.1\r\nX-Slow: ")
        for number in range(20):
            for connection in slow:
                try:
                    connection.sendall(b"x")
                except OSError:
                    pass
            answers.append(server.ask()[0])
        check(answers == [200] * 20, "200 clients that send a byte now and then disturb nobody")
        answers.clear()
        for number in range(100):
            ring.add(1, b"name1", minor=1001 + number)
            # Longer than it looks away from a file: each gets a page of its own.
            time.sleep(0.06)
            slow.append(server.connect())
            slow[-1].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow[-1].sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            answers.append(server.ask()[0])
        pages = (server.resident_kb() - before) * 1024 / page
        check(answers == [200] * 100, "nor do 100 that do not read what they asked for")
        check(pages < 60, f"and the memory that they hold is bounded: {pages:.0f} pages")
        for connection in slow:
            connection.close()


def pages_leave_nothing_behind():
    ring = full_ring(1000)
    with Server(RING) as server:
        def pages(count):
            good = 0
            for number in range(count):
                ring.add(1, b"name1", minor=1000 + number)
                good += server.ask(accept=OPENMETRICS if number % 2 else None)[0] == 200
            return good
        pages(200)
        before = server.resident_kb()
        check(pages(PAGES) == PAGES, f"{PAGES} pages are answered")
        growth = server.resident_kb() - before
        check(growth < 4096, f"and leave nothing behind: {growth} KB")


def ends_are_orderly():
    full_ring(10)
    for number in signal.SIGTERM, signal.SIGINT:
        with Server(RING) as server, server.connect() as connection:
            connection.sendall(b"GET /me")
            server.ask()
            check(server.end(number) == 0, f"{number.name} ends it with exit status 0")
            check(connection.recv(100) == b"", "and its connections")
            check(server.process.stderr.read() == "", "without a word")


def fails(status, expected, *arguments):
    """One line, and this exit status."""
    end = subprocess.run([PROGRAM, "serve", *arguments], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, timeout=20, text=True)
    good = (end.returncode == status and end.stdout == "" and end.stderr.count("\n") == 1 and
            end.stderr.startswith("faultline serve: ") and expected in end.stderr)
    if not check(good, f"{' '.join(map(str, arguments))} fails in one line: {expected}"):
        print("#", end)


def silence_ends():
    full_ring(10)
    with Server(RING) as server, server.connect(60) as silent, server.connect(60) as halting:
        halting.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /me")
        check(silent.recv(100) == b"", "who never says anything is let go in the end")
        answer = b"".join(iter(lambda: halting.recv(1000), b""))
        check(answer.startswith(b"HTTP/1.1 200 "), "and who stops in the middle")


def mistakes_are_told():
    full_ring(10)
    with Server(RING) as server:
        fails(1, "Address already in use", f"127.0.0.1:{server.port}", "--device", RING)
        check(Server(RING, where=":0").end() == 0 and Server(RING, where="[::]:0").end() == 0 and
              Server(RING, where="localhost:0").end() == 0, "addresses have four forms")
    fails(1, "192.0.2.1 port 9423: Cannot assign", "192.0.2.1:9423", "--device", RING)
    fails(1, "No such file or directory", "--device", RING.with_name("none"))
    fails(1, "not a Faultline ring", "--device", "/dev/null")
    fails(2, "port: expected a whole number from 0 to 65535, not '65536'", "65536")
    fails(2, "port: expected a whole number from 0 to 65535, not ''", "localhost:")
    fails(2, "expected faultline serve [OPTION...] [[ADDRESS:]PORT]", "1", "2")
    fails(2, "groups: expected a whole number from 1 to 100000, not '0'", "--groups=0")
    fails(2, "interval: expected a whole number from 1 to 3600, not '0'", "--interval=0")
    fails(2, "interval: expected with --textfile only", "--interval=5")
    fails(2, "textfile: expected either a file or an address, not '9423'", "--textfile=x", "9423")


counters_follow()
losses_are_told()
answers_are_proper()
garbage_is_refused()
crowds_are_served()
slow_clients_wait_alone()
pages_leave_nothing_behind()
ends_are_orderly()
silence_ends()
mistakes_are_told()
finish()
