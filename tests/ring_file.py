# SPDX-License-Identifier: GPL-2.0
"""A ring of records in a file, which readers take for the module's: it grows as they read.

uapi/faultline.h is the layout.
"""

import mmap
import struct

PAGE = 4096
RECORD_BYTES = 256
FIRST, EXITED, UNREGISTERED, COW, COW_FILE_FIRST, COW_HUGETLB = 1, 2, 4, 8, 16, 32
PRECOPY = 256
ALL_KNOWN = COW | COW_FILE_FIRST | COW_HUGETLB | PRECOPY

# Offsets in the header.
HEAD, TICKS, TICKS_MISSED, REGISTERED = 128, 144, 152, 160

# After the name: minor, major, cow, user_ns, system_ns, rss, swap, parent_id, seven kinds, six
# figures of times, four of pre-copy.
RECORD = struct.Struct("<QQQiiII16s8Q7Q6Q4Q")
KINDS = ("anon", "zero", "file", "file_first", "ksm", "hugetlb", "remote")


class RingFile:
    """A ring of a run in which somebody is registered."""

    def __init__(self, path, capacity=65536, hz=20):
        self.path = str(path)
        self.capacity = capacity
        self.head = 0
        with open(path, "wb") as file:
            file.truncate(PAGE + capacity * RECORD_BYTES)
        with open(path, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), 0)
        struct.pack_into("<IIIIIIQII64sQQQQQQQII", self.memory, 0, 0x544c4146, 1, 168,
                         RECORD_BYTES, PAGE, 1, capacity, hz, 0, b"ftrace", 0, 0, 0,
                         0, 1, 0, 0, 1, 0)

    def set(self, offset, number):
        """Change a number of the header: HEAD, TICKS, ..."""
        self.memory[offset:offset + 8] = number.to_bytes(8, "little")

    def add(self, process, comm=b"work", flags=ALL_KNOWN, pid=100, minor=0, major=0, cow=0,
            user_ns=0, system_ns=0, rss=0, swap=0, kinds=(0,) * 7, precopy=(0,) * 4):
        """Publish a record of the registration `process`."""
        seq = self.head + 1
        at = PAGE + (seq - 1) % self.capacity * RECORD_BYTES
        record = RECORD.pack(0, seq * 1000, process, pid, 1, 1, flags, comm, minor, major, cow,
                             user_ns, system_ns, rss, swap, 0, *kinds, *(0,) * 6, *precopy)
        self.memory[at:at + RECORD_BYTES] = record
        self.memory[at:at + 8] = seq.to_bytes(8, "little")
        self.head = seq
        self.set(HEAD, seq)
