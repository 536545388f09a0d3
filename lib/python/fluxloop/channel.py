"""The two ends of the agent protocol: lines out, lines in."""

import os
from _thread import RLock
from collections import deque


class Channel:
    """The protocol's output: whole lines, from whichever thread.

    Once the reader is gone `broken` is set and lines are dropped: a handler
    that still runs must not stumble over it.
    """

    def __init__(self, descriptor):
        self.descriptor = descriptor
        self.lock = RLock()
        self.broken = False
        self._lines = []

    def put(self, line):
        """Keep a line until the next flush."""
        with self.lock:
            self._lines.append(line)

    def send(self, line):
        """Write a line now, after those that were kept."""
        with self.lock:
            self._lines.append(line)
            self.flush()

    def flush(self):
        with self.lock:
            if not self._lines:
                return
            data = "".join(self._lines).encode("utf-8", "backslashreplace")
            self._lines = []
            if not self.broken:
                self._write(data)

    def abandon(self):
        """Drop everything from now on: in a forked child the stream is not ours."""
        self.broken, self._lines, self.lock = True, [], RLock()

    def _write(self, data):
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self.descriptor, rest) :]
            except BlockingIOError:
                from select import select

                select((), (self.descriptor,), ())
            except OSError:
                self.broken = True
                return


class Reader:
    """The protocol's input: `ready` holds the lines that have arrived."""

    def __init__(self, descriptor):
        self.descriptor = descriptor
        self.ready = deque()
        self.ended = False
        self._parts = []  # of a line whose end has not arrived

    def fill(self):
        """Read once, which may block; note in `ended` when there is no more."""
        data = os.read(self.descriptor, 65536)
        if not data:
            self.ended = True
            data = b"\n" if self._parts else b""
        if b"\n" not in data:
            self._parts.append(data)
            return
        lines = data.split(b"\n")
        lines[0] = b"".join(self._parts) + lines[0]
        self._parts = [lines.pop()]
        self.ready.extend(lines)
