#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What a fault trace answers is what a memory of that kind does with the same accesses; what it
cannot answer is refused by name; a damaged one is refused with the byte."""

import json
import os
import random
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))

import tap  # noqa: E402
import whatif  # noqa: E402

COLUMNS = ("time_ns pid tid kind cow access by mapping address ip cpu node latency_ns "
           "before_pages after_pages")
TABLE = 512


class Mapping:
    """Pages of a process."""

    def __init__(self, pid, begin, pages, kind="anon"):
        self.pid, self.begin, self.end, self.kind = pid, begin, begin + pages, kind

    def line(self, page, cow="none", access="W", kind="minor"):
        return (f"1 {self.pid} {self.pid} {kind} {cow} {access} user {self.kind} "
                f"{page << 12:#x} 0x400000 0 0 900 {page - self.begin} {self.end - page - 1}")


def recording(lines, around="4096", last="# lost: 0 faults in total", columns=COLUMNS):
    return "\n".join(("# faultline faults, format 1", "# page_bytes: 4096",
                      f"# fault_around_bytes: {around}", f"# columns: {columns}", *lines, last,
                      "")).encode()


def ask(lines, *questions, **how):
    """Rows by question and setting."""
    return {(row["question"], row["setting"]): row
            for row in whatif.rows("faults", "-", *questions, stdin=recording(lines, **how))}


def figures(row, *names):
    return tuple(int(row[name]) for name in names)


def mappings_of(draw, kinds):
    """A few that do not touch each other, anywhere in their larger pages."""
    made, at = [], 1000
    for _ in range(draw.randint(1, 5)):
        pages = draw.randint(1, 300)
        made.append(Mapping(draw.randint(1, 2), at, pages, draw.choice(kinds)))
        at += pages + draw.randint(0, 200)
    return made


def accesses_of(draw, mappings):
    for _ in range(draw.randint(1, 1500)):
        mapping = draw.choice(mappings)
        yield mapping, draw.randrange(mapping.begin, mapping.end)


def memory(accesses, size, file_window=0):
    """Faults and bytes of a memory with pages of so many small ones, none of which ever goes."""
    there, faults, mapped = set(), 0, 0
    for mapping, page in accesses:
        if (mapping, page) in there:
            continue
        faults += 1
        window = max(size, file_window if mapping.kind == "file" else 1)
        begin = page // window * window
        larger = [other for other in range(begin, begin + window)
                  if mapping.begin <= other < mapping.end]
        there.update((mapping, other) for other in larger)
        mapped += 4096 * len(larger)
    return faults, mapped


draw = random.Random(7)
wrong = []
for number in range(150):
    mappings = mappings_of(draw, ("anon", "file", "shared"))
    accesses = list(accesses_of(draw, mappings))
    seen, lines = set(), []
    for mapping, page in accesses:
        if (mapping, page) not in seen:
            seen.add((mapping, page))
            lines.append(mapping.line(page))
    rows = ask(lines, "--page=4k,16k,64k,2m")
    for name, size in (("4k", 1), ("16k", 4), ("64k", 16), ("2m", 512)):
        row = rows["page", name]
        if figures(row, "faults", "bytes") != memory(accesses, size):
            wrong.append((number, name))
        least, faults, most = figures(row, "least", "faults", "most")
        if not least <= faults <= most == len(lines):
            wrong.append((number, name, least, faults, most))
tap.check(not wrong, f"first touches with pages of four sizes are those of a memory with such "
          f"pages, on 150 programs {wrong[:3]}")

wrong = []
for number in range(150):
    mappings = mappings_of(draw, ("anon", "file"))
    accesses = list(accesses_of(draw, mappings))
    seen, lines = set(), []
    for mapping, page in accesses:
        if (mapping, page) not in seen:
            seen.add((mapping, page))
            lines.append(mapping.line(page, access="R"))
    rows = ask(lines, "--fault-around=0,2,16,64")
    for name, window in (("1", 1), ("2", 2), ("16", 16), ("64", 64)):
        if figures(rows["fault_around", name], "faults")[0] != memory(accesses, 1, window)[0]:
            wrong.append((number, name))
tap.check(not wrong, f"faults with windows of four sizes around them are those of a memory that "
          f"maps files so, on 150 programs {wrong[:3]}")


def copies(writes, piece=1, depth=0):
    """(faults, bytes copied, pages copied ahead in vain) of memory that a fork left shared."""
    private, ahead, faults, copied = set(), set(), 0, 0
    for mapping, page in writes:
        ahead.discard((mapping, page))
        if (mapping, page) in private:
            continue
        faults += 1
        begin = page // piece * piece
        ours = {(mapping, other) for other in range(begin, begin + piece)
                if mapping.begin <= other < mapping.end}
        end = min(page + 1 + depth, mapping.end, page // TABLE * TABLE + TABLE)
        more = {(mapping, other) for other in range(page + 1, end)} - private
        ahead |= more
        copied += len(ours) + len(more)
        private |= ours | more
    return faults, 4096 * copied, len(ahead)


wrong = []
for number in range(150):
    # A process of several has a fork of its own: what is private is so until the end.
    mappings = mappings_of(draw, ("anon",))
    writes = list(accesses_of(draw, mappings))
    if draw.random() < 0.5:
        writes.sort(key=lambda write: write[1])
    private, lines = set(), []
    for mapping, page in writes:
        if (mapping, page) not in private:
            private.add((mapping, page))
            lines.append(mapping.line(page, cow="anon"))
    rows = ask(lines, "--cow=4k,64k,2m", "--precopy=0,4,16,64")
    for name, piece in (("4k", 1), ("64k", 16), ("2m", 512)):
        if figures(rows["cow", name], "faults", "bytes") != copies(writes, piece)[:2]:
            wrong.append((number, name))
    for depth in 0, 4, 16, 64:
        row = rows["precopy", str(depth)]
        if figures(row, "faults", "bytes", "wasted_most") != copies(writes, depth=depth):
            wrong.append((number, depth))
tap.check(not wrong, f"copies in pieces, copies ahead and what of them is in vain are those of a "
          f"memory that does so, on 150 programs {wrong[:3]}")

# ---- What is not in the trace ----

anon, file = Mapping(1, 64, 64), Mapping(1, 512, 64, "file")
row = ask([anon.line(page) for page in (64, 65, 64, 65)], "--page=64k")["page", "64k"]
tap.check(figures(row, "least", "faults", "most") == (1, 2, 4),
          "pages that come twice had gone: the larger one had, or not, or each of them alone")
row = ask([anon.line(page, cow="anon") for page in (64, 65, 64, 65)], "--precopy=1")["precopy", "1"]
tap.check(figures(row, "least", "faults", "most") == (2, 2, 4) and row["wasted_most"] == "0",
          "a page that is copied twice was shared by another fork, and so were those around it")
stack = [Mapping(1, 96 - size, size, "stack") for size in (1, 2, 3)]
row = ask([one.line(one.begin) for one in stack], "--page=64k")["page", "64k"]
tap.check(figures(row, "faults")[0] == 1, "a stack that grows is one mapping")
row = ask([anon.line(79), Mapping(1, 80, 4).line(80)], "--page=64k,256k")
tap.check(figures(row["page", "64k"], "faults")[0] == 2 and
          figures(row["page", "256k"], "least", "faults") == (1, 2),
          "two mappings in one larger page have a fault each")
lines = [file.line(512, access="R"), file.line(513, access="R", kind="major"),
         file.line(514, access="W")]
rows = ask(lines, "--fault-around=16")
tap.check(figures(rows["fault_around", "16"], "faults")[0] == 3,
          "a page that was not in memory, and one that is written, fault all the same")
rows = ask(lines, "--fault-around=1,8,16,32", around="65536")
tap.check([rows["fault_around", name]["faults"] for name in ("1", "8")] == ["", ""] and
          rows["fault_around", "16"]["faults"] == "3",
          "windows smaller than those of the recording are n/a")
rows = ask(lines, "--fault-around=1,512", around="n/a")
tap.check([rows["fault_around", name]["faults"] for name in ("1", "512")] == ["", ""],
          "any are, where nobody knows what was mapped around")
rows = ask([anon.line(64, cow="n/a")], "--cow=4k", "--precopy=4", "--page=4k")
tap.check(rows["cow", "4k"]["faults"] == rows["precopy", "4"]["faults"] == "" and
          rows["page", "4k"]["faults"] == "",
          "where copies were not counted they are n/a, and so are first touches")
lines = [anon.line(64, kind="retried"), anon.line(64, kind="failed"), anon.line(65, cow="reused"),
         anon.line(66).replace(" user ", " ahead "), Mapping(1, 64, 9, "hugetlb").line(66)]
tap.check(ask(lines, "--page=4k")["page", "4k"]["faults"] == "0",
          "what comes again, fails, reuses a page, is pre-copied or of hugetlbfs is no first touch")
swapped = " ".join(reversed(COLUMNS.split()))
rows = ask([" ".join(reversed(anon.line(64).split()))], "--page=4k", columns=swapped)
tap.check(rows["page", "4k"]["faults"] == "1", "columns are found by their names")

# ---- Formats ----

lines = [anon.line(page, cow="anon") for page in range(64, 99)]
done = whatif.run("faults", "-", "--precopy=4", "--page=64k", "-F", "json", stdin=recording(lines))
said = [json.loads(line) for line in done.stdout.decode().splitlines()]
tap.check([(row["question"], row["faults"], row["wasted_most"]) for row in said] ==
          [("precopy", 7, 0), ("page", 0, None)], "json: numbers, and null for what is n/a")
done = whatif.run("faults", "-", "--page=64k", stdin=recording(lines))
tap.check(done.stdout.decode().splitlines()[0].split() ==
          ["question", "setting", "faults", "least", "most", "bytes", "wasted_most"],
          "a table begins with the names of its columns")
done = whatif.run("faults", "-", "--page=64k",
                  stdin=recording(lines, last="# missed: at most 5 faults\n"
                                  "# lost: 12 faults in total"))
tap.check(done.returncode == 0 and b"17 faults are not in it" in done.stderr,
          "faults that are not in it are told")
for losses in 0, 12:
    done = whatif.run("faults", "-", "--page=64k",
                      stdin=recording(lines, last="# missed: n/a\n"
                                      f"# lost: {losses} faults in total"))
    said = done.stderr.decode()
    tap.check(done.returncode == 0 and said.count("\n") == 1 and
              f"nobody knows how many faults are not in it: at least {losses}" in said,
              f"that others may be missing is told, {losses} or more")
done = whatif.run("faults", "-", "--page=64k",
                  stdin=recording(lines, last="# missed: at most 0 faults\n"
                                  "# lost: 0 faults in total"))
tap.check(done.returncode == 0 and not done.stderr, "that none are missing is no news")

# ---- Refusals ----


def refused(claim, expected, *arguments, stdin, status=1):
    done = whatif.run(*arguments, stdin=stdin)
    said = done.stderr.decode()
    tap.check(done.returncode == status and said.count("\n") == 1 and expected in said and
              not done.stdout, f"{claim}: {said.strip()[-100:]!r}")


good = recording(lines)
for claim, arguments in (
        ("replacement", ("-", "-n", "4")),
        ("a TLB", ("-", "-n", "4", "-t", "4x4")),
        ("a curve", ("mrc", "-")),
        ("compiling", ("compile", "-", "/dev/shm/none")),
        ("replacement, though it is said what it is", ("-", "-n", "4", "--from=faults"))):
    refused(f"{claim} is refused", "a fault trace: it has no accesses that did not fault; "
            "replacement, miss-ratio curves, TLBs and page tables need an access trace",
            *arguments, stdin=good)
refused("accesses are no faults", "no fault trace, but accesses", "faults", "-", "--page=4k",
        stdin=b"1 R 0\n")
refused("pages cannot become smaller", "page: recorded with pages of 4096 bytes", "faults", "-",
        "--page=1k", stdin=good)
refused("a recording that was cut short", "the last line is not there", "faults", "-", "--page=4k",
        stdin=good[:good.rindex(b"# lost")])
at = good.index(b"1 1 1 minor")
refused("a line that was", f"byte {at}: cut short in the midst", "faults", "-", "--page=4k",
        stdin=good[:at] + b"1 1 1 minor\n")
refused("one that is none", f"byte {at}: expected numbers", "faults", "-", "--page=4k",
        stdin=good[:at] + good[at:].replace(b"0x40000", b"0x4z000", 1))
refused("a page before its mapping", f"byte {at}: expected numbers", "faults", "-", "--page=4k",
        stdin=good[:at] + good[at:].replace(b"900 0 ", b"900 99999999 ", 1))
for word, other, column in (("minor", "minro", "kind"), (" anon W", " anno W", "cow"),
                            (" W ", " Q ", "access"), ("user", "usr", "by"),
                            ("user anon", "user none", "mapping")):
    refused(f"another word as {column}", f"byte {at}: expected another word as {column}", "faults",
            "-", "--page=4k", stdin=good[:at] + good[at:].replace(word.encode(), other.encode(), 1))
refused("no names of columns", "a fault before the lines that tell", "faults", "-", "--page=4k",
        stdin=good.replace(b"# columns", b"# colons"))
refused("no page size", "no page size", "faults", "-", "--page=4k",
        stdin=recording([]).replace(b"# page_bytes: 4096\n", b""))
refused("a column that is missing", "no column mapping", "faults", "-", "--page=4k",
        stdin=good.replace(b" mapping ", b" "))
refused("no question", "expected a question", "faults", "-", stdin=good, status=2)
refused("a window that is no power of two", "fault-around: expected 0 or a power of two", "faults",
        "-", "--fault-around=3", stdin=good, status=2)

tap.finish()
