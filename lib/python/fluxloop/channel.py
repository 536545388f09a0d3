"""The two ends of the agent protocol: lines out, lines in."""

import os
from _collections import deque  # where `collections` takes it from, which is slow to load
from _thread import RLock


class Channel:
    """The protocol's output: whole lines (bytes), from whichever thread.

    Once the reader is gone `broken` is set and lines are dropped: a handler
    that still runs must not stumble over it.
    """

    def __init__(self, descriptor):
        self.descriptor = descriptor
        self.lock = RLock()
        self.broken = False
        self._lines = []
        # Keeps a line until the next flush. One list for ever, so that this
        # needs no lock.
        self.put = self._lines.append

    def send(self, line):
        """Write a line now, after those that were kept."""
        self.put(line)
        self.flush()

    def flush(self):
        with self.lock:
            lines = self._lines[:]
            if not lines:
                return
            del self._lines[: len(lines)]
            if not self.broken:
                self._write(b"".join(lines))

    def abandon(self):
        """Drop everything from now on: in a forked child the stream is not ours."""
        self.broken, self.lock = True, RLock()
        self._lines.clear()

    def _write(self, data):
        while True:
            try:
                written = os.write(self.descriptor, data)
            except BlockingIOError:
                from select import select

                select((), (self.descriptor,), ())
                continue
            except OSError:
                self.broken = True
                return
            if written == len(data):
                return
            data = memoryview(data)[written:]


class Reader:
    """The protocol's input: `ready` holds the lines that have arrived, as
    text, or as bytes where they are no UTF-8."""

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
            if self._parts:
                data = b"\n"
        end = data.rfind(b"\n")
        if end < 0:
            self._parts.append(data)
            return
        self._parts.append(data[:end])
        lines = b"".join(self._parts)
        self._parts = [data[end + 1 :]] if end + 1 < len(data) else []
        try:
            self.ready.extend(lines.decode("utf-8").split("\n"))
        except UnicodeDecodeError:
            self.ready.extend(map(_text, lines.split(b"\n")))


def _text(line):
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line
