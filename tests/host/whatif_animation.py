#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The page of faultline-whatif animate tells what the simulation does, step by step, and a
browser shows it, forwards and backwards, without asking anybody for anything."""

import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))

import tap  # noqa: E402
import whatif  # noqa: E402
import whatif_twins  # noqa: E402

FOLDER = tempfile.TemporaryDirectory()
HOSTILE = "<b>x&\"'.txt"
WROTE, FAULTED, MISSED = 1, 2, 4
STEP_PAGE, FLAGS, ACCESSES, FAULTS, MISSES, FRAMES, ENTRIES = range(7)


def path(name):
    return os.path.join(FOLDER.name, name)


def page(*arguments, stdin=b""):
    """The page, and its data."""
    done = whatif.run("animate", *arguments, stdin=stdin)
    if done.returncode:
        raise RuntimeError(done.stderr.decode())
    text = done.stdout.decode()
    return text, json.loads(re.search(r'(?s)id="data">(.*?)</script>', text)[1])


def after(data):
    """What is in frames and entries after each step."""
    frames, entries = [-1] * data["frames"], [-1] * data["entries"]
    for step in data["steps"]:
        for places, changes in (frames, step[FRAMES]), (entries, step[ENTRIES]):
            for place, new in zip(changes[::2], changes[1::2]):
                places[place] = new
        yield step, frames, entries


def slow_tlb(accesses, entries, ways, gone):
    """What is in the sets after each access, by lists that are searched."""
    sets = [[] for _ in range(entries // ways)]
    for (number, _), left in zip(accesses, gone):
        for one in sets:
            one[:] = [other for other in one if other not in left]
        mine = sets[number % len(sets)]
        missed = number not in mine
        if not missed:
            mine.remove(number)
        mine.append(number)
        del mine[:-ways]
        yield missed, [set(one) for one in sets]


# ---- What the page is told ----

draw = random.Random(4)
ACCESSES_MADE = [(draw.randrange(40), draw.random() < 0.3)]
while len(ACCESSES_MADE) < 900:
    number = int(40 * draw.random() ** 2)
    # No two in a row are to the same page: a step is an access.
    if number != ACCESSES_MADE[-1][0]:
        ACCESSES_MADE.append((number, draw.random() < 0.3))
STDIN = whatif.text(ACCESSES_MADE)
for policy in "fifo", "lru", "clock", "wsclock":
    _, data = page("-", "-n12", "-P", policy, "-t8x2", stdin=STDIN)
    number = {int(key): int(value[1], 16) for key, value in data["pages"].items()}
    twin = whatif_twins.TWINS[policy](12, 120, ACCESSES_MADE)
    wrong, left, shown = [], [], []
    before = set()
    for at, ((step, frames, entries), access) in enumerate(zip(after(data), ACCESSES_MADE)):
        there = {number[one] for one in frames if one >= 0}
        twin_faults = twin.access(*access)
        twin_there = set(twin.pages if hasattr(twin, "pages") else twin.page) - {None}
        left.append(before - there)
        before = there
        shown.append([{number[one] for one in entries[first:first + 2] if one >= 0}
                      for first in range(0, 8, 2)])
        if (number[step[STEP_PAGE]], bool(step[FLAGS] & WROTE), bool(step[FLAGS] & FAULTED),
                there) != (*access, twin_faults, twin_there):
            wrong.append(at)
    tap.check(not wrong and len(data["steps"]) == len(ACCESSES_MADE),
              f"{policy}: each step is its twin's access, fault and memory {wrong[:3]}")
    tlb = list(slow_tlb(ACCESSES_MADE, 8, 2, left))
    tap.check([(bool(step[FLAGS] & MISSED), sets) for step, sets in zip(data["steps"], shown)] ==
              tlb, f"{policy}: what is in the TLB is what a slow one has")

TRACE = path("trace")
whatif.run("gen", "locality", "-n", "3000", "-a", "50000", "-o", TRACE)
rows = whatif.rows(TRACE, "-n", "200", "-P", "all", "-t", "16x4")
wrong = []
for row in rows:
    text, data = page(TRACE, "-n200", "-P", row["policy"], "-S", "300")
    sums = [sum(step[column] for step in data["steps"]) for column in (ACCESSES, FAULTS, MISSES)]
    full = [len(set(frames) - {-1}) == 200 - frames.count(-1) and step[STEP_PAGE] in frames
            for step, frames, _ in after(data)]
    if sums != [50000, int(row["faults"]), int(row["tlb_misses"])] or len(data["steps"]) > 300 \
            or not all(full):
        wrong.append(row["policy"])
tap.check(not wrong and len(rows) == 13, "of every policy a page of few steps counts all accesses, "
          f"faults and TLB misses, and no page is in two frames {wrong}")

# ---- What a browser shows of it ----

options = webdriver.ChromeOptions()
for argument in ("--headless", "--no-sandbox", "--window-size=1320,1100"):
    options.add_argument(argument)
options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
browser = webdriver.Chrome(options=options)


def show(name, *arguments):
    """Have the browser show the page of a trace."""
    out = path("page.html")
    done = whatif.run("animate", name, "-o", out, *arguments)
    if done.returncode or done.stdout:
        raise RuntimeError(done.stderr.decode())
    browser.get_log("performance")
    browser.get("file://" + out)


def find(selector):
    return browser.find_elements(By.CSS_SELECTOR, selector)


def text_of(selector):
    return browser.execute_script("return document.querySelector(arguments[0]).innerText", selector)


def press(*keys):
    find("body")[0].send_keys(*keys)


def tiles():
    """Accesses, faults, TLB misses, and pages in memory."""
    return [int(one.split()[0].replace(",", "")) for one in browser.execute_script(
        "return [...document.querySelectorAll('#tiles dd')].map(one => one.innerText)")]


with open(path(HOSTILE), "wb") as file:
    file.write(STDIN)
show(path(HOSTILE), "-n12", "-P", "fifo", "-t8x2")
urls = [json.loads(entry["message"])["message"]["params"]["request"]["url"]
        for entry in browser.get_log("performance")
        if json.loads(entry["message"])["message"]["method"] == "Network.requestWillBeSent"]
tap.check([url.split(":")[0] for url in urls if not url.startswith("data:")] == ["file"],
          f"the page asks for nothing ({len(urls)} requests)")
with open(path("page.html"), encoding="utf-8") as file:
    source = file.read()
tap.check(not re.search(r"(?i)https?://(?!www\.w3\.org/2000/svg)|@import|url\(", source) and
          "default-src 'none'" in source, "and has nowhere to ask")
tap.check(text_of("h1") == HOSTILE and not find("h1 b"), "a file's name is text and nothing else")
seen = []
for _ in range(70):
    seen.append(text_of("main"))
    browser.execute_script("go(state.at + 1)")
FIFO = page("-", "-n12", "-P", "fifo", "-t8x2", stdin=STDIN)[1]
faults = [step[FAULTS] for step in FIFO["steps"]]
tap.check(tiles()[:2] == [70, sum(faults[:70])], f"after 70 steps it counts {sum(faults[:70])} "
          "faults")
backwards = []
for _ in range(70):
    press(Keys.ARROW_LEFT)
    backwards.append(text_of("main"))
tap.check(backwards[::-1] == seen and len(set(seen)) == 70,
          "70 steps back show what was shown before each")
press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
tap.check("step 3 of 900" in text_of("#label"), "the right key is a step")
press(Keys.END)
row = whatif.rows("-", "-n", "12", "-P", "fifo", "-t", "8x2", stdin=STDIN)[0]
tap.check(tiles() == [900, int(row["faults"]), int(row["tlb_misses"]), 12],
          "the end key shows the end, where it counts what the program tells")
press(Keys.HOME)
tap.check(tiles() == [0, 0, 0, 0], "the home key shows the start")
press(Keys.SPACE)
deadline = time.monotonic() + 60
while tiles()[0] < 3 and time.monotonic() < deadline:
    time.sleep(0.1)
playing = text_of("#play")
press(Keys.SPACE)
stopped = tiles()[0]
time.sleep(1)
tap.check(playing == "Pause" and stopped >= 3 and text_of("#play") == "Play" and
          tiles()[0] == stopped, "space plays, and space pauses")
find("#last")[0].click()
press(Keys.SPACE)
tap.check(text_of("#play") == "Pause" and tiles()[0] < 900,
          "a key does its own work, whatever button has the focus; after the end it plays anew")
press(Keys.SPACE)
tap.check(len(find(".strip")) == 4 and not find(".badge"), "four levels are shown, and no badge")

show(TRACE, "-n200", "-S300", "-p2m", "-T5")
tap.check("sampled: each step is" in text_of(".badge") and len(find(".strip")) == 4,
          "a page that is sampled says so; pages of 2 MB have a level less than 5")
show(path(HOSTILE), "-n12", "-p64k")
tap.check(not find("#walk")[0].is_displayed() and "no page tables" in text_of(".facts"),
          "where there can be no page tables, none are shown")
colours = []
for scheme in "light", "dark":
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
        {"name": "prefers-color-scheme", "value": scheme}]})
    back = find("body")[0].value_of_css_property("background-color")
    colours.append(sum(map(int, re.findall(r"\d+", back)[:3])))
tap.check(colours[0] > 700 and colours[1] < 100, "it is dark where that is preferred")
tap.check(browser.get_log("browser") == [], "the browser has nothing to complain of")
browser.quit()

# ---- What is refused ----

for arguments, expected, status in (
        (("-n0",), "frames: expected a whole number from 1 to 1024", 2),
        (("-n9999",), "frames: expected a whole number from 1 to 1024", 2),
        (("-P", "best"), "policy: expected one of fifo, lru", 2),
        (("-P", "lirs", "-n1"), "lirs: expected at least 2 frames, not 1", 2),
        (("-t2048x4",), "tlb: expected at most 1024 entries", 2),
        (("-S0",), "steps: expected a whole number from 1", 2),
        (("-T6",), "table: expected a whole number from 1 to 5", 2),
        (("-T1", "-p2m"), "table: 1 cannot have pages of 2097152 bytes", 1),
        (("-o", "/dev/full"), "/dev/full: No space left", 1),
        (("-o", "/none/x"), "/none/x: No such file", 1)):
    done = whatif.run("animate", "-", *arguments, stdin=STDIN)
    tap.check(done.returncode == status and done.stderr.count(b"\n") == 1 and not done.stdout and
              expected in done.stderr.decode(), f"{' '.join(arguments)} is refused: {expected}")
limited = subprocess.run(["sh", "-c", 'ulimit -f 1; trap "" XFSZ; exec "$@"', "sh", whatif.PROGRAM,
                          "animate", TRACE, "-o", path("full.html")], capture_output=True)
tap.check(limited.returncode == 1 and limited.stderr.count(b"\n") == 1 and
          not os.path.exists(path("full.html")), "where there is no room, nothing is left")
tap.finish()
