#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""case_studies/ring.py reads the device while the module writes: what it has is what the
kernel says of the process, and what faultline records."""

import contextlib
import mmap
import os
import signal
import subprocess

import numpy as np

import profile_dat
import ring
from tap import check, finish

PAGES = 1000
SECONDS = 60


def stop():
    os.kill(os.getpid(), signal.SIGSTOP)


def child():
    """Write so many pages between two stops."""
    memory = mmap.mmap(-1, PAGES * mmap.PAGESIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with contextlib.suppress(OSError):      # a kernel that has no huge pages
        memory.madvise(mmap.MADV_NOHUGEPAGE)
    stop()
    for page in range(PAGES):
        memory[page * mmap.PAGESIZE] = 1
    stop()
    os._exit(0)


def go_on(pid):
    """Let it run until it stops again or ends."""
    os.kill(pid, signal.SIGCONT)
    os.waitpid(pid, os.WUNTRACED)


def minor_faults(pid):
    """Return those of a process, as the kernel has them in the tenth field."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        return int(stat.read().rpartition(")")[2].split()[7])


def read_until(live, enough):
    """Return the rows up to those that are enough, or those that came in a minute's waits."""
    parts = []
    for _ in range(SECONDS):
        live.wait(1)
        parts.append(live.read())
        if enough(parts[-1]):
            break
    return np.concatenate(parts)


def same(rows, profile):
    """Return whether rows are those of a profile, column by column."""
    return len(rows) == len(profile.rows) and all(
        np.allclose(rows[name], profile.rows[name], rtol=1e-14, equal_nan=True)
        for name in profile.rows.dtype.names)


def read_to_end(live):
    """Return the rows up to the last one of the last process."""
    parts = []
    for _ in range(SECONDS):
        # In this order: who sees that it is over sees what came before.
        over = live.over()
        parts.append(live.read())
        if over:
            break
        live.wait(1)
    return np.concatenate(parts)


subprocess.run(["insmod", "./faultline.ko", "latency=copy"], check=True)
live = ring.live()
check(live.over() and live.read().shape == (0,),
      "a ring without a process has no rows, and is over")

pid = os.fork()
if not pid:
    child()
os.waitpid(pid, os.WUNTRACED)
before = minor_faults(pid)
with open("/proc/faultline/status", "w", encoding="ascii") as status:
    status.write(f"R {pid}\n")
live.wait(SECONDS)
rows = live.read()
check(len(rows) and set(rows["pid"]) == {pid} and not live.over(),
      "wait() ends when there are rows, and they are of the process that was registered")
go_on(pid)
counted = minor_faults(pid) - before
rows = np.concatenate([rows, read_until(live, lambda new: counted in new["minor"])])
check(rows[-1]["minor"] == counted >= PAGES,
      f"they count the minor faults that the kernel does: {rows[-1]['minor']} of {counted}")
go_on(pid)
rows = np.concatenate([rows, read_to_end(live)])
check(rows[-1]["flags"] & profile_dat.FLAG_EXITED and live.over(),
      "the last one says that the process has exited")
check((np.diff(rows["time_s"]) >= 0).all() and (np.diff(rows["seq"]) == 1).all()
      and not live.lost,
      f"none of {len(rows)} is missing, and time goes on")

subprocess.run(["./faultline_full", "record", "--dump", "-o", "profile.dat"], check=True)
profile = profile_dat.read("profile.dat")
check(same(rows, profile) and live.processes == profile.processes,
      "faultline records the same rows, and the same process")
method = live.header["cow_method"].item().decode()
check(method == profile.header["cow"] and live.header["hz"] == 20,
      f"the header has the method of counting copies: {profile.header['cow']}")
removed = subprocess.run(["rmmod", "faultline"], stderr=subprocess.DEVNULL).returncode
check(removed, "a reader keeps the module")
live.close()
check(subprocess.run(["rmmod", "faultline"]).returncode == 0, "until it is closed")
finish()
