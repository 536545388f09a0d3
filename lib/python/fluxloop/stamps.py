"""Identifiers and times, at little cost."""

import os
import time
from itertools import count

from .native import fast


def _renew():
    """Choose the prefix of this process's identifiers, and where their count starts."""
    global _prefix, _counter
    digits = os.urandom(16).hex()
    _prefix = "%s-%s-4%s-%s%s-" % (
        digits[:8],
        digits[8:12],
        digits[13:16],
        "89ab"[int(digits[16], 16) & 3],
        digits[17:20],
    )
    _counter = count(int(digits[20:], 16) >> 1)  # room to count up


_renew()
if hasattr(os, "register_at_fork"):
    # A forked child must not make the same identifiers as its parent.
    os.register_at_fork(after_in_child=_renew)


def new_id():
    """Return a UUID (version 4) as text: 74 bits are random, once for the process; the
    last 48 are a count that starts at random."""
    return "%s%012x" % (_prefix, next(_counter))


_second = (None, "")


def utc_now():
    """Return the current time as ISO 8601 UTC: 2025-10-04T14:09:02.458196+00:00."""
    global _second
    second, rest = divmod(time.time_ns(), 1000000000)
    known, text = _second  # one read: another thread may replace it
    if known != second:
        text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        _second = (second, text)
    return "%s.%06d+00:00" % (text, rest // 1000)


if fast:
    utc_now = fast.utc_now


def local_now():
    """Return the current local time as ISO 8601 without an offset, for recordings."""
    second, rest = divmod(time.time_ns(), 1000000000)
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(second))
    return "%s.%06d" % (text, rest // 1000)
