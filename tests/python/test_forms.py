"""Values of all types are recorded, and rebuilt from what was written."""

import argparse
import array
import collections
import contextlib
import dataclasses
import datetime
import decimal
import enum
import fractions
import inspect
import io
import ipaddress
import json
import logging
import math
import os
import pathlib
import queue
import re
import sys
import tempfile
import textwrap
import threading
import time
import types
import typing
import unittest
import urllib.parse
import uuid

import fluxloop
from fluxloop.rebuild import Classes, RebuildError
from fluxloop.replay import Replay
from helpers import FolderCase

UTC = datetime.timezone.utc


class Tier(enum.Enum):
    GOLD = "gold"
    PAIR = (1, 2)


class Level(enum.IntEnum):
    HIGH = 3


class Word(str, enum.Enum):
    YES = "yes"


class Mode(enum.Flag):
    READ = 1
    WRITE = 2


@dataclasses.dataclass
class Money:
    amount: decimal.Decimal
    currency: str = "EUR"

    def text(self):
        return "%s %s" % (self.amount, self.currency)


@dataclasses.dataclass(frozen=True)
class Frozen:
    when: datetime.datetime
    money: Money
    tags: tuple = ()


@dataclasses.dataclass
class Derived:
    start: int
    factor: dataclasses.InitVar[int] = 2
    total: int = dataclasses.field(init=False)
    seen: list = dataclasses.field(default_factory=list)

    def __post_init__(self, factor):
        self.total = self.start * factor


class Plain:
    """Its constructor takes something else than its attributes."""

    def __init__(self, url, when):
        self.__url = url
        self._when = when
        self.calls = 0

    @property
    def url(self):
        return self.__url

    def __eq__(self, other):
        return type(self) is type(other) and vars(self) == vars(other)


class Slots:
    __slots__ = ("host", "_port", "unset")

    def __init__(self):
        self.host, self._port = "h", decimal.Decimal(5)

    def __eq__(self, other):
        return (self.host, self._port) == (other.host, other._port)


class Both(Slots):
    def __init__(self):
        super().__init__()
        self.more = {1}


class Picky:
    """It cannot be made by calling it, or without arguments."""

    def __new__(cls, token):
        raise RuntimeError("not twice")

    def __eq__(self, other):
        return vars(self) == vars(other)


class Point(typing.NamedTuple):
    x: int
    y: decimal.Decimal = decimal.Decimal(0)

    def norm(self):
        return self.x * self.x


Old = collections.namedtuple("Old", "a b")


class Text(str):
    """A text that knows its language."""

    language = None


class Attributes(dict):
    __getattr__ = dict.__getitem__


class Session(dict):
    def __init__(self, user):
        super().__init__(a=1)
        self.user = user
        self.since = datetime.date(2025, 1, 2)


class Failure(Exception):
    def __init__(self, code, place):
        super().__init__("code %d" % code)
        self.code, self.place = code, place


class Node:
    def __init__(self, name, parent=None):
        self.name, self.parent, self.children = name, parent, []


class Tool:
    """An object of the program that holds what is not data."""

    def __init__(self):
        self.name = "t"
        self.lock = threading.Lock()
        self.generator = (n for n in "abc")
        self.file = sys.stderr
        self._on_end = print


class Typed(typing.TypedDict):
    when: datetime.datetime


def shown(value):
    if isinstance(value, (set, frozenset)):
        # equal ones may have another order
        return "%s of %s" % (type(value).__name__, sorted(map(repr, value)))
    try:
        return repr(value)[:200]
    except ValueError:  # a number with too many digits
        return hex(value)[:200]


def moment(**kwargs):
    return datetime.datetime(2025, 1, 2, 3, 4, 5, 6, **kwargs)


def made(kind, **attributes):
    value = object.__new__(kind)
    value.__dict__.update(attributes)
    return value


class RebuildCase(FolderCase):
    def setUp(self):
        super().setUp()
        self.addCleanup(fluxloop.reset_config)
        fluxloop.enable_recording(self.path("args.jsonl"))

    def recorded(self, **kwargs):
        fluxloop.record_call_args("test_forms:f", **kwargs)
        return self.lines("args.jsonl")[-1]

    def rebuilt(self, record, function=None, revive=None, callables=(), **more):
        """Return the arguments that a replay makes of a recording, and what its
        callables were called with."""
        calls = []

        def collector(name, kind, asynchronous):
            return lambda *args: calls.append((name, kind) + args)

        replay = Replay(function or (lambda **kwargs: None), Classes(sys.modules[__name__]), revive)
        kwargs = json.loads(json.dumps(record["kwargs"]))
        replay.arguments(kwargs, dict(record, **more), dict(callables), collector)
        self.calls = calls
        return kwargs

    def again(self, value, **more):
        return self.rebuilt(self.recorded(value=value), **more)["value"]

    def refusal(self, record, **more):
        with self.assertRaises(RebuildError) as caught:
            self.rebuilt(record, **more)
        return str(caught.exception)


class ValueTest(RebuildCase):
    VALUES = [
        b"",
        b"\x89PNG\r\n" + bytes(300),
        bytearray(b"ab\xff"),
        memoryview(b"view"),
        moment(),
        moment(tzinfo=UTC),
        moment(tzinfo=datetime.timezone(datetime.timedelta(hours=-5, minutes=-30))),
        moment(tzinfo=datetime.timezone(datetime.timedelta(hours=1), "X")),
        moment(fold=1),
        datetime.date(2025, 1, 2),
        datetime.time(3, 4, 5, 6),
        datetime.time(3, tzinfo=UTC, fold=1),
        datetime.timedelta(days=-1, microseconds=1),
        UTC,
        datetime.timezone(datetime.timedelta(hours=2), "there"),
        decimal.Decimal("12.30"),
        decimal.Decimal("1E+3"),
        fractions.Fraction(1, 3),
        uuid.UUID(int=7),
        pathlib.Path("/tmp/x.txt"),
        pathlib.PurePosixPath("a/b"),
        pathlib.PureWindowsPath("c:\\a"),
        Tier.GOLD,
        Tier.PAIR,
        Level.HIGH,
        Word.YES,
        Mode.READ | Mode.WRITE,
        {"a", "b"},
        frozenset({1, (2, 3)}),
        {Tier.GOLD, moment()},
        set(),
        (1, (2, [3])),
        (),
        1j,
        complex(-0.0, math.inf),
        range(1, 9, 2),
        slice(None, 3),
        ...,
        collections.deque([1, moment()], maxlen=3),
        collections.OrderedDict([("b", 1), ("a", 2)]),
        collections.Counter("hello"),
        collections.Counter({moment(): 2, Tier.GOLD: 1}),
        collections.defaultdict(list, a=[1]),
        collections.ChainMap({"a": 1}, {2: 3}),
        collections.UserDict(a=moment()),
        types.MappingProxyType({"a": 1}),
        types.SimpleNamespace(a=1, b=moment()),
        argparse.Namespace(verbose=True),
        array.array("d", [1.5, 2]),
        {1: "one", 2: {"3": 4, 5: 6}},
        {1: "one", "1": "text"},
        {True: 1, None: 2, 1.5: 3},
        {(1, 2): moment()},
        {b"key": 1, b"\xff": 2},
        {"a": 1}.keys(),
        {"a": (1,)}.items(),
        {frozenset({Tier.GOLD}): 1},
        {moment(), Tier.GOLD, (1, "a"), "b", b"c"},
        {Tier.GOLD: 1},
        {Level.HIGH: {Level.HIGH: 1}},
        {Word.YES: 1, "no": 2},
        {uuid.UUID(int=1): 1},
        {moment(): 1, moment(tzinfo=UTC): 2},
        {datetime.date(2025, 1, 2): 1},
        {Frozen(moment(), None): 1},
        {1.5: decimal.Decimal(1)},
        {"a.b": decimal.Decimal(1), "a": {"b": moment()}, "": {"": b"x"}},
        {"a.b": {"c": moment()}, "a.b.c": b"x"},
        {"0": {1}, "-1": (2,)},
        math.inf,
        -math.inf,
        10**5000,
        -(2**70),
        Money(decimal.Decimal("1.5")),
        Frozen(moment(tzinfo=UTC), Money(decimal.Decimal(2), "USD"), ("a", Tier.GOLD)),
        [Money(decimal.Decimal(n)) for n in range(3)],
        {"a": {"b": [Money(decimal.Decimal(1))]}},
        Derived(3, 5),
        Plain("http://x", moment()),
        Slots(),
        Both(),
        made(Picky, a=(1,)),
        Point(1),
        Point(1, decimal.Decimal(2)),
        Old([1], {2}),
        [Old(1, Point(2))],
        Attributes(a={"b": moment()}),
        ipaddress.ip_address("127.0.0.1"),
        ipaddress.ip_network("10.0.0.0/8"),
        ipaddress.ip_interface("fe80::1/64"),
        urllib.parse.urlsplit("http://a/b?c"),
        re.compile("a+", re.I),
        re.compile(b"a"),
        logging.getLogger("some.name"),
        {"when": moment()},
        "<callable:not one>",
        "<repr:not one>",
        "***",
        "\ud800",
        None,
        True,
        time.gmtime(0),
        [[[[(1,)]]]],
    ]

    def test_values_come_back_equal_and_of_their_types(self):
        for value in self.VALUES:
            with self.subTest(shown(value)):
                found = self.again(value)
                self.assertIs(type(found), type(value))
                self.assertEqual(found, value)
                if " at 0x" not in shown(value):
                    self.assertEqual(shown(found), shown(value))

    def test_all_of_them_come_back_from_one_call(self):
        kwargs = {"v%d" % n: value for n, value in enumerate(self.VALUES)}
        self.assertEqual(self.rebuilt(self.recorded(**kwargs)), kwargs)

    def test_nan_is_not_a_number(self):
        self.assertTrue(math.isnan(self.again([math.nan])[0]))

    @unittest.skipIf(sys.version_info < (3, 9), "zoneinfo is of Python 3.9")
    def test_a_zone_keeps_its_name(self):
        from zoneinfo import ZoneInfo

        zone = ZoneInfo("UTC")
        found = self.again(moment(tzinfo=zone))
        self.assertEqual((found, found.tzinfo), (moment(tzinfo=zone), zone))
        self.assertIs(self.again(zone), zone)

    def test_subclasses_keep_their_attributes(self):
        text = Text("bonjour")
        text.language = Tier.GOLD
        found = self.again(text)
        self.assertEqual((found, type(found), found.language), ("bonjour", Text, Tier.GOLD))
        found = self.again(Session(Plain("u", None)))
        self.assertEqual((dict(found), type(found)), ({"a": 1}, Session))
        self.assertEqual((found.user, found.since), (Plain("u", None), datetime.date(2025, 1, 2)))

    def test_exceptions_come_back(self):
        found = self.again(Failure(3, moment()))
        self.assertEqual((str(found), found.code, found.place), ("code 3", 3, moment()))
        self.assertEqual(self.again(KeyError("k")).args, ("k",))
        self.assertEqual(self.again(OSError(2, "gone")).errno, 2)

    def test_methods_and_properties_work(self):
        self.assertEqual(self.again(Money(decimal.Decimal("1.50"))).text(), "1.50 EUR")
        self.assertEqual(self.again(Plain("u", None)).url, "u")
        self.assertEqual(self.again(Point(3)).norm(), 9)
        self.assertEqual(self.again(collections.defaultdict(list))["new"], [])

    def test_streams_in_memory_keep_their_position(self):
        stream = io.BytesIO(b"abc\xff")
        stream.read(1)
        self.assertEqual(self.again(stream).read(), b"bc\xff")
        self.assertEqual(self.again(io.StringIO("text")).read(), "text")

    def test_each_call_gets_objects_of_its_own(self):
        record = self.recorded(value=Money(decimal.Decimal(1)), lock=[Tool()])
        first, second = self.rebuilt(record), self.rebuilt(record)
        self.assertIsNot(first["value"], second["value"])
        self.assertIsNot(first["lock"][0].lock, second["lock"][0].lock)

    def test_cycles_and_parents_come_back(self):
        root = Node("root")
        root.children = [Node("a", root), Node("b", root)]
        found = self.again(root)
        self.assertIs(found.children[1].parent, found)
        self.assertEqual([child.name for child in found.children], ["a", "b"])
        ring = [1]
        ring.append({"ring": ring})
        found = self.again(ring)
        self.assertIs(found[1]["ring"], found)

    def test_many_and_deep_and_large_values_come_back(self):
        many = [Money(decimal.Decimal(n)) for n in range(5000)]
        self.assertEqual(self.again(many), many)
        deep = (1,)
        for _ in range(80):
            deep = (deep,)
        self.assertEqual(self.again(deep), deep)
        large = bytes(range(256)) * 40000
        self.assertEqual(self.again(large), large)


class ToolTest(RebuildCase):
    def test_what_is_not_data_is_noted_by_its_class_and_not_walked(self):
        values = {
            "lock": threading.Lock(),
            "generator": (n for n in "abc"),
            "file": sys.stderr,
            "logger": logging.LoggerAdapter(logging.getLogger("x"), {}),
            "task": queue.SimpleQueue(),
            "module": json,
            "thing": object(),
            "stack": contextlib.ExitStack(),
            "frame": inspect.currentframe(),
        }
        record = self.recorded(**values)
        self.assertEqual(record["kwargs"]["lock"], "<repr:_thread.lock>")
        self.assertEqual(record["kwargs"]["generator"], "<repr:generator>")
        self.assertEqual(set(record["objects"]), set(values))
        self.assertEqual(record["types"], {})
        self.assertNotIn("0x", json.dumps(record))

    def test_locks_and_queues_are_made_anew(self):
        for value in (threading.Lock(), threading.RLock(), threading.Event(), queue.Queue()):
            found = self.again(value)
            self.assertIs(type(found), type(value))
            self.assertIsNot(found, value)

    def test_an_argument_that_is_not_data_is_refused_with_path_class_and_remedy(self):
        error = self.refusal(self.recorded(data={"items": [(n for n in "abc")]}))
        for part in ('"data.items.0"', "generator", "callable_providers", "replay_args.set", "revive"):
            self.assertIn(part, error)

    def test_an_attribute_that_is_not_data_is_refused_when_it_is_used(self):
        found = self.again(Tool())
        self.assertEqual(found.name, "t")
        with found.lock:
            pass
        with self.assertRaises(AttributeError) as caught:
            found.file.write("x")
        self.assertIn("value.file.write", str(caught.exception))

    def test_providers_give_methods(self):
        record = self.recorded(socket=sys.stderr, money=Money(decimal.Decimal(1)), data={"a": 1}, s=Slots())
        callables = {"socket.send": "send", "money.pay": "send", "data.log": "error", "s.host": "send"}
        callables["socket.app.state.close"] = "send"
        found = self.rebuilt(record, callables=callables)
        found["socket"].send(1)
        found["socket"].app.state.close(2)
        found["money"].pay(3)
        found["data"].log(4)
        found["s"].host(5)
        self.assertEqual([call[2] for call in self.calls], [1, 2, 3, 4, 5])
        self.assertIsInstance(found["socket"], io.TextIOWrapper)
        self.assertEqual((found["money"].text(), found["data"]["a"]), ("1 EUR", 1))

    def test_the_configuration_can_give_attributes(self):
        record = self.recorded(file=sys.stderr)
        record["kwargs"]["file"] = {"name": "f", "info": {"size": 3}}
        found = self.rebuilt(record, replaced=["file"], callables={"file.write": "send"})["file"]
        found.write("x")
        self.assertEqual((found.name, found.info["size"], len(self.calls)), ("f", 3, 1))
        self.assertIsInstance(found, io.TextIOWrapper)

    def test_an_argument_that_was_not_recorded_gets_methods(self):
        def handler(text, ws: Slots):
            pass

        found = self.rebuilt(self.recorded(text="x"), handler, callables={"ws.send": "send"})
        found["ws"].send("y")
        self.assertEqual(self.calls, [("ws.send", "send", "y")])
        self.assertIsInstance(found["ws"], Slots)

    def test_a_class_is_a_value_too(self):
        values = [Money, Tier, list, ValueError]
        self.assertEqual(self.again(values), values)
        import subprocess

        self.assertIn("not data", self.refusal(self.recorded(value=subprocess.Popen)))

    def test_a_recording_does_not_make_objects_of_tools(self):
        record = {"kwargs": {"value": {"a": 1}}, "objects": {"value": "subprocess.Popen"}, "types": {}}
        self.assertIn("its objects are not data", self.refusal(record))

    def test_a_recording_does_not_run_programs_by_importing_them(self):
        for name in ("unittest.__main__.A", "antigravity.A", "idlelib.idle.A", "venv.__main__.A"):
            record = {"kwargs": {"value": {"a": 1}}, "objects": {"value": name}, "types": {}}
            with self.subTest(name):
                module = name[: name.index(".A")]
                self.assertIn('importing "%s" would run it' % module, self.refusal(record))
                self.assertNotIn(module, sys.modules)

    def test_a_module_that_ends_the_program_is_an_error_of_its_argument(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "ends_at_once.py"), "w") as file:
                file.write("raise SystemExit(3)\n")
            sys.path.insert(0, folder)
            try:
                record = {"kwargs": {"value": {}}, "objects": {"value": "ends_at_once.A"}, "types": {}}
                self.assertIn('importing "ends_at_once" raised SystemExit', self.refusal(record))
            finally:
                sys.path.remove(folder)

    def test_revive_builds_what_nothing_else_can(self):
        def revive(path, name, value):
            return (path, name, value) if path == "a" else NotImplemented

        record = self.recorded(a=(n for n in "abc"))
        self.assertEqual(self.rebuilt(record, revive=revive)["a"], ("a", "generator", "<repr:generator>"))
        self.assertIn('"b"', self.refusal(self.recorded(b=sys.stderr), revive=revive))

    def test_nothing_of_a_value_is_run(self):
        class Hostile:
            __slots__ = ("x", "__dict__")

            def __init__(self):
                self.x = 1

            def fail(self, *args):
                raise BaseException("run")

            __repr__ = __str__ = __getattr__ = __eq__ = __hash__ = __len__ = __iter__ = fail
            __lt__ = __gt__ = __bool__ = __reduce_ex__ = __getstate__ = __fspath__ = keys = items = fail
            name = property(fail)
            __class__ = property(fail)
            model_dump = dict = isoformat = property(fail)

        class Callable(Hostile):
            __call__ = Hostile.fail

        class Member(Hostile):
            __hash__ = object.__hash__

        record = self.recorded(value=Hostile(), back=Callable(), all={Member(), Member()})
        expected = {"value": {"x": 1}, "back": "<callable:Callable>", "all": [{"x": 1}, {"x": 1}]}
        self.assertEqual(record["kwargs"], expected)


class RefusalTest(RebuildCase):
    def change(self, value, old, new):
        record = self.recorded(value=value)
        return json.loads(json.dumps(record).replace(old, new))

    def test_what_has_changed_since_is_named(self):
        self.write("broken.py", "raise OSError('no disk')\n")
        sys.path.insert(0, self.folder)
        self.addCleanup(sys.path.remove, self.folder)
        cases = [
            (Tier.GOLD, '"gold"', '"silver"', "'silver' is not a valid Tier"),
            (Tier.PAIR, "PAIR", "TRIPLE", "TRIPLE"),
            (Tier.GOLD, "Tier", "Tie", 'did you mean "Tier"?'),
            (Tier.GOLD, "test_forms.", "nowhere.", 'there is no module "nowhere"'),
            (Money(decimal.Decimal(1)), "Money", "Monney", 'did you mean "Money"?'),
            (Money(decimal.Decimal(1)), '"amount"', '"sum"', 'its field "amount" was not recorded'),
            (Money(decimal.Decimal("1.0")), '"1.0"', '"one"', "InvalidOperation"),
            (b"abc", "YWJj", "YWJ", "Incorrect padding"),
            (moment(), "2025-01", "2025-91", "ValueError"),
            (Slots(), "Slots", "moment", "not a class"),
            (Tier.GOLD, "test_forms.", "broken.", 'importing "broken" raised OSError: no disk'),
        ]
        for value, old, new, text in cases:
            with self.subTest(text):
                error = self.refusal(self.change(value, old, new))
                self.assertIn(text, error)
                self.assertIn('argument "value', error)
                self.assertIn("record the call again", error)

    def test_a_class_inside_a_function_is_named(self):
        class Local:
            pass

        error = self.refusal(self.recorded(value=Local()))
        self.assertIn("inside a function", error)
        self.assertIn("Local", error)

    def test_a_replaced_value_is_taken_as_it_is(self):
        record = self.recorded(tool=sys.stderr, blob=b"x", tier=Tier.GOLD, when=moment(), m=Money(1))
        record["kwargs"].update(tool=None, blob="text", tier="PAIR", when=None, m={"amount": 5})
        found = self.rebuilt(record, replaced=["tool", "blob", "tier", "when", "m"])
        expected = {"tool": None, "blob": b"text", "tier": Tier.PAIR, "when": None, "m": Money(5)}
        self.assertEqual(found, expected)


class MainTest(FolderCase):
    def test_a_class_of_the_script_is_found_under_the_scripts_name(self):
        source = """
            import dataclasses, fluxloop
            @dataclasses.dataclass
            class Msg:
                text: str
            def handle(msg): return type(msg) is Msg and msg.text
            if __name__ == "__main__":
                fluxloop.enable_recording("args.jsonl")
                fluxloop.record_call_args("script:handle", msg=Msg("x"))
        """
        self.write("script.py", source)
        self.write("pack/inner.py", source)
        for words in ("'script.py'", "'-m', 'pack.inner'"):
            run = "import subprocess, sys; subprocess.run([sys.executable, %s], check=True)" % words
            self.assertEqual(self.python(run).returncode, 0)
        replay = """
            import sys, json; sys.path.insert(0, %r)
            from fluxloop.bridge import main
            sys.exit(main(["--replay", %r]))
        """
        record = self.lines("args.jsonl")[1]
        request = dict(record, type="input", id=1, input=None)
        for folder, target in ((".", "pack.inner:handle"), ("pack", "inner:handle"), (".", "pack/inner.py:handle")):
            self.write("call.json", json.dumps(request) + "\n")
            run = "import subprocess, sys; sys.exit(subprocess.call([sys.executable, '-c', %r], stdin=open('call.json')))"
            done = self.python(run % textwrap.dedent(replay % (self.path(folder), target)))
            self.assertIn('"output":true', done.stdout.replace(': "x"', ":true").replace(':"x"', ":true"), done.stderr)
        names = [record["objects"]["msg"] for record in self.lines("args.jsonl")]
        self.assertEqual(names, ["script.Msg", "pack.inner.Msg"])


if __name__ == "__main__":
    unittest.main()
