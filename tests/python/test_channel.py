import os
import sys
import threading
import time
import unittest

from fluxloop import channel
from fluxloop.channel import Channel, Reader


class Recorded(Channel):
    """A channel that keeps its data instead of writing it."""

    def __init__(self):
        super().__init__(-1)
        self.writes = []
        self.wrote = threading.Event()

    def _write(self, data):
        self.writes.append(data)
        self.wrote.set()

    def lines(self):
        return b"".join(self.writes).split(b"\n")[:-1]


class ChannelTest(unittest.TestCase):
    def setUp(self):
        self.addCleanup(setattr, channel, "SECONDS", channel.SECONDS)
        channel.SECONDS = 600.0  # no line is written because of its age
        self.channel = Recorded()
        self.channel.send(b"first\n")

    def test_send_writes_the_queued_lines_first(self):
        for n in range(5):
            self.channel.send_soon(b"%d\n" % n)
        self.channel.put(b"put\n")
        self.assertEqual(self.channel.writes, [b"first\n"])
        self.channel.send(b"sent\n")
        self.assertEqual(self.channel.writes[1:], [b"0\n1\n2\n3\n4\nput\nsent\n"])
        self.channel.flush()
        self.assertEqual(len(self.channel.writes), 2)

    def test_a_full_batch_is_written_at_once(self):
        line = b"x" * 999 + b"\n"
        for _ in range(1000):
            self.channel.send_soon(line)
        sizes = {len(data) for data in self.channel.writes[1:]}
        self.assertEqual(sizes, {-(-channel.BATCH // 1000) * 1000})

    def test_queued_lines_are_written_after_a_moment_every_time(self):
        channel.SECONDS = 0.01
        for n in range(5):
            self.channel.flush()
            self.channel._written = time.monotonic() + 600  # as if written just now
            self.channel.wrote.clear()
            self.channel.send_soon(b"%d\n" % n)
            self.assertTrue(self.channel.wrote.wait(300))
        self.assertEqual(self.channel.lines(), [b"first", b"0", b"1", b"2", b"3", b"4"])

    def test_after_a_pause_a_line_is_written_at_once(self):
        self.channel._written = time.monotonic() - 601
        self.channel.send_soon(b"a\n")
        self.channel.send_soon(b"b\n")
        self.assertEqual(self.channel.writes[1:], [b"a\n"])

    def test_threads_lose_no_line(self):
        self.addCleanup(sys.setswitchinterval, sys.getswitchinterval())
        sys.setswitchinterval(1e-6)
        channel.SECONDS = 0.0001
        count, each = 4, 3000

        def work(number):
            for n in range(each):
                say = (self.channel.send_soon, self.channel.put, self.channel.send)[n % 3]
                say(b"%d %d\n" % (number, n))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.channel.flush()
        found = [tuple(map(int, line.split())) for line in self.channel.lines()[1:]]
        for number in range(count):
            mine = [n for who, n in found if who == number]
            self.assertEqual(mine, list(range(each)))

    def test_if_no_thread_starts_lines_are_written_at_once(self):
        def refuse(*args):
            raise RuntimeError("can't start new thread")

        self.addCleanup(setattr, channel, "start_new_thread", channel.start_new_thread)
        channel.start_new_thread = refuse
        for n in range(3):
            self.channel.send_soon(b"%d\n" % n)
        self.assertEqual(self.channel.lines(), [b"first", b"0", b"1", b"2"])

    def test_a_full_pipe_is_waited_for_and_a_closed_one_discards_lines(self):
        source, sink = os.pipe()
        os.set_blocking(sink, False)
        pipe = Channel(sink)
        data = os.urandom(500000).hex().encode() + b"\n"
        found = []

        def drain():
            while True:
                part = os.read(source, 65536)
                if not part:
                    return
                found.append(part)

        reader = threading.Thread(target=drain)
        reader.start()
        pipe.send(data)
        os.close(sink)
        reader.join()
        self.assertEqual(b"".join(found), data)
        os.close(source)
        self.assertFalse(pipe.broken)
        source, pipe.descriptor = os.pipe()
        os.close(source)
        for _ in range(3):
            pipe.send(data)
        os.close(pipe.descriptor)
        self.assertTrue(pipe.broken)


class ReaderTest(unittest.TestCase):
    def read(self, *pieces):
        """Return the lines that a Reader makes of pieces (bytes)."""
        source, sink = os.pipe()
        reader = Reader(source)
        for piece in pieces:
            os.write(sink, piece)
            reader.fill()
        os.close(sink)
        while not reader.ended:
            reader.fill()
        os.close(source)
        return list(reader.ready)

    def test_lines_come_whole_however_they_arrive(self):
        text = "é1\n\n😀2\r\nlast"
        data = text.encode()
        whole = text.split("\n")
        self.assertEqual(self.read(data), whole)
        for cut in range(1, len(data)):
            self.assertEqual(self.read(data[:cut], data[cut:]), whole)
        self.assertEqual(self.read(*(data[n : n + 1] for n in range(len(data)))), whole)

    def test_a_line_that_is_not_utf8_leaves_the_others_alone(self):
        self.assertEqual(self.read(b"a\n\xff\n\xc3\xa9\n"), ["a", b"\xff", "é"])
        self.assertEqual(self.read(), [])


if __name__ == "__main__":
    unittest.main()
