"""The two ends of the agent protocol: lines out, lines in."""

import os
from _collections import deque  # where `collections` takes it from, which is slow to load
from _thread import RLock, allocate_lock, start_new_thread
from time import monotonic, sleep

# Lines wait until there are so many bytes of them, or the oldest is so old.
BATCH = 32768
SECONDS = 0.01


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
        self._size = 0  # of those that `keep` has
        self._written = 0.0  # when lines were last written
        self._alarm = None  # a lock that the thread waits for
        self._alarmed = False

    def send(self, line):
        """Write a line now, after those that were kept."""
        self.put(line)
        self.flush()

    def keep(self, line):
        """Keep a line until the next flush, which comes by itself: soon when
        many wait, at once when the last was some time ago. So of a handler
        that crashes only the last of a quick succession can be lost."""
        with self.lock:
            self.put(line)
            self._size += len(line)
            if self._size >= BATCH or monotonic() - self._written > SECONDS:
                self.flush()
            elif not self._alarmed:
                self._set_alarm()

    def flush(self):
        with self.lock:
            lines = self._lines[:]
            if not lines:
                return
            del self._lines[: len(lines)]
            self._size = 0
            if not self.broken:
                self._write(b"".join(lines))
            self._written = monotonic()

    def abandon(self):
        """Drop everything from now on: in a forked child the stream is not ours."""
        self.broken, self.lock = True, RLock()
        self._lines.clear()
        self._alarmed = True  # there is no thread here

    def _set_alarm(self):
        """Have what waits written in a moment, by a thread that does nothing
        else, and is started for the first time when it is needed."""
        try:
            if self._alarm is None:
                self._alarm = allocate_lock()
                self._alarm.acquire()
                start_new_thread(self._write_late, ())
            else:
                self._alarm.release()
            self._alarmed = True  # last: a signal may end this anywhere
        except RuntimeError:  # there can be no more threads
            self._alarm = None
            self.flush()

    def _write_late(self):
        while True:
            sleep(SECONDS)
            with self.lock:
                self._alarmed = False
                self.flush()
            self._alarm.acquire()

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
