# SPDX-License-Identifier: GPL-2.0
"""What a program would have done in another memory: faultline-whatif as a library.

    import faultline_whatif
    with faultline_whatif.Trace("ls.txt") as trace:
        print(trace.accesses, trace.pages)
        print({policy: trace.faults(policy, 64) for policy in faultline_whatif.policies()})
        print(trace.curve([16, 32, 64]))        # under LRU, from one pass over the trace

whatif/faultline_whatif.h is the same in C.  Threads may share a trace: while it is replayed,
other Python runs.
"""

import os

import cffi

_DECLARATIONS = """
struct faultline_whatif;
struct faultline_whatif *faultline_whatif_open(const char *path, const char *from,
                                               uint64_t page_bytes);
uint64_t faultline_whatif_accesses(const struct faultline_whatif *trace);
uint64_t faultline_whatif_pages(const struct faultline_whatif *trace);
uint64_t faultline_whatif_page_bytes(const struct faultline_whatif *trace);
bool faultline_whatif_sampled(const struct faultline_whatif *trace);
const char *faultline_whatif_policy(uint32_t number);
bool faultline_whatif_replay(const struct faultline_whatif *trace, const char *policy,
                             uint64_t frames, uint64_t *faults);
bool faultline_whatif_curve(const struct faultline_whatif *trace, const uint64_t *frames,
                            uint64_t count, uint64_t *faults);
void faultline_whatif_close(struct faultline_whatif *trace);
const char *faultline_whatif_error(void);
"""

_NAME = "libfaultline-whatif.so"
# Beside this file, where it is built, and where it is installed.
_FOLDERS = ".", "../whatif", "../../lib/faultline"


class WhatifError(Exception):
    """It cannot be told; the message is one line."""


def _load():
    here = os.path.dirname(os.path.realpath(__file__))
    for folder in _FOLDERS:
        path = os.path.join(here, folder, _NAME)
        if os.path.exists(path):
            return _ffi.dlopen(path)
    raise ImportError(f"{_NAME}: not found; 'make -C whatif' builds it")


_ffi = cffi.FFI()
_ffi.cdef(_DECLARATIONS)
_library = _load()


def policies():
    """Return the names of all policies."""
    names = []
    while name := _library.faultline_whatif_policy(len(names)):
        names.append(_ffi.string(name).decode())
    return names


class Trace:
    """A trace of accesses to memory.

    accesses, pages: how many there are, and to how many distinct pages
    page: bytes of a page, or None if the pages are objects without a size
    sampled: are only some accesses in it, of when somebody looked?
    """

    def __init__(self, path, source=None, page=0):
        """Open a file, in the format that is called source if it does not show.

        Raises WhatifError, and so does every call that cannot be answered.
        """
        self._trace = _library.faultline_whatif_open(
            _text(os.fsencode(path)), _text(source.encode()) if source else _ffi.NULL,
            _number(page))
        _check(self._trace)
        self.accesses = _library.faultline_whatif_accesses(self._trace)
        self.pages = _library.faultline_whatif_pages(self._trace)
        self.page = _library.faultline_whatif_page_bytes(self._trace) or None
        self.sampled = _library.faultline_whatif_sampled(self._trace)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Forget the trace."""
        if self._trace:
            _library.faultline_whatif_close(self._trace)
        self._trace = None

    def faults(self, policy, frames):
        """Return how many accesses fault under a policy, with so many frames."""
        faults = _ffi.new("uint64_t *")
        _check(_library.faultline_whatif_replay(self._open(), _text(policy.encode()),
                                                _number(frames), faults))
        return faults[0]

    def curve(self, frames):
        """Return how many accesses fault under LRU, for each number of frames in a list."""
        faults = _ffi.new("uint64_t[]", len(frames))
        counts = _ffi.new("uint64_t[]", [_number(count) for count in frames])
        _check(_library.faultline_whatif_curve(self._open(), counts, len(frames), faults))
        return list(faults)

    def _open(self):
        if not self._trace:
            raise WhatifError("the trace is closed")
        return self._trace


def _number(value):
    """What C takes: anything else would wrap, or raise OverflowError."""
    if not 0 <= value < 2 ** 64:
        raise WhatifError(f"expected a number from 0 to 2^64 - 1, not {value}")
    return value


def _text(value):
    """C would stop reading at the NUL."""
    if b"\0" in value:
        raise WhatifError(f"expected a text without NUL, not {value!r}")
    return value


def _check(good):
    if not good:
        raise WhatifError(_ffi.string(_library.faultline_whatif_error()).decode(
            errors="backslashreplace"))
