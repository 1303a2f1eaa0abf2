# SPDX-License-Identifier: GPL-2.0
"""A ring that is being written: what the module counts, as numpy arrays, while it counts.

    import ring
    with ring.live() as live:
        while not live.over():
            rows = live.read()      # what is new, maybe nothing
            print(rows["time_s"], rows["minor"], live.lost)
            live.wait(1)

module/uapi/faultline.h is the protocol; monitor/ring_reader.c is the same in C.  Nothing
is written, and the writer waits for nobody.  Records are copied many at a time, which
relies on loads that stay in their order, as on x86-64.
"""

import mmap
import os
import select
import stat

import numpy as np

from profile_dat import Process

DEVICE = "/dev/faultline"

_MAGIC = 0x544c4146
_VERSION = 1
# Of the ring in the device, in course mode, too; a file holds nothing else.
_DEVICE_OFFSET = 0x100000000

_HEADER = np.dtype([
    ("magic", "u4"), ("version", "u4"), ("header_size", "u4"), ("record_size", "u4"),
    ("data_offset", "u4"), ("clock", "u4"), ("capacity", "u8"), ("hz", "u4"), ("latency", "u4"),
    ("cow_method", "S64"), ("copy_cost_ns", "u8"), ("fault_cost_ns", "u8"), ("reserved_a", "u8"),
    ("head", "u8"), ("run", "u8"), ("ticks", "u8"), ("ticks_missed", "u8"),
    ("registered", "u4"), ("reserved_b", "u4")])

_COW, _FILE_FIRST, _HUGETLB, _COPIES, _FAULTS, _PRECOPY = (1 << bit for bit in range(3, 9))

# Each column of profile.dat: its field in the record, and the flags without which it is
# not known.  A field of nanoseconds is a column of seconds.
_COLUMNS = {
    "time_s": ("time_ns", 0), "pid": ("pid", 0), "ppid": ("ppid", 0), "id": ("id", 0),
    "seq": ("seq", 0), "flags": ("flags", 0), "threads": ("threads", 0), "minor": ("minor", 0),
    "major": ("major", 0), "cow": ("cow", _COW), "user_s": ("user_ns", 0),
    "system_s": ("system_ns", 0), "rss_bytes": ("rss_bytes", 0),
    "swap_bytes": ("swap_bytes", 0), "parent_id": ("parent_id", 0),
    "cow_anon": ("cow_anon", _COW), "cow_zero": ("cow_zero", _COW),
    "cow_file": ("cow_file", _COW), "cow_file_first": ("cow_file_first", _COW | _FILE_FIRST),
    "cow_ksm": ("cow_ksm", _COW), "cow_hugetlb": ("cow_hugetlb", _COW | _HUGETLB),
    "cow_remote": ("cow_remote", _COW), "copies_timed": ("copies_timed", _COPIES),
    "copies_missed": ("copies_missed", _COPIES), "copy_s": ("copy_ns", _COPIES),
    "faults_timed": ("faults_timed", _FAULTS), "faults_missed": ("faults_missed", _FAULTS),
    "fault_s": ("fault_ns", _FAULTS), "precopied": ("precopied", _PRECOPY),
    "precopy_used": ("precopy_used", _PRECOPY), "precopy_wasted": ("precopy_wasted", _PRECOPY),
    "precopy_refused": ("precopy_refused", _PRECOPY),
}

_WHOLE = ("pid", "ppid", "id", "seq", "flags", "threads", "minor", "major")

_FIELDS = [
    ("seq", "u8"), ("time_ns", "u8"), ("id", "u8"), ("pid", "i4"), ("ppid", "i4"),
    ("threads", "u4"), ("flags", "u4"), ("comm", "V16"), ("minor", "u8"), ("major", "u8"),
    ("cow", "u8"), ("user_ns", "u8"), ("system_ns", "u8"), ("rss_bytes", "u8"),
    ("swap_bytes", "u8"), ("parent_id", "u8"), *((name, "u8") for name in (
        "cow_anon", "cow_zero", "cow_file", "cow_file_first", "cow_ksm", "cow_hugetlb",
        "cow_remote", "copies_timed", "copies_missed", "copy_ns", "faults_timed",
        "faults_missed", "fault_ns", "precopied", "precopy_used", "precopy_wasted",
        "precopy_refused"))]


class RingError(Exception):
    """There is no ring to read; the message is one line that starts with its path."""


class Live:
    """A reader's place in a ring, from the first record of the current run on.

    header: the ring's header as a numpy record, live: header["hz"], header["cow_method"]
    lost: records that were overwritten before this reader came to them
    processes: profile_dat.Process by id, of the records read so far
    """

    def __init__(self, device=DEVICE):
        """Map the ring of a device, or a file that holds one.  Raises RingError."""
        try:
            self._fd = os.open(device, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise RingError(f"{device}: {error.strerror}") from None
        try:
            self._map_ring(device)
        except RingError:
            os.close(self._fd)
            raise
        except (OSError, ValueError) as error:
            os.close(self._fd)
            raise RingError(f"{device}: not a Faultline ring: {error}") from None
        self.lost = 0
        self.processes = {}
        self._next = int(self.header["run"])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Let go of the ring, which keeps the module from being removed."""
        self.header = self._slots = None
        # Arrays that read() returned are copies: nobody holds the mapping any more.
        self._mapping.close()
        os.close(self._fd)

    def over(self):
        """Return whether no registered process is left; ask before reading the last rows."""
        return not self.header["registered"]

    def wait(self, seconds=None):
        """Sleep until there may be more rows, or so long at most."""
        poller = select.poll()
        poller.register(self._fd, select.POLLIN)
        if poller.poll(None if seconds is None else seconds * 1000) and self._is_device():
            os.read(self._fd, 8)

    def read(self):
        """Return the rows that are new, in the order of their numbers.

        A structured array of shape (rows,), as profile_dat.read() has: *_s in seconds,
        *_bytes in bytes, the rest counts or names; float64 with NaN for what is not known,
        int64 for what always is.
        """
        head, capacity = int(self.header["head"]), int(self.header["capacity"])
        first = self._next
        if head - first >= capacity:
            # Lapped; the oldest slot is where the writer goes next.
            first = head - capacity + 2
            self.lost += first - self._next
        numbers = np.arange(first, head + 1, dtype=np.uint64)
        places = ((numbers - np.uint64(1)) % np.uint64(capacity)).astype(np.intp)
        before = self._slots["seq"][places] == numbers
        raw = self._slots[places]
        whole = before & (self._slots["seq"][places] == numbers)
        self.lost += int(np.count_nonzero(~whole))
        self._next = max(first, head + 1)
        raw = raw[whole]
        self._name(raw)
        return _rows(raw)

    def _is_device(self):
        return stat.S_ISCHR(os.fstat(self._fd).st_mode)

    def _map_ring(self, device):
        offset = _DEVICE_OFFSET if self._is_device() else 0
        with mmap.mmap(self._fd, mmap.PAGESIZE, mmap.MAP_SHARED, mmap.PROT_READ,
                       offset=offset) as page:
            header = np.frombuffer(page[:_HEADER.itemsize], _HEADER)[0]
        if header["magic"] != _MAGIC:
            raise RingError(f"{device}: not a Faultline ring: magic is {header['magic']:08x}")
        if header["version"] != _VERSION:
            raise RingError(f"{device}: ring of version {header['version']}, "
                            f"this reads version {_VERSION}")
        fields = np.dtype(_FIELDS)
        if (header["record_size"] < fields.itemsize or not header["capacity"]
                or header["data_offset"] < _HEADER.itemsize):
            raise RingError(f"{device}: a Faultline ring whose header contradicts itself")
        capacity, size = int(header["capacity"]), int(header["record_size"])
        self._mapping = mmap.mmap(self._fd, int(header["data_offset"]) + capacity * size,
                                  mmap.MAP_SHARED, mmap.PROT_READ, offset=offset)
        self.header = np.ndarray((), _HEADER, self._mapping)
        self._slots = np.ndarray((capacity,), fields, self._mapping,
                                 int(header["data_offset"]), (size,))

    def _name(self, raw):
        """Remember who the processes of these records are, as last described."""
        ids, last = np.unique(raw["id"][::-1], return_index=True)
        for process, row in zip(ids.tolist(), raw[::-1][last]):
            self.processes[process] = Process(process, int(row["pid"]), int(row["ppid"]),
                                              _word(bytes(row["comm"]).split(b"\0")[0]))


def live(device=DEVICE):
    """Return a Live reader of the device's ring.  Raises RingError if there is none."""
    return Live(device)


def _word(comm):
    """Return a name as profile.dat has it: one word, the rest as \\xNN."""
    return "".join(chr(byte) if 0x20 < byte < 0x7f and byte != 0x5c else f"\\x{byte:02x}"
                   for byte in comm or b"\0")


def _rows(raw):
    """Return raw records as rows with the columns of a profile."""
    rows = np.empty(len(raw), [(name, np.int64 if name in _WHOLE else np.float64)
                               for name in _COLUMNS])
    for name, (field, flags) in _COLUMNS.items():
        values = raw[field] / 1e9 if field.endswith("_ns") else raw[field]
        known = raw["flags"] & flags == flags
        rows[name] = np.where(known, values, np.nan) if flags else values
    return rows
