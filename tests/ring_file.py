# SPDX-License-Identifier: GPL-2.0
"""A ring of a run in which somebody is registered, as tests of serve write it."""

import rings
from rings import COW, FILE_FIRST, HEAD, HUGETLB, PRECOPY

ALL_KNOWN = COW | FILE_FIRST | HUGETLB | PRECOPY
KINDS = ("anon", "zero", "file", "file_first", "ksm", "hugetlb", "remote")


class RingFile(rings.Growing):
    """A ring whose records are published as they are added."""

    def __init__(self, path, capacity=65536, hz=20):
        super().__init__(path, capacity, hz=hz, registered=1)

    def add(self, process, comm=b"work", flags=ALL_KNOWN, pid=100, minor=0, major=0, cow=0,
            user_ns=0, system_ns=0, rss=0, swap=0, kinds=(0,) * 7, precopy=(0,) * 4):
        """Publish a record of the registration `process`."""
        self.put(time_ns=(self.head + 1) * 1000, id=process, pid=pid, ppid=1, threads=1,
                 flags=flags, comm=comm, minor=minor, major=major, cow=cow, user_ns=user_ns,
                 system_ns=system_ns, rss_bytes=rss, swap_bytes=swap, **dict(zip(KINDS, kinds)),
                 **dict(zip(("precopied", "used", "wasted", "refused"), precopy)))
        self.set(HEAD, self.head)
