"""Handlers for replay.bats, each with an argument of one kind. As a program it
calls them, records the calls, and prints the results: {"target","output"}."""

import asyncio
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import io
import ipaddress
import logging
import re
import sys
import threading
import types
import typing
import urllib.parse

import attr
import fluxloop
import pydantic
from fluxloop.serialize import encode
from pydantic import BaseModel, PrivateAttr
from pydantic.generics import GenericModel

Item = typing.TypeVar("Item")


class Level(enum.IntEnum):
    HIGH = 3


class Mode(enum.Flag):
    READ = 1
    WRITE = 2


class Word(str, enum.Enum):
    YES = "yes"


@dataclasses.dataclass(frozen=True)
class Key:
    name: str
    level: Level = Level.HIGH


class Slotted:
    __slots__ = ("host", "_port")

    def __init__(self, url):
        self.host, port = url.split(":")
        self._port = int(port)

    @property
    def port(self):
        return self._port


@dataclasses.dataclass
class Derived:
    start: int
    factor: dataclasses.InitVar[int]
    total: int = dataclasses.field(init=False)
    log: typing.List[str] = dataclasses.field(default_factory=list)

    def __post_init__(self, factor):
        self.total = self.start * factor


@attr.s(auto_attribs=True, slots=True)
class Attrs:
    when: datetime.date
    _hidden: int = 3

    def hidden(self):
        return self._hidden


class Point(typing.NamedTuple):
    x: int
    y: decimal.Decimal = decimal.Decimal(1)

    def double(self):
        return self.x * 2


class Page(GenericModel, typing.Generic[Item]):
    items: typing.List[Item]
    _calls: int = PrivateAttr(default=1)

    def count(self):
        self._calls += 1
        return self._calls, len(self.items)


class Money(BaseModel):
    amount: decimal.Decimal
    by: typing.Dict[int, Key] = {}


class Account:
    """Its constructor takes other values than it holds, and it holds a lock."""

    def __init__(self, text):
        self._name, self.__secretive = text.split()
        self.lock = threading.Lock()
        self.parent = self

    @property
    def name(self):
        with self.lock:
            return self.parent._name + self.__secretive


class Options(dict):
    def __init__(self, **items):
        super().__init__(items)
        self.source = "cli"

    __getattr__ = dict.__getitem__


Pair = collections.namedtuple("TwoValues", "left right")
Shade = enum.Enum("Hue", "DARK LIGHT")
Made = pydantic.create_model("MadeHere", size=(int, 1))


@dataclasses.dataclass
class Tool:
    """Data, though it can be called."""

    name: str
    calls: list = dataclasses.field(default_factory=list)

    def __call__(self, text):
        self.calls.append(text)
        return self.name + text


class Refused(Exception):
    def __init__(self, code, *, detail):
        super().__init__("refused: %d" % code)
        self.code, self.detail = code, detail


class Typed(typing.TypedDict):
    when: datetime.datetime


NEVER = float("nan")
HANDLERS = {}


def kind(*values, **named):
    """Register a handler with the arguments for its call."""

    def register(function):
        HANDLERS[function.__name__] = values, named
        return function

    return register


@kind(Level.HIGH)
def an_int_enum(text, x): return x.name, x + 1

@kind(Mode.READ | Mode.WRITE)
def a_flag(text, x): return Mode.READ in x, (x & ~Mode.READ).name

@kind(Word.YES)
def a_text_enum(text, x): return x.name, x + "!"

@kind({Key("a"): [1], Key("b"): [2]})
def keys_of_dataclasses(text, x): return x[Key("b")]

@kind({(1, "a"): Level.HIGH, None: 2})
def keys_of_tuples(text, x): return x[1, "a"].name, x[None]

@kind(Slotted("h:80"))
def slots(text, x): return x.host, x.port, hasattr(x, "__dict__")

@kind(Derived(2, 3))
def an_init_var(text, x): return x.total, dataclasses.asdict(x)

@kind(Attrs(datetime.date(2025, 1, 2), 5))
def attrs(text, x): return x.when.year, x.hidden(), attr.evolve(x, hidden=6).hidden()

@kind(Point(2))
def a_named_tuple(text, x): return x.double(), x._replace(x=3).x, x.y + 1

@kind(Page[Money](items=[Money(amount="1.50", by={1: Key("k")})]))
def a_generic_model(text, x): return x.count(), x.items[0].by[1].level.name, type(x).__name__, x.dict(exclude_unset=True)

@kind(Account("Ada L"))
def private_attributes(text, x): return x.name, x.parent is x

@kind(Options(verbose=decimal.Decimal(1)))
def a_mapping_with_attributes(text, x): return x.verbose + 1, x.source, isinstance(x, Options)

@kind({"when": datetime.datetime(2025, 1, 2, tzinfo=datetime.timezone.utc)})
def a_typed_dict(text, x: Typed): return x["when"].utcoffset().total_seconds()

@kind(datetime.timedelta(days=-1, seconds=3), datetime.time(3, 4))
def times(text, x, y): return x.total_seconds(), y.minute

@kind(collections.deque([1, 2], maxlen=2), collections.Counter("aab"))
def collections_of_all_kinds(text, x, y):
    x.append(3)
    return list(x), y.most_common(1), y["z"]

@kind(collections.defaultdict(list, a=[1]), collections.OrderedDict([("b", 1), ("a", 2)]))
def ordered_and_default(text, x, y):
    x["new"].append(text)
    y.move_to_end("b")
    return x["new"], list(y)

@kind(NEVER, float("-inf"), 2**70)
def numbers(text, x, y, z): return x != x, y < 0, z % 1000

@kind(fractions.Fraction(1, 3), 2 - 1j, range(0, 9, 3))
def other_numbers(text, x, y, z): return x.denominator, y.imag, list(z)

@kind(bytearray(b"ab\xff"), frozenset({b"x"}), io.BytesIO(b"file"))
def octets(text, x, y, z):
    x.append(1)
    return x.hex(), b"x" in y, z.read().decode()

@kind(ValueError("bad", 3))
def an_exception(text, x):
    try:
        raise x
    except ValueError as error:
        return error.args

@kind(Refused(4, detail=decimal.Decimal(2)), [KeyError("k"), UnicodeError("u")])
def own_exceptions(text, x, y): return str(x), x.code, x.detail + 1, repr(y)

@kind(Pair(1, Shade.DARK), Made(size=3))
def classes_of_other_names(text, x, y):
    return x.left, x.right is Shade.DARK, isinstance(x, Pair), y.size, type(y) is Made

@kind(Tool("a"), [Tool("b", ["c"])])
def data_that_can_be_called(text, x, y): return x(text), y[0](text), y[0].calls

@kind(re.compile("a+", re.I), ipaddress.ip_network("10.0.0.0/8"), urllib.parse.urlsplit("http://a:1/b"))
def library_values(text, x, y, z):
    return bool(x.match("A")), ipaddress.ip_address("10.1.1.1") in y, z.port

@kind(types.SimpleNamespace(a={1: (2,)}), logging.getLogger("some.name"))
def namespaces(text, x, y): return x.a[1][0], y.name

@kind("<callable:not one>", "<repr:nothing>")
def texts_like_marks(text, x, y): return x, y

@kind([{"a": (Point(1), {Key("k"): {Level.HIGH}})}])
def nested(text, x): return x[0]["a"][0].double(), Level.HIGH in x[0]["a"][1][Key("k")]

@kind(asyncio.Queue(), threading.Lock())
async def queues_and_locks(text, x, y):
    with y:
        await x.put(text)
    return await x.get()


def main():
    fluxloop.configure(record_args=True, recording_file=sys.argv[1])
    for name, (values, named) in HANDLERS.items():
        function = globals()[name]
        kwargs = dict(zip("xyz", values), text="hello", **named)
        fluxloop.record_call_args("typed:" + name, **kwargs)
        result = function(**kwargs)
        if asyncio.iscoroutine(result):
            result = asyncio.run(result)
        print('{"target":"typed:%s","output":%s}' % (name, encode(result).decode()))


if __name__ == "__main__":
    main()
