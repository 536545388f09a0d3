"""The accelerator in C writes what the package writes in Python, byte for byte."""

import dataclasses
import datetime
import decimal
import enum
import gc
import importlib.util
import math
import os
import random
import shutil
import subprocess
import sys
import threading
import types
import unittest
import unittest.mock
import uuid

from fluxloop import serialize
from fluxloop.native import fast
from helpers import PACKAGE, FolderCase, environment, strict

ROUNDS = int(os.environ.get("FAST_ROUNDS", 3000))


def pure_package():
    """Return the module serialize of a second copy of the package, all in Python."""
    spec = importlib.util.spec_from_file_location(
        "pure_fluxloop", os.path.join(PACKAGE, "fluxloop", "__init__.py")
    )
    sys.modules[spec.name] = package = importlib.util.module_from_spec(spec)
    with unittest.mock.patch.dict(os.environ, FLUXLOOP_PURE_PYTHON="1"):
        spec.loader.exec_module(package)
        importlib.import_module("pure_fluxloop.stamps")
        return importlib.import_module("pure_fluxloop.serialize")


pure = pure_package()


class Text(str):
    def __str__(self):
        raise RuntimeError("called")


class Number(int):
    pass


class Real(float):
    pass


class Table(dict):
    pass


class Ordered(list):
    pass


class Level(enum.IntEnum):
    LOW = 1


class Color(str, enum.Enum):
    RED = "red"


class Model:
    def __init__(self, inner):
        self.inner = inner

    def model_dump(self):
        return {"inner": self.inner}


class Broken:
    def __str__(self):
        raise RuntimeError("no")

    __repr__ = __str__


class Deep:
    """Has no end."""

    def model_dump(self):
        return {"next": self, "other": Deep()}


@dataclasses.dataclass
class Point:
    x: object


class Meddler:
    """Changes the container that it is in."""

    def __init__(self, container):
        self.container = container

    def model_dump(self):
        self.container.clear()
        gc.collect()
        return {}


PIECES = (
    "", "a", "plain words ", '"', "\\", "\n", "\r\t", "\b\f", "\x00", "\x1f", "\x7f", "é", "\xff",
    "日本", "😀", "\ud800", "\udfff", "\u2028", "…[cut, 1 entries]", "sk-abcdefghij0123456789",
    "password=hunter2", "Bearer abcdefgh12345678", "x" * 70, "12345678",
)  # fmt: skip
KEYS = ("a", "b", "password", "api_key", "Authorization", "value", "name", 'a"b', "é", "\ud800", "")
SCALARS = (
    None, True, False, 0, -1, 7, 2**62, -(2**63), 2**63 - 1, 2**63, 2**64, 10**300, 2**4095, 2**4096,
    -(2**5000), 0.0, -0.0, 1.5, 1e16, 1e22, 1e-7, 123456789.123, 5e-324, 1.7976931348623157e308,
    math.nan, math.inf, -math.inf,
)  # fmt: skip
OTHERS = (
    b"bytes \xff", bytearray(b"more"), Text("own"), Number(5), Real(2.5), Level.LOW, Color.RED,
    datetime.datetime(2025, 1, 2, 3, 4, 5), datetime.date(2025, 1, 2), datetime.time(3, 4),
    decimal.Decimal("1.10"), uuid.UUID(int=5), Broken(), Broken, len, object, 1 + 2j, range(3), ...,
    frozenset((1, 2)), {"b", "a"}, memoryview(b"x"), types.SimpleNamespace(a=1),
    types.MappingProxyType({"k": 1}),
)  # fmt: skip


class Maker:
    """Makes random values."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def text(self):
        pick = self.random
        return "".join(pick.choice(PIECES) for _ in range(pick.choice((0, 1, 2, 3, 5, 40))))

    def key(self):
        pick = self.random
        if pick.random() < 0.05:
            return pick.choice((1, "1", None, (1, 2), 2.5, Text("own"), b"b", Broken(), True))
        return pick.choice(KEYS) if pick.random() < 0.6 else self.text()

    def scalar(self):
        pick = self.random
        kind = pick.randrange(5)
        if kind == 0:
            return pick.randrange(-(10 ** pick.randrange(1, 30)), 10 ** pick.randrange(1, 30))
        if kind == 1:
            return pick.choice((pick.random(), pick.gauss(0, 1) * 10.0 ** pick.randrange(-300, 300)))
        if kind == 2:
            return pick.choice(SCALARS)
        return self.text()

    def value(self, depth=0, around=()):
        pick = self.random
        kind = pick.randrange(16)
        if depth > 5 or kind < 7:
            return self.scalar()
        if kind == 7:
            return pick.choice(OTHERS)
        if kind == 8 and around:
            return pick.choice(around)  # a cycle
        if kind == 9:
            return Model(self.value(depth + 1, around)) if pick.random() < 0.5 else Point(self.scalar())
        many = pick.choice((0, 1, 2, 3, 8, 20 if depth < 2 else 2))
        if kind < 13:
            made = pick.choice((dict, dict, dict, Table))()
            for _ in range(many):
                made[self.key()] = self.value(depth + 1, around + (made,))
            return made
        made = pick.choice((list, list, Ordered))()
        made.extend(self.value(depth + 1, around + (made,)) for _ in range(many))
        return tuple(made) if kind == 15 else made


@unittest.skipUnless(fast, "the accelerator is not built")
class FastTest(unittest.TestCase):
    def same(self, value, note):
        expected = pure.excerpt(value)
        found = serialize.excerpt(value)
        if found != expected:
            at = len(os.path.commonprefix([found, expected]))
            near = slice(max(0, at - 60), at + 60)
            self.fail("%s: at %d: %r, not %r" % (note, at, found[near], expected[near]))

    def test_the_functions_are_those_in_c(self):
        self.assertIs(serialize.quote, fast.quote)
        self.assertIsNot(pure.quote, fast.quote)
        if sys.version_info >= (3, 9):
            self.assertIs(serialize.excerpt, fast.excerpt)

    def test_random_values_have_the_same_text(self):
        for seed in range(ROUNDS):
            value = Maker(seed).value()
            self.same(value, "seed %d" % seed)

    def test_each_kind_of_value_has_the_same_text(self):
        for value in SCALARS + OTHERS + PIECES:
            for one in (value, [value], (value, value), {"k": value}, {value: 1} if _hashes(value) else 0):
                self.same(one, type(value).__name__)

    def test_texts_have_the_same_text_at_all_lengths_and_places(self):
        for character in list(map(chr, range(256))) + ["日", "😀", "\ud800"]:
            for before in ("", "é" * 64, "日" * 64):
                for length in range(18):
                    for at in range(length + 1):
                        text = before + "x" * at + character + "y" * (length - at)
                        self.assertEqual(fast.quote(text), pure.quote_in_python(text), ascii(text))

    def test_random_values_are_cut_at_the_same_places(self):
        class Tight(pure.Encoder):
            max_depth, max_text, max_items, max_total = 4, 30, 5, 700

        given = (pure.Captured, pure.quote_in_python, pure._cut, pure.too_deep)
        fast.use(Tight, *given)
        try:
            for seed in range(ROUNDS):
                value = Maker(seed).value()
                self.assertEqual(fast.excerpt(value), Tight().encode(value), "seed %d" % seed)
            # a key that is the same as the mark
            value = {"…[cut, 2 entries]" if n == 3 else str(n): n for n in range(7)}
            self.assertEqual(fast.excerpt(value), Tight().encode(value))
        finally:
            fast.use(
                serialize.Encoder,
                serialize.Captured,
                serialize.quote_in_python,
                serialize._cut,
                serialize.too_deep,
            )

    def test_large_values_are_cut_at_the_same_places(self):
        most = serialize.Encoder
        for value in (
            "é" * (most.max_text + 1),
            ["x" * most.max_text] * 20,
            {str(n): "x" * 1000 for n in range(most.max_items + 1)},
            [list(range(most.max_items + 1))] * 12,
            [[]] * 200000,
            {"k" * 100: 1, "l" * (most.max_text + 1): 2},
        ):
            self.same(value, "large")
        for count in (1, 5):
            values = {"name %d" % n: [["x" * most.max_text] * 15] for n in range(count)}
            self.assertEqual(serialize.excerpts(values), pure.excerpts(values))

    def test_cycles_and_deep_values_have_the_same_text(self):
        for depth in (98, 99, 100, 101, 102, 5000):
            value = "end"
            for n in range(depth):
                value = [value] if n % 2 else {"k": value}
            self.same(value, depth)
        loop = []
        loop.extend([loop, {"again": loop}, Model(loop)])
        self.same(loop, "loop")
        self.same(Model(loop), "loop")

    def test_several_values_in_a_dict_have_the_same_text(self):
        for seed in range(ROUNDS // 10):
            maker = Maker(seed)
            values = {"first": maker.value(), "second\"": maker.value(), "é": maker.value()}
            self.assertEqual(serialize.excerpts(values), pure.excerpts(values), seed)
            captured = serialize.capture_all(values)
            self.assertIs(type(captured), serialize.Captured)
            self.assertEqual(captured.json, pure.capture_all(values).json)

    def test_observations_have_the_same_text(self):
        for seed in range(ROUNDS // 10):
            maker = Maker(seed)
            parts = [maker.value(), maker.value()]
            for index, one in enumerate(parts):
                if maker.random.random() < 0.2:
                    parts[index] = None
            parent, trace = maker.random.choice((None, "p", "é")), maker.random.choice(("t", '"'))
            about = (b'"type":"tool"', "START", "END", *parts, b',"level":"info"', parent, trace)
            self.assertEqual(
                serialize.observation("id", *about), pure.observation("id", *about), seed
            )

    def test_the_time_is_the_same(self):
        in_python = sys.modules["pure_fluxloop.stamps"].utc_now
        self.assertIsNot(in_python, fast.utc_now)
        for _ in range(1000):
            times = [in_python(), fast.utc_now(), in_python()]
            self.assertEqual(times, sorted(times))
            self.assertEqual(set(map(len, times)), {32})

    def test_captured_values_have_the_same_text(self):
        for seed in range(ROUNDS // 10):
            value = Maker(seed).value()
            ours, theirs = serialize.capture(value), pure.capture(value)
            if type(theirs) is pure.Captured:
                self.assertIs(type(ours), serialize.Captured)
                self.assertEqual(ours.json, theirs.json)
                self.assertEqual(serialize.excerpt(ours), theirs.json)
                self.assertEqual(serialize.excerpt([ours]), pure.excerpt([theirs]))
            else:
                self.assertIs(ours, theirs)
            self.assertIs(serialize.capture(ours), ours)

    def test_what_changes_a_container_while_it_is_written_does_no_harm(self):
        for make in (
            lambda: [],
            lambda: {},
        ):
            texts = []
            for write in (serialize.excerpt, pure.excerpt):
                container = make()
                many = [Meddler(container), "x" * 300, {"a": "b" * 300}, 5]
                if type(container) is dict:
                    container.update(zip("abcd", many))
                else:
                    container.extend(many)
                del many
                texts.append(write(container))
            self.assertEqual(*texts)

    def test_exceptions_that_are_the_programs_are_raised(self):
        class Stop:
            def model_dump(self):
                raise KeyboardInterrupt

        for value in (Stop(), [1, Stop()], {"a": (Stop(),)}):
            with self.assertRaises(KeyboardInterrupt):
                serialize.excerpt(value)
            with self.assertRaises(KeyboardInterrupt):
                serialize.excerpts({"a": value})
            with self.assertRaises(KeyboardInterrupt):
                serialize.capture(value)

    def test_arguments_of_other_types_are_refused(self):
        for call in (
            lambda: fast.quote(1),
            lambda: fast.excerpts([]),
            lambda: fast.capture_all([]),
            lambda: fast.observation(1),
            lambda: fast.observation(1, b"", "", "", None, None, b"", None, ""),
            lambda: fast.observation("", "", "", "", None, None, b"", None, ""),
            lambda: fast.use(1),
            lambda: fast.use(1, 2, 3, 4, 5),
            lambda: fast.use(type("E", (pure.Encoder,), {"max_depth": 1000}), 2, 3, 4, 5),
        ):
            with self.assertRaises((TypeError, AttributeError, ValueError)):
                call()
        self.same([1], "after that")

    def test_an_endless_object_ends(self):
        limit = sys.getrecursionlimit()
        for value in (Deep(), [Deep()], {"a": [Deep(), 1]}):
            self.same(value, "deep")
        sys.setrecursionlimit(200)
        try:
            strict(serialize.excerpt([{"a": Deep()}]))
        finally:
            sys.setrecursionlimit(limit)

    def test_threads_do_not_disturb_each_other(self):
        value = {"a": [Model({"b": [1, "x" * 50]})] * 5, "c": list(range(50))}
        expected, found = pure.excerpt(value), []

        def work():
            found.append(all(serialize.excerpt(value) == expected for _ in range(300)))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(found, [True] * 4)

    def test_nothing_is_kept(self):
        text, inner = "some text é " * 30, [1, 2.5, {"k": "v"}]
        value = {"text": text, "list": inner, "odd": Model(inner), "bad": "\ud800" * 300}
        long = [None] * (serialize.Encoder.max_items + 1)
        captured = serialize.capture(inner)
        parts = (text, inner, value, captured, serialize.Encoder, serialize.Captured, None)
        endless = Deep()

        def work(times):
            for _ in range(times):
                serialize.excerpt(value)
                serialize.excerpts(value)
                serialize.excerpt(long)
                fast.quote(text)
                fast.quote("\ud800" * 300)
                serialize.capture(value)
                serialize.capture_all(value)
                serialize.observation("i", b"h", "s", "e", captured, value, b"t", None, "x")
                for call in (lambda: fast.quote(1), lambda: fast.observation(1)):
                    try:
                        call()
                    except TypeError:
                        pass

        serialize.excerpt(endless)
        work(100)
        gc.collect()
        before, size = [sys.getrefcount(one) for one in parts], _blocks()
        work(2000)
        gc.collect()
        after = [sys.getrefcount(one) for one in parts]
        for name, old, new in zip(("text", "inner", "value", "captured"), before, after):
            self.assertEqual(old, new, name)
        for old, new in zip(before, after):
            self.assertLess(abs(new - old), 1000)  # one each time would be 2000
        self.assertLess(_blocks() - size, 500)

    def test_memory_does_not_grow(self):
        value = {"text": "é" * 3000, "list": list(range(300)), "odd": [Model(["x" * 3000])]}

        def work():
            for _ in range(2000):
                serialize.excerpts(value)
                serialize.excerpt("\ud800" * 3000)

        work()
        size = _resident()
        for _ in range(3):
            work()
        self.assertLess(_resident() - size, 4 << 20)


def _hashes(value):
    try:
        hash(value)
        return True
    except TypeError:
        return False


def _blocks():
    return sys.getallocatedblocks()


def _resident():
    """Return the bytes of memory that the process has."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class SwitchTest(FolderCase):
    def ask(self, **env):
        program = "from fluxloop import native, serialize; print(native.fast is None); "
        program += "print(serialize.excerpt({'a': ['é', 1]}).decode())"
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=dict(environment(), **env),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.assertEqual(done.stderr, b"")
        return done.stdout.decode().split("\n")

    def test_a_variable_switches_it_off(self):
        self.assertEqual(self.ask(FLUXLOOP_PURE_PYTHON="1"), ["True", '{"a":["é",1]}', ""])

    def test_one_that_cannot_be_loaded_is_not_used(self):
        folder = self.path("share", "fluxloop", "python")
        os.makedirs(self.path("lib", "fluxloop"))
        shutil.copytree(os.path.join(PACKAGE, "fluxloop"), os.path.join(folder, "fluxloop"))
        for content in (b"", b"\x7fELF" + bytes(60), b"text"):
            with open(self.path("lib", "fluxloop", "_fast.abi3.so"), "wb") as file:
                file.write(content)
            with self.subTest(content):
                self.assertEqual(self.ask(PYTHONPATH=folder)[0], "True")


if __name__ == "__main__":
    unittest.main()
