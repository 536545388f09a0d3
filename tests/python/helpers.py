"""For all tests: run Python and the bridge as real processes."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import threading
import unittest

PACKAGE = os.path.join(os.path.dirname(__file__), "..", "..", "lib", "python")
PACKAGE = os.path.abspath(PACKAGE)


def strict(text):
    """Decode JSON by RFC 8259: NaN and Infinity are errors."""

    def refuse(constant):
        raise ValueError("not JSON: %s" % constant)

    return json.loads(text, parse_constant=refuse)


def environment(**extra):
    kept = {k: v for k, v in os.environ.items() if not k.startswith("FLUXLOOP_")}
    return dict(kept, PYTHONPATH=PACKAGE, **extra)


class FolderCase(unittest.TestCase):
    """A test in a folder of its own, `self.folder`."""

    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def write(self, name, source):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(textwrap.dedent(source))
        return path

    def lines(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return [strict(line) for line in file]

    def python(self, source, **env):
        """Run a program in the folder; return the finished process."""
        return subprocess.run(
            [sys.executable, "-c", textwrap.dedent(source)],
            cwd=self.folder,
            env=environment(**env),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
            timeout=300,
        )


class Run:
    """The result of a bridge: its messages, stderr and exit status."""

    def __init__(self, output, stderr, status):
        self.messages = [strict(line) for line in output.decode("utf-8").splitlines()]
        # each start and end of a call has a time, which never decreases
        self.clocks = [m.pop("clock") for m in self.messages if "clock" in m]
        assert self.clocks == sorted(self.clocks), self.clocks
        self.stderr = stderr.decode("utf-8", "replace")
        self.status = status

    def of(self, kind, identity=None):
        return [
            message
            for message in self.messages
            if message["type"] == kind and identity in (None, message.get("id"))
        ]

    def one(self, kind, identity=None):
        found = self.of(kind, identity)
        assert len(found) == 1, "%d %s messages: %r" % (len(found), kind, self.messages)
        return found[0]

    def observations(self, identity=None):
        return [message["observation"] for message in self.of("observation", identity)]


def call(identity, value="hello", **fields):
    return dict({"type": "input", "id": identity, "input": value}, **fields)


class BridgeCase(FolderCase):
    """A test of the bridge, with the handler's module in h.py."""

    def handler(self, source):
        self.write("h.py", source)

    def start(self, target, *options, **popen):
        command = [sys.executable, "-m", "fluxloop.bridge", *options, target]
        process = subprocess.Popen(
            command,
            cwd=popen.pop("cwd", self.folder),
            env=popen.pop("env", environment()),
            stdin=popen.pop("stdin", subprocess.PIPE),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **popen,
        )
        # Kill a bridge that does not answer, so that no test waits forever.
        watch = threading.Timer(300, process.kill)
        watch.start()
        self.addCleanup(self.reap, process, watch)
        return process

    def reap(self, process, watch):
        watch.cancel()
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                stream.close()

    def run_bridge(self, target, messages, *options, **popen):
        """Send messages (dicts, or bytes as lines) and wait for the exit; return a Run."""
        data = b"".join(
            m if isinstance(m, bytes) else json.dumps(m).encode() + b"\n" for m in messages
        )
        process = self.start(target, *options, **popen)
        output, stderr = process.communicate(data, timeout=300)
        return Run(output, stderr, process.returncode)

    def send(self, process, message):
        process.stdin.write(json.dumps(message).encode() + b"\n")
        process.stdin.flush()

    def read(self, process, kind):
        """Read messages up to the first of a kind, and return it."""
        while True:
            line = process.stdout.readline()
            assert line, "the bridge ended before a message of type %s" % kind
            message = strict(line.decode("utf-8"))
            if message["type"] == kind:
                return message
