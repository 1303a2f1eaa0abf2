#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Traces in every format are read as they are written, compiled without loss, and refused in one
line with the byte where they are damaged."""

import os
import random
import re
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))

import tap  # noqa: E402
import whatif  # noqa: E402

HEADER, WRITTEN = 56, 1 << 31
FOLDER = tempfile.TemporaryDirectory()


def path(name, content=None):
    name = os.path.join(FOLDER.name, name)
    if content is not None:
        with open(name, "wb") as file:
            file.write(content)
    return name


def compiled(content, *options):
    """(header's counts, runs, next uses, pages) of a trace."""
    out = path("out")
    done = whatif.run("compile", path("in", content), out, *options)
    if done.returncode:
        raise RuntimeError(done.stderr.decode())
    with open(out, "rb") as file:
        data = file.read()
    magic, version, endian, shift, zero, accesses, runs, pages, size = \
        struct.unpack_from("=8s4I4Q", data)
    assert magic == b"FLTRACE\n" and size == len(data)
    at = HEADER
    run = [struct.unpack_from("=2I", data, at + 8 * i) for i in range(runs)]
    at += 8 * runs
    following = list(struct.unpack_from(f"={runs}Q", data, at))
    at += 8 * runs
    page = [struct.unpack_from("=Q2I", data, at + 16 * i)[:2] for i in range(pages)]
    return (shift, accesses), run, following, page


def accesses_of(content, *options):
    """(pid, page, writes, count) of each run."""
    _, runs, _, pages = compiled(content, *options)
    return [(pages[page][1], pages[page][0], bool(count & WRITTEN), count & ~WRITTEN)
            for page, count in runs]


def refused(claim, content, where, what, *options):
    """One line that tells the byte, exit status 1, and nothing written."""
    gone = path("gone")
    done = whatif.run("compile", path("in", content), gone, *options)
    said = done.stderr.decode(errors="replace")
    tap.check(done.returncode == 1 and said.count("\n") == 1 and f": byte {where}: {what}" in said
              and not os.path.exists(gone), f"{claim}: {said.strip()[-90:]!r}")


# ---- Formats ----

tap.check(accesses_of(b"# a comment\n\n7 R 0x1000\n 7 W 4097 \n8 R 0x1fff\r\n") ==
          [(7, 1, False, 1), (7, 1, True, 1), (8, 1, False, 1)],
          "pid text: decimal, hexadecimal, comments; a write after a read is a run of its own")
tap.check(accesses_of(b"1 W 0\n1 R 1\n1 R 2\n1 R 4096\n1 R 0") ==
          [(1, 0, True, 3), (1, 1, False, 1), (1, 0, False, 1)],
          "reads after a write are of its run; the last line may lack its newline")
tap.check(accesses_of(b"==42== Lackey\nI  04000ffe,3\n L 1ffeffe7e,8\n S 00001000,4\n"
                      b" M 2000,1\n") ==
          [(42, 0x4000, False, 1), (42, 0x4001, False, 1), (42, 0x1ffeff, False, 1),
           (42, 1, True, 1), (42, 2, True, 1)],
          "lackey: its pid; an access across pages is one to each; S and M write")
DRMEMTRACE = b"""Output format:
<--record#-> <--instr#->: <---tid---> <record details>
------------------------------------------------------------
           1           0:     2765542 <marker: version 5>
          69          49:     2765543 ifetch       6 byte(s) @ 0x0000000000404a78 0f 84 5b 01 00
                                   00                jz     $0x0000000000404bd9 (untaken)
          70          50:     2765543 read         8 byte(s) @ 0x00007fdf64e2adc8 by PC 0x404a7e
------------------------------------------------------------
          71          51:  W3.T2765544 write        8 byte(s) @ 0xffffffff81000ffc by PC 0x404a83
          72          51:  W3.T2765544 pref         8 byte(s) @ 0x0000000000009000 by PC 0x404a83
"""
tap.check(accesses_of(DRMEMTRACE) ==
          [(0, 0x404, False, 1), (0, 0x7fdf64e2a, False, 1), (3, 0xffffffff81000, True, 1),
           (3, 0xffffffff81001, True, 1)],
          "drmemtrace: fetches, reads, writes; workloads; no markers, prefetches, second lines")
ORACLE = b"".join(struct.pack("<IQIq", time, thing, 512, -1)
                  for time, thing in enumerate((5, 2**63 + 9, 5)))
counts, runs, following, pages = compiled(ORACLE, "--from=oracleGeneral")
tap.check((counts, runs, pages) == ((0, 3), [(0, 1), (1, 1), (0, 1)],
                                    [(5, 0), (2**63 + 9, 0)]),
          "oracleGeneral: an object is a page, of any 64 bits, and has no size")
done = whatif.run(path("in", ORACLE), "--from=oracleGeneral", "-n", "2", "-p", "4k")
tap.check(done.returncode == 1 and b"objects, which have no page size" in done.stderr,
          "a page size for objects is refused")

recording = path("lackey.txt")
valgrind = subprocess.run(["valgrind", "--tool=lackey", "--trace-mem=yes",
                           f"--log-file={recording}", "true"], capture_output=True)
with open(recording, "rb") as file:
    lines = file.read()
by_hand = [(int(line[3:].split(b",")[0], 16), int(line.split(b",")[1]))
           for line in lines.splitlines() if not line.startswith(b"==")]
touched = {page for address, size in by_hand
           for page in range(address >> 12, (address + size - 1 >> 12) + 1)}
(_, count), _, _, found = compiled(lines)
tap.check(valgrind.returncode == 0 and len(by_hand) > 50000 and count >= len(by_hand) and
          {number for number, _ in found} == touched,
          f"a recording by the real Valgrind: all its {len(by_hand)} accesses, on its "
          f"{len(touched)} pages")

# ---- Compiled ----

draw = random.Random(3)
sample = b"".join(b"%d %c 0x%x\n" % (draw.choice((1, 2)), draw.choice(b"RW"),
                                     draw.randrange(40) << draw.choice((6, 12)))
                  for _ in range(5000))
_, runs, following, _ = compiled(sample)
later_of = {}
expected = [2**64 - 1] * len(runs)
for number, (page, _) in reversed(list(enumerate(runs))):
    expected[number] = later_of.get(page, expected[number])
    later_of[page] = number
tap.check(following == expected, "the next use of each run is its page's next run")
whatif.run("compile", path("in", sample), path("good"))
counts = whatif.faults(path("in", sample), "-n", "3,9,20", "-P", "lru,arc,opt")
tap.check(whatif.faults(path("good"), "-n", "3,9,20", "-P", "lru,arc,opt") == counts,
          "a compiled trace has the same faults")
whatif.run("compile", path("in", sample), path("large"), "--page=64k")
tap.check(whatif.rows(path("good"), "-n", "3", "-p", "64k") ==
          whatif.rows(path("large"), "-n", "3") == whatif.rows(path("in"), "-n", "3", "-p", "64k"),
          "pages made larger from a compiled trace, or large from the start, are the same")
alike = b"".join(b"%d R 0x%x\n" % (pid, page << 12) for page in range(20000)
                 for pid in (1, 2, 3))
tap.check(len(compiled(alike)[3]) == 60000, "pages of several processes are told apart")
sampled_text = path("sampled", b"# by hand\n# sampled: now and then\n1 W 0\n1 W 0x9000\n")
whatif.run("compile", sampled_text, path("sampled.trace"))
labels = [whatif.rows(name, "-n", "1", "-p", size)[0]["trace"]
          for name, size in ((sampled_text, "4k"), (path("sampled.trace"), "4k"),
                             (path("sampled.trace"), "64k"), (path("good"), "4k"))]
tap.check(labels == ["sampled"] * 3 + ["accesses"],
          "a trace that is a sample says so, compiled and with larger pages, too; others do not")
far = b"1 W 0xffffffffffffffff\n1 R 0xfffffffffffff000\n1 R 0x1000000000000\n"
tap.check(accesses_of(far) == [(1, 2**52 - 1, True, 2), (1, 2**36, False, 1)],
          "addresses beyond 48 bits, up to the last one")


def checksum(data):
    """As trace.h has it, of words in four lanes."""
    odd, mask = 0x9e3779b97f4a7c15, 2**64 - 1
    lanes = [1, 2, 3, 4]
    whole = len(data) // 32 * 32
    for at in range(0, whole, 32):
        for lane, word in enumerate(struct.unpack_from("=4Q", data, at)):
            lanes[lane] = (lanes[lane] ^ word) * odd & mask
            lanes[lane] ^= lanes[lane] >> 29
    for byte in data[whole:]:
        lanes[0] = (lanes[0] ^ byte) * odd & mask
    total = len(data)
    for lane in lanes:
        total = ((total ^ lane) * odd & mask) ^ total >> 31
    return total


def made(runs, following, pages, accesses, events=(), shift=12):
    """A compiled trace that nobody recorded, whose checksums are right."""
    body = struct.pack("=8s4I4Q", b"FLTRACE\n", 1, 0x01020304, shift, len(events), accesses,
                       len(runs), len(pages),
                       HEADER + 16 * (len(runs) + len(pages)) + 48 * len(events) + 16)
    body += b"".join(struct.pack("=2I", *run) for run in runs)
    body += struct.pack(f"={len(following)}Q", *following)
    body += b"".join(struct.pack("=Q2I", number, pid, 0) for number, pid in pages)
    body += b"".join(struct.pack("=4Q4I", *event) for event in events)
    sums = struct.pack("=Q", checksum(body))
    return body + sums + struct.pack("=Q", checksum(sums))


NEVER, MOST = 2**64 - 1, 2**31 - 1
huge = path("huge", made([(0, MOST), (1, MOST), (0, MOST), (1, MOST | WRITTEN)],
                         [2, 3, NEVER, NEVER], [(2**52 - 1, 1), (2**45, 9)], 4 * MOST))
rows = whatif.rows(huge, "-n", "1,2", "-P", "lru,aging,ws,wsclock,s3fifo")
EXPECTED = {"1": "4", "2": "2"}
tap.check(all(row["accesses"] == str(4 * MOST) and row["faults"] == EXPECTED[row["frames"]]
              for row in rows if row["policy"] != "ws"),
          f"{4 * MOST} accesses, more than 2^32, are counted")
tap.check([row["faults"] for row in rows if row["policy"] == "ws"] == ["4", "4"],
          "and so are windows in them")
tap.check([row["faults"] for row in whatif.rows("mrc", huge, "-n", "1,2")] == ["4", "2"],
          "and in curves")

with open(path("good"), "rb") as file:
    good = file.read()


def refused_compiled(claim, content, pattern):
    done = whatif.run(path("bad", content), "-n", "4")
    said = done.stderr.decode(errors="replace")
    return tap.check(done.returncode == 1 and done.stdout == b"" and
                     re.fullmatch(f"faultline-whatif: .*: byte {pattern}.*\n", said),
                     f"{claim}: {said.strip()[-70:]!r}")


for length in 8, 30, HEADER - 1, HEADER, 1000, len(good) - 1:
    refused_compiled(f"cut after {length} bytes", good[:length],
                     f"{length}: cut short")
refused_compiled("one byte more", good + b"x", f"{len(good)}: more than the trace")
refused_compiled("another version", good[:8] + b"\2" + good[9:], "8: of format 2")
refused_compiled("another byte order", good[:12] + good[15:11:-1] + good[16:], "12: .*byte order")
altered = 0
places = [*range(16, HEADER), *(draw.randrange(HEADER, len(good)) for _ in range(300))]
for place in places:
    bad = bytearray(good)
    bad[place] ^= 1 << draw.randrange(8)
    done = whatif.run(path("bad", bytes(bad)), "-n", "4")
    altered += done.returncode == 1 and bool(
        re.fullmatch(b"faultline-whatif: .*: byte [0-9]+: .*\n", done.stderr))
tap.check(altered == len(places), f"one altered bit is told wherever it is: {altered} of "
          f"{len(places)}")
PAGES = [(1, 1), (2, 1)]


def happened(*events):
    return made([(0, 1), (1, 1)], [NEVER, NEVER], PAGES, 2, events)


for claim, content, pattern in (
        ("a page that there is not", made([(0, 1), (2, 1)], [NEVER, NEVER], PAGES, 2), "64: run 1"),
        ("a run of nothing", made([(0, 1), (1, 0)], [NEVER, NEVER], PAGES, 1), "64: run 1"),
        ("a next use before", made([(0, 1), (0, 1)], [1, 0], PAGES, 2), "80: the next use"),
        ("a next use beyond", made([(0, 1), (0, 1)], [2, NEVER], PAGES, 2), "72: the next use"),
        ("a next use of another page", made([(0, 1), (1, 1)], [1, NEVER], PAGES, 2),
         "72: the next use"),
        ("an event behind the last run", happened((3, 0, 0, 0, 1, 1, 2, 0)), "120: event 0"),
        ("events that are not in order", happened((1, 0, 0, 0, 1, 2, 0, 0),
                                                  (0, 0, 0, 0, 1, 2, 0, 0)), "168: event 1"),
        ("an event of no kind", happened((1, 0, 0, 0, 1, 99, 0, 0)), "120: event 0"),
        ("a fork of oneself", happened((1, 0, 0, 0, 1, 1, 1, 0)), "120: event 0"),
        ("a mapping of nothing", happened((1, 0, 0, 0, 1, 5, 1, 0)), "120: event 0"),
        ("pages of 2 bytes", made([(0, 1), (1, 1)], [NEVER, NEVER], PAGES, 2, shift=1),
         "16: the header"),
        ("pages of 2 TB", made([(0, 1), (1, 1)], [NEVER, NEVER], PAGES, 2, shift=41),
         "16: the header"),
        ("other accesses", made([(0, 1), (1, 1)], [NEVER, NEVER], PAGES, 3), "24: 3 accesses")):
    refused_compiled(f"{claim}, with checksums that fit", content, pattern)

EVENTS = (b"1 F 2\n1 R 0\n2 X\n1 R 0\n1 M 0x2000 4096 private 7 0x1000\n1 M 0 1 anonymous\n"
          b"1 R 0x1000\n3 X\n3 N 5\n")
with open(path("out", b""), "r+b") as file:
    whatif.run("compile", path("in", EVENTS), path("out"))
with open(path("out"), "rb") as file:
    data = file.read()
count, runs, pages = struct.unpack_from("=20xI8x2Q", data)
events = [struct.unpack_from("=4Q4I", data, HEADER + 16 * (runs + pages) + 48 * i)
          for i in range(count)]
tap.check(runs == 3 and events == [(0, 0, 0, 0, 1, 1, 2, 0), (1, 0, 0, 0, 2, 2, 0, 0),
                                   (2, 0x2000, 4096, 0x1000, 1, 6, 7, 0), (2, 0, 1, 0, 1, 3, 0, 0),
                                   (3, 0, 0, 0, 3, 2, 0, 0), (3, 0, 0, 0, 3, 7, 5, 0)],
          f"events are kept between runs, which do not go on across them {runs} {events}")

# ---- Damage ----

refused("text that breaks off", b"1 R 0x1000\n1 R\n", 11, "expected an address")
refused("no pid", b"1 R 0\nfive R 0\n", 6, "expected a pid")
refused("a pid of 33 bits", b"1 R 0\n4294967296 R 0\n", 6, "expected a pid")
refused("neither R nor W", b"1 R 0\n1 Y 0\n", 6, "expected R, W, F, X, N or M")
refused("an address of 65 bits", b"1 R 0x10000000000000000\n", 0, "expected an address")
for letter, expected in (("F", "expected another pid"), ("F 1", "expected another pid"),
                         ("F 2 3", "expected another pid and no more"),
                         ("X 2", "expected no more behind X"), ("N", "expected a node"),
                         ("N 1 2", "expected a node and no more"),
                         ("M", "expected an address behind M"),
                         ("M 0", "expected how many bytes"), ("M 0 0", "expected how many bytes"),
                         ("M 0xffffffffffffffff 2 anonymous", "expected how many bytes"),
                         ("M 0 1", "expected anonymous; or shared"),
                         ("M 0 1 file", "expected anonymous; or shared"),
                         ("M 0 1 shared 1 x", "expected an offset"),
                         ("M 0 1 anonymous 1", "expected no more behind the mapping"),
                         ("M 0 2 file 1 0xffffffffffffffff", "expected no more behind")):
    refused(f"an event '{letter}'", f"1 R 0\n1 {letter}\n".encode(), 6, expected)
refused("something behind the address", b"1 R 0 0\n", 0, "expected an address and no more")
refused("lackey without a size", b"I  0400,3\n L 1000\n", 10, "expected ',' and 1 to 65536 bytes")
refused("lackey beyond the last address", b"I  0400,3\n L ffffffffffffffff,2\n", 10,
        "goes beyond the last address")
refused("drmemtrace of an unknown kind", DRMEMTRACE + b" 9 9: 1 jump\n", len(DRMEMTRACE),
        "expected ifetch, read, write")
refused("drmemtrace without a size", DRMEMTRACE + b" 9 9: 1 read 8 bytes\n", len(DRMEMTRACE),
        "expected 1 to 65536 byte(s)")
refused("oracleGeneral that is cut", ORACLE[:-5], len(ORACLE) - 5, "cut short",
        "--from=oracleGeneral")
refused("what is no trace", b"\x7fELF\2\1\1", 0, "no trace of a kind that shows")
refused("a line that does not end", b"1 R 0\n" + b"7" * 70000, 6, "a line of more than 65536 bytes")
done = whatif.run("compile", path("in", b"# nothing\n"), path("gone"), "--from=pid")
tap.check(done.returncode == 1 and done.stderr.endswith(b": no access in it\n"),
          "a trace without an access is refused")
crashes = 0
for number in range(300):
    mutated = bytearray(draw.choice((sample[:400], DRMEMTRACE, ORACLE, lines[:500])))
    for _ in range(draw.randint(1, 8)):
        mutated[draw.randrange(len(mutated))] = draw.randrange(256)
    source = draw.choice(("pid", "lackey", "drmemtrace", "oracleGeneral"))
    done = whatif.run("mrc", path("in", bytes(mutated)), "--from", source)
    crashes += done.returncode not in (0, 1) or \
        (done.returncode == 1 and done.stderr.count(b"\n") != 1)
tap.check(crashes == 0, f"any bytes are a trace, or refused in one line ({crashes} were not)")

# ---- Memory ----

big = path("big")
whatif.run("gen", "zipf", "-n", "2000", "-a", "4m", "-o", big)
limited = ["sh", "-c", 'ulimit -d 8192; exec "$@"', "sh", whatif.PROGRAM]
done = subprocess.run([*limited, big, "-P", "all", "-n", "500", "-j1"], capture_output=True)
tap.check(done.returncode == 0 and os.path.getsize(big) > 60 << 20,
          f"{os.path.getsize(big) >> 20} MB of trace are replayed in 8 MB {done.stderr.decode()}")
done = subprocess.run([*limited, "mrc", big], capture_output=True)
tap.check(done.returncode == 0, f"and so is its curve made {done.stderr.decode()}")
done = subprocess.run([*limited, "gen", "zipf", "-n", "2000", "-a", "4m", "-o", path("again")],
                      capture_output=True)
with open(big, "rb") as one, open(path("again"), "rb") as other:
    tap.check(done.returncode == 0 and one.read() == other.read(),
              f"it is compiled in 8 MB, and made again, is the same {done.stderr.decode()}")
full = subprocess.run(["sh", "-c", 'ulimit -f 100; trap "" XFSZ; exec "$@"', "sh", whatif.PROGRAM,
                       "gen", "zipf", "-o", path("full")], capture_output=True)
tap.check(full.returncode == 1 and full.stderr.count(b"\n") == 1 and
          not os.path.exists(path("full")), "where there is no room, nothing is left")
tap.finish()
