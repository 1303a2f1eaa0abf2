# SPDX-License-Identifier: GPL-2.0
"""A profile: what `monitor > profile.dat` recorded, and the figures taken from it.

A profile is text: lines that start with `#` describe the run, every other line
is one sample of one process, its columns named by the `# columns:` line.
Counters in it count from the registration of their process on and never go
back.  A process is known by its id; a pid may come back under another id.

    import profile_dat
    run = profile_dat.read("profile.dat")
    run.rows["minor"]                       # shape (samples,)
    run.rows[run.rows["id"] == 3]["time_s"]
    profile_dat.total(run, "cow")           # of all processes, over time

ring.py reads the same rows from the device, while they are written.
"""

import re
from dataclasses import dataclass

import numpy as np

FORMAT = 1
NOT_AVAILABLE = "n/a"

FLAG_EXITED = 1 << 1
FLAG_UNREGISTERED = 1 << 2


class ProfileError(Exception):
    """A profile cannot be used; the message is one line that starts with its path."""


@dataclass(frozen=True)
class Process:
    """One registration; comm is as written in the profile, unprintables as \\xNN."""

    id: int
    pid: int
    ppid: int
    comm: str


@dataclass(frozen=True)
class Profile:
    """One recorded run.

    path: where it was read from
    header: text of each `# name: value` line by name, except those below
    rows: structured array, one element per sample in the order of the file,
        columns by name: *_s in seconds, *_bytes in bytes, parent_id an id or 0
        for none, the rest are counts; what could not be counted is NaN, and so
        is all of a column that came later than the profile
    processes: Process by id, as last described
    latency: what of copy-on-write faults was timed, "off", "copy", "fault" or
        "n/a", in the order of the changes; () if the profile does not say
    latency_cost_s: what an empty measurement reads, in seconds, by "copy" and
        "fault", as last known: it is in every time of copy_s and fault_s; NaN
        if not known
    lost: records that the monitor was too slow to see, or None if not known
        because the recording was cut short
    histograms: how long what was timed took, by "copy" and "fault": arrays of shape
        (buckets, 3) of from and to, in seconds, half-open, and how many; {} if the
        profile does not say
    """

    path: str
    header: dict[str, str]
    rows: np.ndarray
    processes: dict[int, Process]
    latency: tuple[str, ...]
    latency_cost_s: dict[str, float]
    lost: int | None
    histograms: dict[str, np.ndarray]


# ---- Reading ----


def read(path):
    """Return the Profile in the file at path; it may have no rows.

    Raises ProfileError ("path:line: what was expected") if the file cannot be
    read, is no profile, or breaks the format.
    """
    lines = _finished_lines(path)
    header, processes, lost = {}, {}, None
    latency, latency_cost_s = [], {"copy": np.nan, "fault": np.nan}
    columns, rows, histograms = {}, [], {}

    try:
        number = 1
        _check_format(lines)
        for number, line in enumerate(lines[1:], 2):
            if not line.startswith("#"):
                rows.append(_row(line, columns))
                continue
            name, _, value = line[1:].strip().partition(": ")
            if name == "columns":
                if columns:
                    raise ValueError("expected one profile in one file, found a second one")
                columns = _columns(value)
            elif name == "process":
                process = _process(value)
                processes[process.id] = process
            elif name == "latency":
                latency.append(value)
            elif name == "latency_cost_ns":
                latency_cost_s = _latency_cost(value)
            elif name == "lost":
                lost = _lost_total(value)
            elif name == "histogram":
                measure, _, buckets = value.partition(" ")
                histograms.setdefault(measure, []).extend(_buckets(buckets))
            else:
                header[name] = value
        if not columns:
            raise ValueError("expected a line '# columns: ...'")
    except ValueError as error:
        raise ProfileError(f"{path}:{number}: {error}") from None

    profile = Profile(path, header, _array(rows, columns), processes, tuple(latency),
                      latency_cost_s, lost,
                      {name: np.array(buckets) for name, buckets in histograms.items()})
    _check_order(profile)
    return profile


def read_to_draw(path):
    """Return the Profile in the file at path, as read() does.

    Raises ProfileError also if the profile has no rows.
    """
    profile = read(path)
    if not len(profile.rows):
        raise ProfileError(f"{path}: expected at least one row to draw")
    return profile


def _finished_lines(path):
    """Return the lines of a file that end in a newline.

    A monitor that was killed leaves half a line, whose last number may lack
    digits and yet look whole: the missing newline is the only trace.
    """
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().split("\n")[:-1]
    except OSError as error:
        raise ProfileError(f"{path}: {error.strerror}") from None


def _check_format(lines):
    """Raise ValueError unless lines start as a profile of this format does."""
    match = re.fullmatch(r"# faultline profile, format ([0-9]+)", lines[0] if lines else "")
    if not match:
        raise ValueError(f"expected '# faultline profile, format {FORMAT}'")
    if int(match[1]) != FORMAT:
        raise ValueError(f"expected format {FORMAT}, found format {match[1]}")


def _check_order(profile):
    """Raise ProfileError if a process's time or faults go back: all sums rely on it."""
    for rows in series(profile).values():
        for column in ("time_s", "minor", "major", "cow", *_LATER_COUNTERS):
            back = np.flatnonzero(np.diff(rows[column]) < 0)
            if len(back):
                raise ProfileError(f"{profile.path}: expected {column} of a process never to go "
                                   f"back, found so at seq {rows['seq'][back[0] + 1]}")


def _whole(text):
    # int() alone would take 1_000 and -1, and more than an int64 holds.
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise ValueError(f"expected a whole number, found {text!r}")
    return int(text)


def _decimal(text):
    # float() alone would take nan and inf.
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        raise ValueError(f"expected a decimal number, found {text!r}")
    return float(text)


def _decimal_if_available(text):
    return np.nan if text == NOT_AVAILABLE else _decimal(text)


_COLUMNS = {
    "time_s": _decimal,
    "pid": _whole,
    "ppid": _whole,
    "id": _whole,
    "seq": _whole,
    "flags": _whole,
    "threads": _whole,
    "minor": _whole,
    "major": _whole,
    "cow": _decimal_if_available,
    "user_s": _decimal,
    "system_s": _decimal,
    "rss_bytes": _decimal_if_available,
    "swap_bytes": _decimal_if_available,
}


# What monitors did not write from the beginning.
_LATER_COUNTERS = (
    "cow_anon", "cow_zero", "cow_file", "cow_file_first", "cow_ksm", "cow_hugetlb", "cow_remote",
    "copies_timed", "copies_missed", "copy_s", "faults_timed", "faults_missed", "fault_s",
    "precopied", "precopy_used", "precopy_wasted", "precopy_refused",
)
_LATER_COLUMNS = ("parent_id", *_LATER_COUNTERS)


def _columns(value):
    """Return the converter of each column by name, in the order of the file."""
    names = value.split()
    for name in (*_COLUMNS, *_LATER_COLUMNS):
        found = names.count(name)
        if found > 1 or (not found and name in _COLUMNS):
            raise ValueError(f"expected one column {name}, found {found}")
    return {name: _COLUMNS.get(name, _decimal_if_available) for name in names}


def _array(rows, columns):
    """Return rows as a structured array; later columns that they lack are NaN."""
    lacking = [name for name in _LATER_COLUMNS if name not in columns]
    types = [(name, np.int64 if convert is _whole else np.float64)
             for name, convert in columns.items()]
    types += [(name, np.float64) for name in lacking]
    return np.array([row + (np.nan,) * len(lacking) for row in rows], types)


def _row(line, columns):
    """Return one sample as a tuple with a number for each of the columns."""
    if not columns:
        raise ValueError("expected '# columns: ...' before the first row")
    fields = line.split()
    if len(fields) != len(columns):
        raise ValueError(f"expected {len(columns)} fields, found {len(fields)}")
    return tuple(convert(field) for convert, field in zip(columns.values(), fields))


def _process(value):
    """Return the Process that a `# process:` line describes."""
    match = re.fullmatch(r"id=([0-9]+) pid=([0-9]+) ppid=([0-9]+) comm=(\S*)", value)
    if not match:
        raise ValueError("expected '# process: id=N pid=N ppid=N comm=NAME'")
    return Process(int(match[1]), int(match[2]), int(match[3]), match[4])


def _latency_cost(value):
    """Return the seconds that a `# latency_cost_ns:` line gives, by what was measured."""
    match = re.fullmatch(r"copy=([0-9]+|n/a) fault=([0-9]+|n/a)", value)
    if not match:
        raise ValueError("expected '# latency_cost_ns: copy=N|n/a fault=N|n/a'")
    return {"copy": _decimal_if_available(match[1]) / 1e9,
            "fault": _decimal_if_available(match[2]) / 1e9}


def _buckets(value):
    """Return (from, to, count) of each bucket that a `# histogram:` line gives."""
    if not re.fullmatch(r"([0-9]+-[0-9]+:[0-9]+,)*[0-9]+-[0-9]+:[0-9]+", value):
        raise ValueError("expected '# histogram: copy|fault FROM-TO:COUNT,...'")
    numbers = [map(int, re.split("[-:]", bucket)) for bucket in value.split(",")]
    return [(start / 1e9, end / 1e9, count) for start, end, count in numbers]


def _lost_total(value):
    """Return the total of a `# lost:` line, None if it tells of one gap only."""
    match = re.fullmatch(r"([0-9]+) records (in total|before seq [0-9]+)", value)
    if not match:
        raise ValueError("expected '# lost: N records in total' or '... before seq M'")
    return int(match[1]) if match[2] == "in total" else None


# ---- What the studies ask of a profile (one that has rows) ----


def series(profile):
    """Return the rows of each process by id, in the order of the file."""
    by_id = profile.rows[np.argsort(profile.rows["id"], kind="stable")]
    ids, starts = np.unique(by_id["id"], return_index=True)
    return dict(zip(ids.tolist(), np.split(by_id, starts[1:])))


def total(profile, column):
    """Return (time, sum): a counter summed over all processes, at every time of a sample.

    Both have shape (times,); time is in seconds since the earliest record.  A
    process adds 0 before its first record and its last known value ever after.
    The sum is NaN while it includes a process whose counter is.
    """
    time = np.unique(profile.rows["time_s"])
    summed = np.zeros(len(time))
    for rows in series(profile).values():
        known = np.concatenate(([0], rows[column]))
        summed += known[np.searchsorted(rows["time_s"], time, side="right")]
    return time - time[0], summed


def final(profile, column):
    """Return the sum over all processes of a counter in their last records."""
    return sum(rows[column][-1] for rows in series(profile).values())


def completion_time(profile):
    """Return the seconds from the first record to the last over all processes.

    Raises ProfileError if that is no time at all.
    """
    seconds = np.ptp(profile.rows["time_s"])
    if seconds == 0:
        raise ProfileError(f"{profile.path}: expected records of more than one instant")
    return seconds


def unended(profile):
    """Return how many processes were still running and registered when the profile ends."""
    ended = FLAG_EXITED | FLAG_UNREGISTERED
    return sum(not rows["flags"][-1] & ended for rows in series(profile).values())


def cpus(profile):
    """Return the number of CPUs of the machine, or None if the profile does not say."""
    match = re.search(r" x ([1-9][0-9]*)$", profile.header.get("cpu", NOT_AVAILABLE))
    return int(match[1]) if match else None


def cpu_utilisation(profile):
    """Return the CPU time that all processes used, in % of what the run offered.

    That is of all CPUs, or of one CPU if cpus() is None.  Raises ProfileError
    as completion_time() does.
    """
    used = final(profile, "user_s") + final(profile, "system_s")
    return 100 * used / (completion_time(profile) * (cpus(profile) or 1))


# ---- Captions ----


def caption(profiles):
    """Return what a reader must know about the machine and the runs behind a figure."""
    facts = [*dict.fromkeys(_machine(profile) for profile in profiles), _dates(profiles)]
    if any("TCG" in profile.header.get("cpu", "") for profile in profiles):
        facts.append("software emulation (QEMU TCG): times are not those of hardware")
    if any(profile.lost is None for profile in profiles):
        facts.append("lost unknown (recording cut short)")
    elif any(profile.lost for profile in profiles):
        facts.append(f"{sum(profile.lost for profile in profiles)} records lost")
    return "; ".join(facts)


def _machine(profile):
    kernel = profile.header.get("kernel", NOT_AVAILABLE)
    memory = profile.header.get("memory_bytes", NOT_AVAILABLE)
    if memory.isdecimal():
        memory = f"{int(memory) / 2**30:.2f} GiB"
    return f"kernel {kernel}, memory {memory}"


def _dates(profiles):
    """Return when the runs were recorded: one date, or the first and the last."""
    dates = sorted(profile.header.get("recorded", NOT_AVAILABLE)
                   .replace("T", " ").replace("Z", " UTC") for profile in profiles)
    return "recorded " + " to ".join(dict.fromkeys((dates[0], dates[-1])))
