#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Many machines with faultline serve, as one Prometheus sees them: an address of the loopback
network each, and pages of the real program, whose counters grow from scrape to scrape.

usage: targets.py GROUPS PORT FOLDER
"""

import asyncio
import random
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / "tests"))

from ring_file import RingFile

PAGES = 24
INTERVAL_S = 5
HEAD = ("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n"
        "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n\r\n")


def pages(groups, folder):
    """What `faultline` says of so many groups, at each of so many scrapes."""
    numbers = random.Random(1)
    ring = RingFile(Path(folder, "ring"))
    totals = [[0] * 10 for _ in range(groups)]
    answers = []
    for _ in range(PAGES):
        for number, total in enumerate(totals):
            for i in range(len(total)):
                total[i] += numbers.randrange(10000)
            minor, major, anon, zero, user_ns, system_ns, *precopy = total
            ring.add(number + 1, b"service-%d" % number, minor=minor, major=major,
                     cow=anon + zero, user_ns=user_ns * 12345, system_ns=system_ns * 12345,
                     rss=numbers.randrange(10 ** 5) * 4096, kinds=(anon, zero, 0, 0, 0, 0, 0),
                     precopy=precopy)
        page = subprocess.run([TOP / "build/programs-full/faultline", "record", "--dump", "-F",
                               "openmetrics", "-o", "-", "--device", ring.path], check=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        answers.append(HEAD.format(len(page)).encode() + page)
    return answers


async def serve(answers, port):
    """Answer whatever is asked."""
    async def answer(reader, writer):
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(answers[int(time.monotonic() / INTERVAL_S) % len(answers)])
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()
    server = await asyncio.start_server(answer, "0.0.0.0", port, backlog=2048)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(pages(int(sys.argv[1]), sys.argv[3]), int(sys.argv[2])))
