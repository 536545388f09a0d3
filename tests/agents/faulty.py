"""A handler that misbehaves at input 3 as the environment variable FAULT says,
and answers "fine N" to other inputs."""

import asyncio
import atexit
import ctypes
import os
import resource
import signal
import subprocess
import sys
import threading
import time

resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def fine(number):
    return "fine " + number


def handle(input):
    return ACTS[os.environ["FAULT"]]() if input == "3" else fine(input)


async def handle_async(input):
    await asyncio.sleep(0)
    if input == "3" and os.environ["FAULT"] == "hang":
        await asyncio.sleep(1000)
    return handle(input)


def raise_(error):
    raise error


def signal_self(number):
    os.kill(os.getpid(), number)
    time.sleep(1000)


def deaf():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(1000)


def busy():
    os.nice(19)
    while True:
        pass


class Stubborn(Exception):
    def __str__(self):
        raise RuntimeError("no text")


def leave_child(session=False, ignores=False):
    if os.fork() == 0:
        if session:
            os.setsid()
        if ignores:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(1000)
    return fine("3")


def fork_and_return():
    """Fork: the child returns from the handler, too, as if it were the agent."""
    os.fork()
    return fine("3")


def leave_thread():
    threading.Thread(target=time.sleep, args=(1000,)).start()
    return fine("3")


def hang_at_exit():
    atexit.register(time.sleep, 1000)
    return fine("3")


def leave_program():
    subprocess.Popen(["sleep", "1000"])
    return fine("3")


def print_much(stream, line, answer=True):
    for _ in range(100):
        stream.write(line * (1000000 // len(line)))
    stream.flush()
    return fine("3") if answer else os._exit(7)


def half():
    os.write(1, b'{"type":"final","outp')
    os._exit(0)


def close(*descriptors):
    for descriptor in descriptors:
        os.close(descriptor)
    return fine("3")


def close_all():
    os.closerange(0, 256)
    return fine("3")


def deep():
    value = []
    for _ in range(100000):
        value = [value]
    return value


def recurse():
    return recurse()


def bad_text():
    return "fine 3 \ud800 \0"


ACTS = {
    "raise": lambda: raise_(ValueError("not three")),
    "raise-no-text": lambda: raise_(Stubborn()),
    "raise-interrupt": lambda: raise_(KeyboardInterrupt()),
    "raise-memory": lambda: raise_(MemoryError()),
    "raise-big": lambda: raise_(ValueError("x" * 10000000)),
    "raise-generator-exit": lambda: raise_(GeneratorExit()),
    "raise-cancelled": lambda: raise_(asyncio.CancelledError()),
    "raise-stop": lambda: raise_(StopIteration()),
    "exit-0": lambda: sys.exit(0),
    "exit-1": lambda: sys.exit(1),
    "os-exit-0": lambda: os._exit(0),
    "os-exit-1": lambda: os._exit(1),
    "kill": lambda: signal_self(signal.SIGKILL),
    "term": lambda: signal_self(signal.SIGTERM),
    "interrupt": lambda: signal_self(signal.SIGINT),
    "stop": lambda: signal_self(signal.SIGSTOP),
    "segfault": lambda: ctypes.string_at(8),
    "abort": os.abort,
    "hang": lambda: time.sleep(1000),
    "deaf": deaf,
    "busy": busy,
    "child": leave_child,
    "child-session": lambda: leave_child(session=True),
    "child-deaf": lambda: leave_child(session=True, ignores=True),
    "fork": fork_and_return,
    "program": leave_program,
    "thread": leave_thread,
    "at-exit": hang_at_exit,
    "stdout-lines": lambda: print_much(sys.stdout, "g" * 99 + "\n"),
    "stdout-one": lambda: print_much(sys.stdout, "g" * 1000),
    "stderr-dies": lambda: print_much(sys.stderr, "g" * 99 + "\n", False),
    "half": half,
    "close-stdout": lambda: close(1),
    "close-stderr": lambda: close(2),
    "close-all": close_all,
    "stdin": lambda: fine("3") + sys.stdin.read(),
    "big": lambda: fine("3") + " " + "x" * 50000000,
    "deep": deep,
    "recurse": recurse,
    "bad-text": bad_text,
}
