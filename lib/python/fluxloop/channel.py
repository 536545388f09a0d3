"""The two streams of the agent protocol: lines out, lines in."""

import os
from _collections import deque  # `collections` is slow to load
from _thread import RLock, allocate_lock, start_new_thread
from time import monotonic, sleep

# Queued lines are written when they fill BATCH bytes, or after SECONDS.
BATCH = 32768
SECONDS = 0.01


class Channel:
    """The protocol's output: whole lines (bytes), from any thread.

    After a write error, such as a closed pipe, `broken` is set and further lines
    are discarded: a handler that is still running gets no exception.
    """

    def __init__(self, descriptor):
        self.descriptor = descriptor
        self.lock = RLock()
        self.broken = False
        self._lines = []
        # Queues a line until the next flush. It needs no lock, since the list is
        # never replaced.
        self.put = self._lines.append
        self._size = 0  # bytes of the lines that `send_soon` queued
        self._written = 0.0  # monotonic time of the last write, in seconds
        self._alarm = None  # the lock that the late writer waits for
        self._alarmed = False  # the late writer will flush

    def send(self, line):
        """Write the queued lines and this one now."""
        self.put(line)
        self.flush()

    def send_soon(self, line):
        """Queue a line and have it written within SECONDS, or at once if BATCH bytes
        are queued or the last write is SECONDS ago. So a crash of the handler loses
        at most the lines of its last SECONDS."""
        with self.lock:
            self.put(line)
            self._size += len(line)
            if self._size >= BATCH or monotonic() - self._written > SECONDS:
                self.flush()
            elif not self._alarmed:
                self._set_alarm()

    def flush(self):
        """Write the queued lines now."""
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
        """Discard all lines from now on: a forked child must not write to the stream."""
        self.broken, self.lock = True, RLock()
        self._lines.clear()
        self._alarmed = True  # a forked child has no late writer

    def _set_alarm(self):
        """Have the late writer, a thread, flush after SECONDS. Start it if it does not
        run yet."""
        try:
            if self._alarm is None:
                self._alarm = allocate_lock()
                self._alarm.acquire()
                start_new_thread(self._write_late, ())
            else:
                self._alarm.release()
            self._alarmed = True  # last, since a signal handler may raise above
        except RuntimeError:  # no thread can be started
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
    """The protocol's input. `ready` holds the lines that have arrived, without
    their newlines: str, or bytes if they are not UTF-8."""

    def __init__(self, descriptor):
        self.descriptor = descriptor
        self.ready = deque()
        self.ended = False  # the input has ended
        self._parts = []  # an incomplete line

    def fill(self):
        """Read once, which may block. Sets `ended` at the end of the input."""
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
